"""Reads `error_cases.txt`, and makes each failure as our transport sees it and as an SDK does."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import anthropic
import httpx2
import msgspec
import openai

from dragoman.chat import Category, LLMServiceError, UpstreamError
from dragoman.services.providers import (
    map_anthropic_error,
    map_openai_error,
    map_provider_error,
    registry,
)
from dragoman.services.providers.retry_after import retry_after_of
from dragoman.wire import anthropic_messages, openai_chat
from dragoman.wire.base import Wire

NOW: Final = 1_767_225_600.0

SURFACE: Final = {
    Category.AUTHENTICATION: 503,
    Category.PERMISSION: 503,
    Category.QUOTA_EXHAUSTED: 503,
    Category.RATE_LIMIT: 503,
    Category.OVERLOADED: 503,
    Category.BAD_RESPONSE: 503,
    Category.CONNECTION: 503,
    Category.STREAM_INTERRUPTED: 503,
    Category.TIMEOUT: 504,
    Category.INVALID_REQUEST: 400,
    Category.CONTEXT_TOO_LONG: 400,
    Category.CONTENT_FILTERED: 400,
    Category.MODEL_NOT_FOUND: 400,
    Category.UNSUPPORTED: 400,
    Category.INTERNAL: 500,
}
"""What `/api/v1` answers for a category."""


class Judgement(NamedTuple):
    """What has to come of a failure, and the facts that have to survive."""

    category: Category
    reason: str
    retryable: bool
    retry_after: float | None
    code: str | None
    request_id: str | None


class Case(NamedTuple):
    """One failure, as its provider answers with it."""

    provider: str
    failure: str
    status: int
    body: str
    headers: dict[str, str]
    expected: Judgement

    def __str__(self) -> str:
        return f"{self.provider}: {self.failure}"

    @property
    def in_band(self) -> bool:
        return self.status == 200

    @property
    def wire(self) -> Wire:
        return anthropic_messages if self.provider == "anthropic" else openai_chat


_MESSAGE: Final = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [],
    "stop_reason": None,
    "stop_sequence": None,
    "usage": {"input_tokens": 1, "output_tokens": 1},
}
_DELTA: Final = {"index": 0, "delta": {"role": "assistant", "content": "Hel"}}
_CHUNK: Final = {"id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}


def read_cases() -> tuple[Case, ...]:
    text = Path(__file__).with_suffix(".txt").read_text()
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    return tuple(_case([cell.strip() for cell in line.split("|")]) for line in lines)


def _case(cells: list[str]) -> Case:
    who, failure, http, kind, code, more, headers, category, reason, retry, after = cells
    messages, status = who == "anthropic", int(http)
    words = {"type": None if kind == "-" else kind, "code": None if code == "-" else code}
    body = more.removeprefix("=").strip() if more.startswith("=") else _body(words, more, messages)
    named = dict(header.strip().split(": ") for header in headers.split(";") if header)
    return Case(
        who,
        failure,
        status,
        _stream(body, messages=messages) if status == 200 else body,
        {"request-id" if messages else "x-request-id": "req_1", **_media(status), **named},
        Judgement(
            Category(category),
            reason,
            {"yes": True, "no": False}[retry],
            None if after == "-" else float(after),
            kind
            if kind != "-" and re.fullmatch("[45]..", code)
            else words["code"] or words["type"],
            # An error inside a stream of chat completions carries no id.
            "req_1" if messages or status != 200 else None,
        ),
    )


def _body(words: dict[str, str | None], more: str, messages: bool) -> str:  # noqa: FBT001
    error = {"message": "No.", "param": None, **words, **json.loads(more or "{}")}
    if not messages:
        return json.dumps({"error": error})
    code = error.pop("code")
    error["details"] = code and {"error_code": code}
    return json.dumps({"type": "error", "error": error, "request_id": "req_1"})


def _stream(error: str, *, messages: bool) -> str:
    if messages:
        start = json.dumps({"type": "message_start", "message": _MESSAGE})
        return f"event: message_start\ndata: {start}\n\nevent: error\ndata: {error}\n\n"
    return f"data: {json.dumps({**_CHUNK, 'choices': [_DELTA]})}\n\ndata: {error}\n\n"


def _media(status: int) -> dict[str, str]:
    return {"content-type": "text/event-stream" if status == 200 else "application/json"}


CASES: Final = read_cases()


def seen_by_our_transport(case: Case) -> BaseException:
    """Give what reading this answer raises here."""
    if case.in_band:
        reader = case.wire.stream_reader()
        reader.feed(case.body.encode())
        try:
            reader.close(clean=True)
        except UpstreamError as error:
            return error
        raise AssertionError(f"{case} was read as a success")
    body = case.body.encode()
    failure = case.wire.read_failure(case.status, case.headers, body)
    wait = retry_after_of(case.headers, body, now=NOW, status=case.status)
    return UpstreamError(msgspec.structs.replace(failure, retry_after=wait))


def seen_by_an_sdk(case: Case) -> BaseException:
    """Give what the official SDK of this answer's format raises for it."""
    ask = ask_anthropic if case.provider == "anthropic" else ask_openai

    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(case.status, headers=case.headers, content=case.body.encode())

    return ask(answer, stream=case.in_band)


Answer = Callable[[httpx2.Request], httpx2.Response]


def ask_openai(answer: Answer, *, stream: bool = False) -> BaseException:
    """Ask through the openai SDK; give the exception that it ends in."""
    transport = httpx2.MockTransport(answer)
    with (
        httpx2.Client(transport=transport) as http,
        openai.OpenAI(
            api_key="k", base_url="http://test/v1", max_retries=0, http_client=http
        ) as client,
    ):
        return _exception_of(
            lambda: client.chat.completions.create(
                model="m", messages=[{"role": "user", "content": "Hi"}], stream=stream
            )
        )


def ask_anthropic(answer: Answer, *, stream: bool = False) -> BaseException:
    """Ask through the anthropic SDK; give the exception that it ends in."""
    transport = httpx2.MockTransport(answer)
    with (
        httpx2.Client(transport=transport) as http,
        anthropic.Anthropic(
            api_key="k", base_url="http://test", max_retries=0, http_client=http
        ) as client,
    ):
        return _exception_of(
            lambda: client.messages.create(
                model="m", max_tokens=9, messages=[{"role": "user", "content": "Hi"}], stream=stream
            )
        )


def _exception_of(ask: Callable[[], object]) -> BaseException:
    try:
        reply = ask()
        if isinstance(reply, Iterator):
            list(reply)
    except Exception as error:  # noqa: BLE001 - whatever the SDK raises is what we want
        return error
    raise AssertionError("the SDK took this for a success")


def judge(case: Case, error: BaseException) -> LLMServiceError:
    """Map as the provider does, or as any would that has no rows of its own."""
    match case.provider:
        case "openai":
            return map_openai_error(error, model="m")
        case "anthropic":
            return map_anthropic_error(error, model="m")
        case known if known in registry:
            return registry.get(known).map_error(error, model="m")
        case unknown:
            return map_provider_error(error, provider=unknown, model="m")


def judgement_of(error: LLMServiceError) -> Judgement:
    return Judgement(
        error.category,
        error.reason,
        error.retryable,
        error.retry_after,
        error.code,
        error.request_id,
    )
