"""Every failure of every provider has one meaning, whether our transport saw it or an SDK did.

`pytest tests/unit/providers/test_errors.py -k table -s` prints the table.
"""

import asyncio
import socket
import ssl
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.chat import (
    ERROR_CLASSES,
    Actor,
    Category,
    Failure,
    InvalidInput,
    LLMBadRequestError,
    LLMServiceError,
    UpstreamError,
)
from dragoman.services.providers import map_openai_error, map_provider_error
from dragoman.services.providers.error_rows import DEFAULTS, ErrorRow
from dragoman.services.providers.error_words import COMMON, IN_BAND
from dragoman.services.providers.errors import failure_of

from .error_cases import (
    CASES,
    SURFACE,
    Case,
    judge,
    judgement_of,
    seen_by_an_sdk,
    seen_by_our_transport,
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_our_transport_saw_comes_to_the_right_judgement(case: Case):
    error = judge(case, seen_by_our_transport(case))

    assert judgement_of(error) == case.expected
    assert type(error) is ERROR_CLASSES[case.expected.category]
    assert (error.provider, error.model) == (case.provider, "m")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_an_sdk_raises_comes_to_the_same_judgement(case: Case):
    assert judgement_of(judge(case, seen_by_an_sdk(case))) == case.expected


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_vendors_html_and_secrets_never_reach_the_message(case: Case):
    message = str(judge(case, seen_by_an_sdk(case)))

    assert "<" not in message
    assert "sk-abc" not in message


def test_the_table_covers_sixty_failures_and_every_category_that_a_vendor_can_cause():
    print(f"\n{table_of(CASES)}")  # noqa: T201 - to be looked at

    assert len(CASES) >= 60
    assert len({str(case) for case in CASES}) == len(CASES)
    told = {case.expected.category for case in CASES}
    ours = {Category.STREAM_INTERRUPTED, Category.CANCELLED, Category.INTERNAL}
    assert told == set(Category) - ours


def table_of(cases: Sequence[Case]) -> str:
    """Write the cases as a table for people."""
    head = "provider   failure                       HTTP  vendor code"
    lines = [f"{head:86}category         /api/v1       wait    reason                 request id"]
    for case in cases:
        told = case.expected
        wait = "" if told.retry_after is None else f"{told.retry_after:g} s"
        lines.append(
            f"{case.provider:11}{case.failure:30}{case.status:4}  {told.code or '-':39}"
            f"{told.category:17}{SURFACE[told.category]}"
            f" {'retry' if told.retryable else '-':10}{wait:8}"
            f"{told.reason:23}{told.request_id or '-'}"
        )
    counts = Counter(case.provider for case in cases)
    return "\n".join([*lines, f"{len(cases)} failures, each seen twice: {dict(counts)}"])


# --- what we find ourselves ------------------------------------------------------------------

C = Category
REASONS = {
    "connect_error": (C.CONNECTION, True),
    "dns_error": (C.CONNECTION, True),
    "tls_error": (C.CONNECTION, False),
    "bad_address": (C.CONNECTION, False),
    "connection_reset": (C.CONNECTION, True),
    "premature_close": (C.CONNECTION, True),
    "stream_interrupted": (C.STREAM_INTERRUPTED, True),
    "server_shutdown": (C.STREAM_INTERRUPTED, True),
    "timeout_first_byte": (C.TIMEOUT, True),
    "timeout_first_token": (C.TIMEOUT, True),
    "timeout_idle": (C.TIMEOUT, False),
    "timeout_total": (C.TIMEOUT, False),
    "upstream_redirect": (C.BAD_RESPONSE, False),
    "bad_headers": (C.BAD_RESPONSE, False),
    "bad_content_type": (C.BAD_RESPONSE, True),
    "bad_json": (C.BAD_RESPONSE, True),
    "empty_response": (C.BAD_RESPONSE, True),
    "ended_in_error": (C.BAD_RESPONSE, True),
    "many_choices": (C.BAD_RESPONSE, False),
    "event_too_large": (C.BAD_RESPONSE, False),
    "body_too_large": (C.BAD_RESPONSE, False),
    "decompressed_too_large": (C.BAD_RESPONSE, False),
    "local_model_failed": (C.CONNECTION, True),
    "local_model_absent": (C.CONNECTION, False),
    "local_model_loading": (C.OVERLOADED, True),
    "local_model_stopped": (C.OVERLOADED, True),
    "cancelled": (C.CANCELLED, False),
}


@pytest.mark.parametrize("reason", REASONS)
def test_a_fault_that_we_found_keeps_its_name(reason: str):
    error = map_openai_error(UpstreamError(Failure(reason=reason, message="api.test: it broke")))

    assert (error.category, error.retryable) == REASONS[reason]
    assert error.reason == reason


def test_a_connection_that_takes_too_long_was_not_made():
    error = map_openai_error(UpstreamError(Failure(reason="timeout_connect")))

    assert (error.category, error.reason) == (Category.CONNECTION, "connect_error")


def test_a_reason_that_only_a_plugin_knows_is_passed_on():
    error = map_openai_error(UpstreamError(Failure(reason="cassette_missing")))

    assert (error.category, error.reason) == (Category.BAD_RESPONSE, "cassette_missing")


def test_our_finding_decides_before_anything_that_the_vendor_says():
    facts = Failure(reason="upstream_redirect", status=302, code="rate_limit_exceeded")

    error = map_openai_error(UpstreamError(facts))

    assert (error.category, error.actor) == (Category.BAD_RESPONSE, Actor.OPERATOR)


# --- the order in which facts decide ---------------------------------------------------------

PAY = ErrorRow(code="x1", category=Category.QUOTA_EXHAUSTED)
LATER = ErrorRow(type="busy", category=Category.OVERLOADED)
TEAPOT = ErrorRow(status=418, category=Category.UNSUPPORTED, retryable=True, word="teapot")
ROWS = (TEAPOT, LATER, PAY)


def judged(failure: Failure, *rows: ErrorRow) -> LLMServiceError:
    return map_provider_error(UpstreamError(failure), rows=rows, provider="own", model="m")


@pytest.mark.parametrize(
    ("failure", "category"),
    [
        (Failure(code="x1", type="busy", status=418), Category.QUOTA_EXHAUSTED),
        (Failure(code="other", type="busy", status=418), Category.OVERLOADED),
        (Failure(code="other", type="other", status=418), Category.UNSUPPORTED),
        (Failure(code="other", type="other", status=429), Category.RATE_LIMIT),
        (Failure(code="other", type="other", status=419), Category.INVALID_REQUEST),
        (Failure(code="other", type="other", status=599), Category.BAD_RESPONSE),
        (Failure(code="other", type="other", status=302), Category.BAD_RESPONSE),
        (Failure(code="other", type="other", status=200), Category.BAD_RESPONSE),
        (Failure(), Category.BAD_RESPONSE),
    ],
)
def test_the_code_decides_before_the_type_and_the_type_before_the_status(
    failure: Failure, category: Category
):
    assert judged(failure, *ROWS).category is category


def test_a_row_says_only_what_differs_from_its_category():
    error = judged(Failure(status=418), TEAPOT)

    assert (error.retryable, error.reason, error.actor) == (True, "teapot", Actor.CALLER)


def test_a_providers_own_row_comes_before_a_common_one():
    own = ErrorRow(code="insufficient_quota", category=Category.RATE_LIMIT)

    assert judged(Failure(code="insufficient_quota", status=429)).category is C.QUOTA_EXHAUSTED
    assert judged(Failure(code="insufficient_quota", status=429), own).category is C.RATE_LIMIT


def test_a_row_that_names_more_facts_comes_before_one_that_names_fewer():
    plain = ErrorRow(type="bad", category=Category.INVALID_REQUEST)
    precise = ErrorRow(type="bad", param="model", category=Category.MODEL_NOT_FOUND)

    for rows in ((plain, precise), (precise, plain)):
        assert judged(Failure(type="bad", param="model"), *rows).category is C.MODEL_NOT_FOUND
        assert judged(Failure(type="bad", param="n"), *rows).category is C.INVALID_REQUEST


def test_a_vague_word_gives_way_to_a_status_and_counts_where_there_is_none():
    assert judged(Failure(type="invalid_request_error", status=503)).category is C.OVERLOADED
    assert judged(Failure(type="invalid_request_error", status=200)).category is C.INVALID_REQUEST
    assert judged(Failure(type="invalid_request_error")).category is C.INVALID_REQUEST


def test_a_code_that_is_a_status_counts_as_one():
    assert judged(Failure(code="429", status=400)).category is C.RATE_LIMIT
    assert judged(Failure(code="503", status=200)).category is C.OVERLOADED
    assert judged(Failure(code="1300", status=200)).category is C.BAD_RESPONSE


def test_a_number_may_stand_for_a_code():
    own = ErrorRow(code=1301, category=Category.RATE_LIMIT)

    assert judged(Failure(code="1301", status=400), own).category is C.RATE_LIMIT


def test_prose_decides_only_in_a_row_that_says_where_it_was_seen():
    with pytest.raises(ValueError, match="source"):
        ErrorRow(status=400, message_has="too long", category=Category.CONTEXT_TOO_LONG)
    own = ErrorRow(
        status=400, message_has="Too LONG", category=Category.CONTEXT_TOO_LONG, source="a page"
    )

    assert judged(Failure(status=400, message="it is too long"), own).category is C.CONTEXT_TOO_LONG
    assert judged(Failure(status=400, message="too long")).category is C.INVALID_REQUEST
    assert judged(Failure(status=500, message="too long"), own).category is C.BAD_RESPONSE


def test_a_row_for_status_200_judges_what_is_said_inside_a_stream():
    busy = ErrorRow(status=200, message_has="busy", category=Category.OVERLOADED, source="a page")

    assert judged(Failure(status=200, message="I am busy"), busy).category is C.OVERLOADED
    assert judged(Failure(status=200, message="I am ill"), busy).category is C.BAD_RESPONSE
    assert judged(Failure(status=400, message="I am busy"), busy).category is C.INVALID_REQUEST
    coded = Failure(status=200, code="429", message="I am busy")
    assert judged(coded, busy).category is C.RATE_LIMIT


def test_a_row_that_nothing_decides_is_refused():
    with pytest.raises(ValueError, match="must name one of: reason, code"):
        ErrorRow(param="model", category=Category.MODEL_NOT_FOUND)


def test_a_row_can_be_written_as_data():
    row = msgspec.toml.decode(b'code = 3505\ncategory = "overloaded"\n', type=ErrorRow)

    assert judged(Failure(code="3505", status=429), row).category is C.OVERLOADED
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.toml.decode(b'cod = 1\nstatus = 9\ncategory = "overloaded"', type=ErrorRow)


def test_no_common_row_goes_by_prose_and_no_two_contradict_each_other():
    rows = COMMON + IN_BAND

    assert not [row for row in rows if row.message_has]
    facts = Counter(
        (row.reason, row.code, row.type, row.status, row.exception, row.param) for row in rows
    )
    assert max(facts.values()) == 1


def test_every_category_has_its_default_and_its_class():
    assert set(DEFAULTS) == set(Category) == set(ERROR_CLASSES)


# --- what is not a vendor's ------------------------------------------------------------------


def test_our_own_judgement_passes_through_with_the_ids_that_it_lacks():
    error = LLMBadRequestError(Category.UNSUPPORTED, "no tools here")

    assert map_openai_error(error, model="gpt") is error
    assert (error.provider, error.model) == ("openai", "gpt")
    assert map_provider_error(error, provider="other", model="other") is error
    assert (error.provider, error.model) == ("openai", "gpt")
    assert failure_of(error).message == "no tools here"


def test_a_callers_mistake_is_told_as_it_stands():
    error = map_openai_error(InvalidInput("messages[0].role", "unknown role 'bot'"))

    assert (error.category, error.actor) == (Category.INVALID_REQUEST, Actor.CALLER)
    assert str(error) == "messages[0].role: unknown role 'bot'"


@pytest.mark.parametrize(
    ("exception", "category", "reason"),
    [
        (TimeoutError(), C.TIMEOUT, "upstream_timeout"),
        (TimeoutError("total"), C.TIMEOUT, "upstream_timeout"),
        (asyncio.CancelledError(), C.CANCELLED, "cancelled"),
        (ConnectionRefusedError(), C.CONNECTION, "connect_error"),
        (ConnectionResetError(), C.CONNECTION, "connection_reset"),
        (BrokenPipeError(), C.CONNECTION, "connection_reset"),
        (OSError(113, "No route to host"), C.CONNECTION, "connect_error"),
        (socket.gaierror(-2, "Name or service not known"), C.CONNECTION, "dns_error"),
        (ssl.SSLCertVerificationError("expired"), C.CONNECTION, "tls_error"),
        (ssl.SSLEOFError("eof"), C.CONNECTION, "connection_reset"),
        (asyncio.IncompleteReadError(b"", 4), C.CONNECTION, "premature_close"),
        (OSError(24, "Too many open files"), C.INTERNAL, "internal"),
        (FileNotFoundError("/etc/secret"), C.INTERNAL, "internal"),
        (ValueError("the prompt was: top secret"), C.INTERNAL, "internal"),
        (KeyError("sk-secret"), C.INTERNAL, "internal"),
        (KeyboardInterrupt(), C.INTERNAL, "internal"),
        (BaseExceptionGroup("g", [asyncio.CancelledError(), TimeoutError()]), C.TIMEOUT, None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else str(value),
)
def test_python_s_own_exceptions_are_understood_and_told_without_their_text(
    exception: BaseException, category: Category, reason: str | None
):
    error = map_provider_error(exception, provider="own")

    assert error.category is category
    assert reason in (None, error.reason)
    assert "secret" not in str(error)


async def test_a_timeout_is_not_taken_for_the_cancellation_that_it_is_made_of():
    with pytest.raises(TimeoutError) as caught:
        async with asyncio.timeout(0):
            await asyncio.sleep(1)

    assert map_provider_error(caught.value).category is Category.TIMEOUT


def test_a_judgement_inside_a_group_of_exceptions_passes_through():
    inner = LLMBadRequestError(Category.UNSUPPORTED, "no")

    assert map_provider_error(ExceptionGroup("g", [ExceptionGroup("h", [inner])])) is inner


def test_an_unknown_vendors_exception_is_known_by_what_it_carries():
    class GatewayError(Exception):
        code = 429
        status = "RESOURCE_EXHAUSTED"
        message = "slower"
        headers = {"Retry-After": "4"}  # noqa: RUF012 - as SDKs have it

    error = map_provider_error(GatewayError(), provider="own")

    assert (error.category, error.retry_after) == (Category.RATE_LIMIT, 4.0)
    assert str(error).endswith('try again in 4 s. It says: "slower"')


def test_an_error_in_a_list_is_read_and_the_facts_of_a_group_are_those_of_its_one_failure():
    class WrappedError(Exception):
        body = ({"error": {"code": "insufficient_quota", "message": "pay"}},)

    class ListedError(Exception):
        body = [{"error": {"code": "insufficient_quota", "message": "pay"}}]  # noqa: RUF012

    assert map_provider_error(ListedError()).category is Category.QUOTA_EXHAUSTED
    assert failure_of(ExceptionGroup("g", [WrappedError()])).message == "pay"


def test_a_chain_of_causes_without_end_comes_to_a_judgement():
    first, second = RuntimeError("a"), RuntimeError("b")
    first.__cause__, second.__cause__ = second, first

    assert map_provider_error(first).category is Category.INTERNAL


def test_a_hostile_exception_does_no_harm():
    class HostileError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no")

        @property
        def status_code(self) -> int:
            raise LookupError("no")

        @property
        def body(self) -> object:
            return {"error": {"code": {}, "message": [], "type": 3, "details": "x"}}

    assert map_provider_error(HostileError()).category in Category


TEXT = st.none() | st.text(max_size=40)
FAILURES = st.builds(
    Failure,
    message=st.text(),
    status=st.none() | st.integers(-10, 1000),
    code=TEXT | st.sampled_from([row.code for row in COMMON if isinstance(row.code, str)]),
    type=TEXT | st.sampled_from([row.type for row in COMMON if row.type]),
    param=TEXT,
    reason=TEXT | st.sampled_from(sorted(REASONS)),
    exception=st.tuples() | st.tuples(st.text()),
    request_id=TEXT,
    retry_after=st.none() | st.floats(0, 1e9),
)


@given(FAILURES)
def test_any_facts_at_all_come_to_a_judgement(failure: Failure):
    error = map_openai_error(UpstreamError(failure), model="m")

    assert type(error) is ERROR_CLASSES[error.category]
    assert 0 < len(str(error)) < 1500
    assert str(error).encode() and "\n" not in str(error)  # noqa: PT018 - one line of text


def test_no_sdk_is_imported_with_the_providers():
    code = "import sys, dragoman.services.providers; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    ).stdout.split()

    assert "dragoman.services.providers.errors" in loaded
    assert not {"openai", "anthropic", "httpx", "httpx2"} & set(loaded)
