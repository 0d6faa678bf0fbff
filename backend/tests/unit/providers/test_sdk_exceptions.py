"""Every exception that the openai and anthropic SDKs export has a meaning, oddities included."""

import json
import socket
from collections.abc import Callable, Iterator
from threading import Thread
from types import ModuleType
from typing import Final

import anthropic
import httpx2
import openai
import pytest
from anthropic._error_classes import ERROR_CLASSES
from openai.types.chat import ChatCompletion

from dragoman.chat import LLMServiceError
from dragoman.services.providers import map_anthropic_error, map_openai_error, map_provider_error

from .error_cases import Answer, ask_anthropic, ask_openai

Make = Callable[[], BaseException]
Ask = Callable[[Answer], BaseException]

REQUEST: Final = httpx2.Request("POST", "http://test/v1/messages")
EMPTY: Final = httpx2.Response(200, request=REQUEST)


def by_status(ask: Ask, status: int, body: object = None) -> Make:
    content = b"" if body is None else json.dumps(body).encode()
    return lambda: ask(lambda _: httpx2.Response(status, content=content))


def by_failing(ask: Ask, error: Exception) -> Make:
    def answer(_: httpx2.Request) -> httpx2.Response:
        raise error

    return lambda: ask(answer)


COMPLETION: Final = ChatCompletion.construct(id="c", choices=[], created=1, model="m", usage=None)
REFUSED: Final = httpx2.ConnectError("refused")
SLOW: Final = httpx2.ReadTimeout("slow")
OAUTH: Final = httpx2.Response(401, request=REQUEST)

# class -> how the SDK comes to raise it, and: category, reason, whether to retry
OPENAI: Final[dict[str, tuple[Make, str]]] = {
    "OpenAIError": (lambda: openai.OpenAIError("Wrong use."), "internal internal no"),
    "APIError": (
        lambda: openai.APIError("?", REQUEST, body=None),
        "bad_response upstream_bad_response no",
    ),
    "APIResponseValidationError": (
        lambda: openai.APIResponseValidationError(EMPTY, None),
        "bad_response bad_json yes",
    ),
    "APIConnectionError": (by_failing(ask_openai, REFUSED), "connection connect_error yes"),
    "APITimeoutError": (by_failing(ask_openai, SLOW), "timeout upstream_timeout yes"),
    "APIStatusError": (by_status(ask_openai, 413), "invalid_request upstream_too_large no"),
    "BadRequestError": (by_status(ask_openai, 400), "invalid_request upstream_bad_request no"),
    "AuthenticationError": (by_status(ask_openai, 401), "authentication upstream_auth no"),
    "OAuthError": (
        lambda: openai.OAuthError(response=OAUTH, body={"error": "invalid_grant"}),
        "authentication upstream_auth no",
    ),
    "PermissionDeniedError": (by_status(ask_openai, 403), "permission upstream_forbidden no"),
    "NotFoundError": (by_status(ask_openai, 404), "model_not_found upstream_not_found no"),
    "ConflictError": (by_status(ask_openai, 409), "overloaded upstream_conflict yes"),
    "UnprocessableEntityError": (
        by_status(ask_openai, 422),
        "invalid_request upstream_unprocessable no",
    ),
    "RateLimitError": (by_status(ask_openai, 429), "rate_limit rate_limited yes"),
    "InternalServerError": (by_status(ask_openai, 500), "bad_response upstream_5xx yes"),
    "LengthFinishReasonError": (
        lambda: openai.LengthFinishReasonError(completion=COMPLETION),
        "invalid_request output_limit no",
    ),
    "ContentFilterFinishReasonError": (
        openai.ContentFilterFinishReasonError,
        "content_filtered content_filtered no",
    ),
    "InvalidWebhookSignatureError": (
        lambda: openai.InvalidWebhookSignatureError("?"),
        "invalid_request upstream_bad_request no",
    ),
    "SubjectTokenProviderError": (
        lambda: openai._exceptions.SubjectTokenProviderError("?"),
        "authentication upstream_auth no",
    ),
    "WebSocketConnectionClosedError": (
        lambda: openai.WebSocketConnectionClosedError("?", unsent_messages=["secret"]),
        "connection connection_reset yes",
    ),
    "WebSocketQueueFullError": (
        lambda: openai.WebSocketQueueFullError("?"),
        "overloaded send_queue_full yes",
    ),
}

ANTHROPIC: Final[dict[str, tuple[Make, str]]] = {
    "AnthropicError": (lambda: anthropic.AnthropicError("Wrong use."), "internal internal no"),
    "APIError": (
        lambda: anthropic.APIError("?", REQUEST, body=None),
        "bad_response upstream_bad_response no",
    ),
    "APIResponseValidationError": (
        lambda: anthropic.APIResponseValidationError(EMPTY, None),
        "bad_response bad_json yes",
    ),
    "APIWebhookValidationError": (
        lambda: anthropic.APIWebhookValidationError("?", REQUEST, body=None),
        "invalid_request upstream_bad_request no",
    ),
    "APIConnectionError": (by_failing(ask_anthropic, REFUSED), "connection connect_error yes"),
    "APITimeoutError": (by_failing(ask_anthropic, SLOW), "timeout upstream_timeout yes"),
    "RetryableError": (
        lambda: anthropic.RetryableError("?"),
        "bad_response upstream_bad_response yes",
    ),
    "CredentialsError": (
        lambda: anthropic.CredentialsError("?"),
        "authentication upstream_auth no",
    ),
    "IdentityTokenFileError": (
        lambda: anthropic.IdentityTokenFileError("?"),
        "authentication upstream_auth no",
    ),
    "WorkloadIdentityError": (
        lambda: anthropic.WorkloadIdentityError("?", status_code=400),
        "authentication upstream_auth no",
    ),
}

# Anthropic's class for a status, with or without an `error_code` -> the judgement
ANTHROPIC_STATUSES: Final[dict[int, str]] = {
    400: "invalid_request upstream_bad_request no",
    401: "authentication upstream_auth no",
    402: "quota_exhausted quota_exhausted no",
    403: "permission upstream_forbidden no",
    404: "model_not_found upstream_not_found no",
    408: "timeout upstream_timeout yes",
    409: "overloaded upstream_conflict yes",
    410: "model_not_found upstream_not_found no",
    412: "invalid_request upstream_bad_request no",
    413: "invalid_request upstream_too_large no",
    422: "invalid_request upstream_unprocessable no",
    429: "rate_limit rate_limited yes",
    431: "invalid_request upstream_bad_request no",
    499: "connection premature_close yes",
    500: "bad_response upstream_5xx yes",
    501: "bad_response upstream_5xx no",
    503: "overloaded upstream_unavailable yes",
    504: "bad_response upstream_5xx yes",
    529: "overloaded upstream_overloaded yes",
}
FORBIDDEN: Final = "permission upstream_forbidden no"
USED_UP: Final = "quota_exhausted quota_exhausted no"
NOT_THE_MODEL: Final = "invalid_request upstream_bad_request no"
ANTHROPIC_CODES: Final[dict[str, str]] = {
    "claude_code_key_creator_not_member": "authentication upstream_auth no",
    "cmek_feature_unsupported": FORBIDDEN,
    "cmek_key_disabled": FORBIDDEN,
    "cmek_key_network_blocked": FORBIDDEN,
    "contract_spend_limit_reached": USED_UP,
    "enforced_spend_limit_reached": USED_UP,
    "environment_not_found": NOT_THE_MODEL,
    "file_expired": NOT_THE_MODEL,
    "organization_not_enrolled_in_beta": FORBIDDEN,
    "organization_on_hold": FORBIDDEN,
    "organization_type_not_supported": FORBIDDEN,
    "parent_organization_required": FORBIDDEN,
    "request_body_timeout": "timeout upstream_timeout yes",
    "storage_quota_exceeded": USED_UP,
    "thread_not_found": NOT_THE_MODEL,
    "workspace_policy_violation": FORBIDDEN,
}


def judged(error: LLMServiceError) -> str:
    return f"{error.category} {error.reason} {'yes' if error.retryable else 'no'}"


def exceptions_of(sdk: ModuleType) -> dict[str, type[BaseException]]:
    """Give the public exceptions of an SDK, each under its own name."""
    public = (*vars(sdk).values(), *vars(sdk._exceptions).values())
    return {
        kind.__name__: kind
        for kind in public
        if isinstance(kind, type) and issubclass(kind, BaseException) and kind.__name__[0] != "_"
    }


@pytest.mark.parametrize("name", OPENAI)
def test_every_exception_of_openai_s_has_its_judgement(name: str):
    make, expected = OPENAI[name]
    exception = make()

    assert type(exception) is exceptions_of(openai)[name]
    assert judged(map_openai_error(exception)) == expected


@pytest.mark.parametrize("name", ANTHROPIC)
def test_every_exception_of_anthropic_s_has_its_judgement(name: str):
    make, expected = ANTHROPIC[name]
    exception = make()

    assert type(exception) is exceptions_of(anthropic)[name]
    assert judged(map_anthropic_error(exception)) == expected


@pytest.mark.parametrize(("status", "code"), ERROR_CLASSES)
def test_every_class_that_anthropic_makes_of_an_answer_has_its_judgement(
    status: int, code: str | None
):
    body = {"type": "error", "error": {"message": "?", "details": {"error_code": code}}}
    exception = by_status(ask_anthropic, status, body)()

    assert type(exception) is ERROR_CLASSES[status, code]
    error = map_anthropic_error(exception)
    assert judged(error) == ANTHROPIC_CODES.get(code or "", ANTHROPIC_STATUSES[status])
    assert error.code == code


def test_no_public_exception_is_left_out():
    by_answer = {kind.__name__ for kind in ERROR_CLASSES.values()}
    # What the SDK makes of other statuses.
    by_answer |= {"APIStatusError", "InternalServerError"}

    assert set(exceptions_of(openai)) <= set(OPENAI)
    assert set(exceptions_of(anthropic)) <= set(ANTHROPIC) | by_answer


@pytest.mark.parametrize("status", [402, 408, 410, 413, 418, 451, 499])
def test_a_bare_status_error_of_openai_s_is_judged_by_its_status(status: int):
    exception = by_status(ask_openai, status)()

    assert type(exception) is openai.APIStatusError
    error = map_openai_error(exception)
    assert error.status == status
    assert (
        judged(error)
        == {
            402: USED_UP,
            408: "timeout upstream_timeout yes",
            410: "model_not_found upstream_not_found no",
            413: "invalid_request upstream_too_large no",
            418: "invalid_request upstream_bad_request no",
            451: FORBIDDEN,
            499: "connection premature_close yes",
        }[status]
    )


# --- inside a stream -------------------------------------------------------------------------


def streaming(*pieces: bytes, then: Exception | None = None) -> Answer:
    def body() -> Iterator[bytes]:
        yield from pieces
        if then is not None:
            raise then

    def answer(_: httpx2.Request) -> httpx2.Response:
        headers = {"content-type": "text/event-stream", "request-id": "req_1"}
        return httpx2.Response(200, headers=headers, content=body())

    return answer


PING: Final = b'event: ping\ndata: {"type": "ping"}\n\n'
CHUNK: Final = b'data: {"id": "c", "choices": []}\n\n'
OVERLOADED: Final = b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error"}}\n\n'


def test_an_overload_inside_a_stream_is_one_although_its_status_says_success():
    exception = ask_anthropic(streaming(PING, OVERLOADED), stream=True)

    assert type(exception) is anthropic.APIStatusError
    assert exception.status_code == 200
    error = map_anthropic_error(exception)
    assert judged(error) == "overloaded upstream_overloaded yes"
    assert (error.status, error.code, error.request_id) == (None, "overloaded_error", "req_1")


def test_an_error_event_that_is_not_json_is_a_bad_answer():
    exception = ask_anthropic(streaming(b"event: error\ndata: oops\n\n"), stream=True)

    assert judged(map_anthropic_error(exception)) == "bad_response upstream_bad_response no"


def test_an_error_inside_a_stream_is_known_by_its_code_although_it_has_no_status():
    error = b'data: {"error": {"code": "rate_limit_exceeded", "message": "slower"}}\n\n'
    exception = ask_openai(streaming(CHUNK, error), stream=True)

    assert type(exception) is openai.APIError
    assert judged(map_openai_error(exception)) == "rate_limit rate_limited yes"


@pytest.mark.parametrize(
    ("cut", "expected"),
    [
        (httpx2.ReadError("reset"), "connection connection_reset yes"),
        (httpx2.RemoteProtocolError("incomplete chunked read"), "connection premature_close yes"),
        (httpx2.ReadTimeout("idle"), "timeout upstream_timeout yes"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_line_that_breaks_inside_a_stream_is_told_whether_the_sdk_wraps_it_or_not(
    cut: Exception, expected: str
):
    wrapped = ask_openai(streaming(CHUNK, then=cut), stream=True)
    bare = ask_anthropic(streaming(PING, then=cut), stream=True)

    assert isinstance(wrapped, openai.APIConnectionError)
    assert bare is cut
    assert judged(map_openai_error(wrapped)) == expected
    assert judged(map_anthropic_error(bare)) == expected


def test_nonsense_inside_a_stream_is_a_bad_answer():
    for ask, judge in ((ask_openai, map_openai_error), (ask_anthropic, map_anthropic_error)):
        exception = ask(streaming(PING, b"event: message_start\ndata: {nonsense\n\n"), stream=True)

        assert judged(judge(exception)) == "bad_response bad_json yes"


# --- on the way ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (httpx2.ConnectTimeout("syn"), "connection connect_error yes"),
        (httpx2.PoolTimeout("busy"), "timeout upstream_timeout yes"),
        (httpx2.WriteTimeout("slow"), "timeout upstream_timeout yes"),
        (httpx2.ProxyError("no"), "connection connect_error yes"),
        (httpx2.RemoteProtocolError("no answer"), "connection premature_close yes"),
        (httpx2.UnsupportedProtocol("ftp"), "connection bad_address no"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_breaks_below_an_sdk_is_found_in_its_cause(failure: Exception, expected: str):
    assert judged(map_openai_error(by_failing(ask_openai, failure)())) == expected
    assert judged(map_anthropic_error(by_failing(ask_anthropic, failure)())) == expected


def test_a_refused_connection_of_a_real_socket_is_one():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    address = f"http://127.0.0.1:{port}/v1"
    with (
        openai.OpenAI(api_key="k", base_url=address, max_retries=0) as client,
        pytest.raises(openai.APIConnectionError) as caught,
    ):
        client.models.list()

    assert judged(map_openai_error(caught.value)) == "connection connect_error yes"


def test_an_unencrypted_answer_to_a_tls_handshake_is_a_tls_error():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        thread = Thread(target=answer_in_the_clear, args=(server,))
        thread.start()
        address = f"https://127.0.0.1:{server.getsockname()[1]}"
        with (
            anthropic.Anthropic(api_key="k", base_url=address, max_retries=0) as client,
            pytest.raises(anthropic.APIConnectionError) as caught,
        ):
            client.models.list()
        thread.join()

    assert judged(map_anthropic_error(caught.value)) == "connection tls_error no"


def answer_in_the_clear(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")


# --- before anything is sent -----------------------------------------------------------------


def test_an_sdk_without_a_key_is_the_operators_to_mend():
    missing = openai.OpenAIError("Missing credentials. Please pass an `api_key`, …")
    unresolved = TypeError('"Could not resolve authentication method. Expected one of api_key, …"')

    assert judged(map_openai_error(missing)) == "authentication upstream_auth no"
    assert judged(map_anthropic_error(unresolved)) == "authentication upstream_auth no"
    assert judged(map_openai_error(unresolved)) == "internal internal no"


def test_a_request_that_an_sdk_wants_streamed_is_unsupported_as_it_is():
    with (
        anthropic.Anthropic(api_key="k") as client,
        pytest.raises(ValueError, match="Streaming is required") as caught,
    ):
        client.messages.create(model="m", max_tokens=100_000, messages=[])

    assert judged(map_anthropic_error(caught.value)) == "unsupported upstream_unsupported no"


def test_an_sdk_s_exception_keeps_its_meaning_with_a_provider_that_has_no_rows():
    limited = by_status(ask_openai, 429)()
    refused = by_failing(ask_anthropic, REFUSED)()

    assert judged(map_provider_error(limited, provider="own")) == "rate_limit rate_limited yes"
    assert judged(map_provider_error(refused)) == "connection connect_error yes"
