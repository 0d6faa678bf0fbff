"""How long a provider asks us to wait, in whichever of a dozen ways it says so.

retry-after-ms: 250                                   milliseconds (also x-ms-retry-after-ms)
retry-after: 7 | Fri, 31 Dec 1999 23:59:59 GMT        RFC 9110, section 10.2.3
{"error":{"details":[{"retryDelay":"38s"}]}}          google.rpc.RetryInfo, in the body
x-ratelimit-reset-tokens: 6m0s | 7.66s | 120ms        when a limit is whole again
anthropic-ratelimit-requests-reset: 2026-01-01T00:00:00Z
x-ratelimit-reset: 1741305600000                      the same as a time since 1970
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import msgspec

_YEAR: Final = 366 * 86400.0
_EPOCH_SECONDS: Final = 1e9
_EPOCH_MILLISECONDS: Final = 1e11

_SECONDS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 1e-6, "µs": 1e-6}
_NUMBER: Final = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,15})?")
_DURATION: Final = re.compile(r"(?:[0-9]{1,9}(?:\.[0-9]{1,9})?(?:ms|us|µs|h|m|s)){1,6}")
_PIECE: Final = re.compile(r"([0-9.]+)(ms|us|µs|h|m|s)")
_RESET: Final = re.compile(
    r"(?P<before>(?:x-|[a-z]+-)?ratelimit-)"
    r"(?:reset-(?P<first>[a-z-]+)|(?P<second>[a-z-]+)-reset|reset)"
)

# An error body is short; a page of HTML or a flood is not worth the parsing.
_LONGEST_BODY: Final = 64 << 10


def retry_after_of(
    headers: Mapping[str, str], body: bytes = b"", *, now: float, status: int | None = None
) -> float | None:
    """Give the seconds to wait, `None` where nothing sensible is said. Never raises.

    `now` is the time in seconds since 1970, for the forms that name a moment. The state of rate
    limits stands on every answer: it counts only where a `status` of 429, or none, is given, and
    only for limits that are used up, or do not say.
    """
    lower = {str(name).lower(): str(value).strip() for name, value in headers.items()}
    said = (
        *(_milliseconds(lower.get(name)) for name in ("retry-after-ms", "x-ms-retry-after-ms")),
        _retry_after(lower.get("retry-after"), now),
        _retry_delay(body),
    )
    explicit = next((wait for wait in said if wait is not None), None)
    if explicit is not None or status not in (None, 429):
        return explicit
    return max(_resets(lower, now), default=None)


def _sensible(seconds: float | None) -> float | None:
    """Give the wait back if a wait it is: not before now, and within a year."""
    return seconds if seconds is not None and 0 <= seconds <= _YEAR else None


def _number(text: str | None) -> float | None:
    return float(text) if text and _NUMBER.fullmatch(text) else None


def _milliseconds(text: str | None) -> float | None:
    number = _number(text)
    return None if number is None else _sensible(number / 1000)


def _retry_after(text: str | None, now: float) -> float | None:
    number = _number(text)
    if number is not None:
        return _sensible(number)
    moment = _http_date(text) if text else None
    # A moment that has passed says: now.
    return None if moment is None else _sensible(max(0.0, moment - now))


def _http_date(text: str) -> float | None:
    try:
        return _timestamp(parsedate_to_datetime(text))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _rfc3339(text: str) -> float | None:
    try:
        return _timestamp(datetime.fromisoformat(text))
    except ValueError:
        return None


def _timestamp(date: datetime) -> float:
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()


def _duration(text: str) -> float | None:
    if not _DURATION.fullmatch(text):
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in _PIECE.findall(text))


def _resets(headers: Mapping[str, str], now: float) -> Iterator[float]:
    """Give the wait for each limit that is used up, or does not say whether it is."""
    for name, text in headers.items():
        match = _RESET.fullmatch(name)
        if match is None or not text:
            continue
        wait = _sensible(_until_reset(text, now))
        if wait is not None and _used_up(headers, match):
            yield wait


def _used_up(headers: Mapping[str, str], match: re.Match[str]) -> bool:
    before, first, second = match["before"], match["first"], match["second"]
    if second is not None:
        left = headers.get(f"{before}{second}-remaining")
    else:
        left = headers.get(f"{before}remaining-{first}" if first else f"{before}remaining")
    number = _number(left)
    return number is None or number <= 0


def _until_reset(text: str, now: float) -> float | None:
    number = _number(text)
    if number is None:
        duration = _duration(text)
        if duration is not None:
            return duration
        moment = _rfc3339(text)
        return None if moment is None else max(0.0, moment - now)
    if number >= _EPOCH_MILLISECONDS:
        return max(0.0, number / 1000 - now)
    return max(0.0, number - now) if number >= _EPOCH_SECONDS else number


def _retry_delay(body: bytes) -> float | None:
    """Find google.rpc.RetryInfo, in an error that may be wrapped in a list."""
    if b"retryDelay" not in body or len(body) > _LONGEST_BODY:
        return None
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    match answer[0] if isinstance(answer, list) and answer else answer:
        case {"error": {"details": list(details)}}:
            delays = (_delay_in(detail) for detail in details)
            return next((delay for delay in delays if delay is not None), None)
        case _:
            return None


def _delay_in(detail: object) -> float | None:
    match detail:
        case {"retryDelay": str(text)}:
            return _sensible(_duration(text))
        case _:
            return None
