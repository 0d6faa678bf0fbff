"""However a provider says how long to wait, we understand it, and nothing else."""

import json
import math
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.services.providers.retry_after import retry_after_of

NOW = 1_767_225_600.0  # 2026-01-01T00:00:00Z
YEAR = 366 * 86400


def in_seconds(seconds: float) -> datetime:
    return datetime.fromtimestamp(NOW + seconds, UTC)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"Retry-After": " 1.5 "}, 1.5),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "Thu, 01 Jan 2026 00:00:02 GMT"}, 2.0),
        ({"retry-after": "Thursday, 01-Jan-26 00:00:03 GMT"}, 3.0),  # RFC 850
        ({"retry-after": "Thu Jan  1 00:00:04 2026"}, 4.0),  # asctime
        ({"retry-after": "Wed, 31 Dec 2025 23:59:59 GMT"}, 0.0),
        ({"retry-after-ms": "250"}, 0.25),
        ({"x-ms-retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "60"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "60"}, 60.0),
        ({"x-ratelimit-reset-requests": "1s"}, 1.0),
        ({"x-ratelimit-reset-requests": "120ms"}, 0.12),
        ({"x-ratelimit-reset-requests": "6m0s"}, 360.0),
        ({"x-ratelimit-reset-tokens": "2m59.56s"}, 179.56),
        ({"x-ratelimit-reset-tokens": "1h0m1s"}, 3601.0),
        ({"x-ratelimit-reset": "12"}, 12.0),
        ({"x-ratelimit-reset": "1767225605"}, 5.0),
        ({"X-RateLimit-Reset": "1767225605500"}, 5.5),
        ({"ratelimit-reset": "9"}, 9.0),
        ({"anthropic-ratelimit-requests-reset": "2026-01-01T00:00:06Z"}, 6.0),
        ({"anthropic-ratelimit-input-tokens-reset": "2026-01-01T01:00:07+01:00"}, 7.0),
        ({"anthropic-ratelimit-unified-reset": "1767225608"}, 8.0),
        ({"anthropic-ratelimit-tokens-reset": "2025-12-31T23:59:59Z"}, 0.0),
    ],
    ids=str,
)
def test_a_wait_is_understood_in_every_form(headers: dict[str, str], wait: float):
    assert retry_after_of(headers, now=NOW, status=429) == pytest.approx(wait)


@pytest.mark.parametrize("seconds", [1, 60, 3600, 86400])
def test_a_date_is_as_good_as_seconds(seconds: int):
    date = format_datetime(in_seconds(seconds), usegmt=True)

    assert retry_after_of({"retry-after": date}, now=NOW) == seconds


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "-1", "NaN", "inf", "-inf", "1e400", "soon", "6m0", "Infinity", "0x10", "1,5"),
        *("9" * 5000, str(YEAR + 1), "1_0", "Thu, 01 Jan 2026 00:00:00 GMT" * 9),
        *("Mon, 99 Foo 2026", "Thu, 01 Jan 9999 00:00:00 GMT", "Thu, 01 Jan 0001 00:00:00 -2359"),
        "0001-01-01T00:00:00+23:59",
    ],
)
def test_nonsense_is_no_wait(text: str):
    for name in ("retry-after", "retry-after-ms", "x-ratelimit-reset-requests", "ratelimit-reset"):
        if (name, text) != ("retry-after-ms", str(YEAR + 1)):
            assert retry_after_of({name: text}, now=NOW) in (None, 0.0)


def test_a_limit_that_is_not_used_up_says_nothing():
    headers = {
        "x-ratelimit-remaining-requests": "499",
        "x-ratelimit-reset-requests": "6m0s",
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "120ms",
        "anthropic-ratelimit-output-tokens-remaining": "8000",
        "anthropic-ratelimit-output-tokens-reset": "2026-01-01T00:10:00Z",
    }

    assert retry_after_of(headers, now=NOW, status=429) == pytest.approx(0.12)


def test_of_several_limits_that_are_used_up_the_last_to_be_whole_again_counts():
    headers = {
        "x-ratelimit-reset-requests": "1s",
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "7.66s",
    }

    assert retry_after_of(headers, now=NOW, status=429) == pytest.approx(7.66)


def test_the_state_of_limits_counts_only_where_one_was_broken():
    headers = {"x-ratelimit-reset-requests": "1s"}

    assert retry_after_of(headers, now=NOW, status=500) is None
    assert retry_after_of(headers, now=NOW) == 1.0
    assert retry_after_of({"retry-after": "3"}, now=NOW, status=500) == 3.0


def test_an_explicit_wait_comes_before_the_state_of_limits():
    headers = {"retry-after": "7", "x-ratelimit-reset-tokens": "2m59.56s"}

    assert retry_after_of(headers, now=NOW, status=429) == 7.0


RETRY_INFO = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "38s"}


@pytest.mark.parametrize("wrap", [lambda error: error, lambda error: [error]])
def test_a_wait_in_the_body_is_found(wrap):
    error = {"error": {"code": 429, "details": [{"@type": "other"}, 7, RETRY_INFO]}}

    assert retry_after_of({}, json.dumps(wrap(error)).encode(), now=NOW) == 38.0


def test_a_header_comes_before_the_body():
    body = json.dumps({"error": {"details": [RETRY_INFO]}}).encode()

    assert retry_after_of({"retry-after": "2"}, body, now=NOW) == 2.0


@pytest.mark.parametrize(
    "body",
    [
        b'{"retryDelay": "38s"}',
        b'{"error": {"details": [{"retryDelay": 38}]}}',
        b'{"error": {"details": [{"retryDelay": "-38s"}]}}',
        b'{"error": {"details": {"retryDelay": "38s"}}}',
        b'{"error": {"details": [{"retryDelay": "38s"}',
        b'"retryDelay" \xff',
        b"[]retryDelay",
        b'["retryDelay"]',
        b"[" * 60_000 + b"retryDelay",
        b'{"error": {"details": [{"retryDelay": "38s"}]}}' + b" " * 70_000,
    ],
    ids=lambda body: body[:50],
)
def test_a_body_of_another_shape_says_nothing(body: bytes):
    assert retry_after_of({}, body, now=NOW) is None


NAMES = st.sampled_from(
    [
        "retry-after",
        "Retry-After-Ms",
        "x-ms-retry-after-ms",
        "x-ratelimit-reset-requests",
        "x-ratelimit-remaining-requests",
        "x-ratelimit-reset",
        "anthropic-ratelimit-tokens-reset",
        "anthropic-ratelimit-tokens-remaining",
    ]
)
NUMBERS = st.floats().map(str) | st.integers().map(str)
DURATIONS = st.from_regex(r"\A(\d{1,9}(\.\d{1,9})?(h|m|s|ms|us))+\Z")
DATES = st.datetimes().map(datetime.isoformat) | st.datetimes().map(format_datetime)
HEADERS = st.dictionaries(NAMES | st.text(), st.text() | NUMBERS | DURATIONS | DATES)
BODIES = st.binary() | st.builds(
    lambda delay: json.dumps({"error": {"details": [{"retryDelay": delay}]}}).encode(),
    st.text() | DURATIONS | st.floats() | st.none(),
)


@given(HEADERS, BODIES, st.floats(0, 4e9), st.none() | st.integers(100, 599))
def test_whatever_comes_the_wait_is_sensible_or_none(
    headers: dict[str, str], body: bytes, now: float, status: int | None
):
    wait = retry_after_of(headers, body, now=now, status=status)

    assert wait is None or (math.isfinite(wait) and 0 <= wait <= YEAR)
