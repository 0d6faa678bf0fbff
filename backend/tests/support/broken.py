"""Providers that are each broken in one way, for the conformance kit to find."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from dragoman.chat import (
    Category,
    ChatRequest,
    LLMBadRequestError,
    LLMServiceError,
    ResponseEnd,
    Stop,
    StopReason,
    ToolCall,
    UpstreamError,
)
from dragoman.config.facts import ModelEntry
from dragoman.services.providers import OpenAIProvider, ProviderConfig, Runtime
from dragoman.services.providers.http_model import HttpChatModel
from dragoman.wire import openai_chat


class Chat:
    """OpenAI's chat completions, to be broken by whoever inherits it."""

    name = openai_chat.name
    path = openai_chat.path
    read_request = staticmethod(openai_chat.read_request)
    write_reply = staticmethod(openai_chat.write_reply)
    write_failure = staticmethod(openai_chat.write_failure)
    stream_writer = staticmethod(openai_chat.stream_writer)
    read_failure = staticmethod(openai_chat.read_failure)
    read_reply = staticmethod(openai_chat.read_reply)
    stream_reader = staticmethod(openai_chat.stream_reader)

    def write_request(self, request: ChatRequest, *, without: frozenset[str] = frozenset()):
        written = openai_chat.write_request(request, without=without)
        return replace(written, body=msgspec.json.encode(self.sent(json.loads(written.body))))

    def sent(self, body: dict[str, Any]) -> dict[str, Any]:
        return body


class SwallowsTheSystemText(Chat):
    def sent(self, body):
        return body | {"messages": [m for m in body["messages"] if m["role"] == "user"]}


class ForgetsTheTools(Chat):
    def sent(self, body):
        return {name: value for name, value in body.items() if name != "tools"}


class ForgetsToAskForUsage(Chat):
    def sent(self, body):
        return {name: value for name, value in body.items() if name != "stream_options"}


class SendsNoPictures(Chat):
    def sent(self, body):
        for message in body["messages"]:
            if isinstance(message.get("content"), list):
                message["content"] = [p for p in message["content"] if p["type"] == "text"]
        return body


class ForgetsTheSchema(Chat):
    def sent(self, body):
        return {name: value for name, value in body.items() if name != "response_format"}


class AlwaysStreams(Chat):
    def sent(self, body):
        return body | {"stream": True, "stream_options": {"include_usage": True}}


class InventsAField(Chat):
    def sent(self, body):
        return body | {"messages": [*body["messages"], {"role": "narrator", "content": "…"}]}


class Reader:
    """A reader of a stream, to be broken by whoever inherits it."""

    def __init__(self) -> None:
        self._inner = openai_chat.stream_reader()

    @property
    def done(self) -> bool:
        return self._inner.done

    def feed(self, chunk: bytes):
        return self.changed(self._inner.feed(chunk))

    def close(self, *, clean: bool):
        return self.changed(self._inner.close(clean=clean))

    def changed(self, events):
        return events


class _Believer(Reader):
    def close(self, *, clean: bool):
        try:
            return super().close(clean=clean)
        except UpstreamError:
            return [ResponseEnd(Stop(StopReason.STOP))]


class TakesACutStreamForWhole(Chat):
    stream_reader = _Believer


class _Careless(Reader):
    def changed(self, events):
        return [replace(e, usage=None) if isinstance(e, ResponseEnd) else e for e in events]


class LosesUsage(Chat):
    stream_reader = _Careless

    def read_reply(self, body):
        return replace(openai_chat.read_reply(body), usage=None)


class DropsToolCalls(Chat):
    def read_reply(self, body):
        reply = openai_chat.read_reply(body)
        return replace(reply, parts=tuple(p for p in reply.parts if not isinstance(p, ToolCall)))


class CallsEveryEndAStop(Chat):
    def read_reply(self, body):
        return replace(openai_chat.read_reply(body), stop=Stop(StopReason.STOP))


class _Hoarder(Reader):
    def __init__(self) -> None:
        super().__init__()
        self._kept: list[Any] = []

    def feed(self, chunk: bytes):
        self._kept += super().feed(chunk)
        return []

    def close(self, *, clean: bool):
        return [*self._kept, *super().close(clean=clean)]


class HoldsTheStreamBack(Chat):
    stream_reader = _Hoarder


class Provider(OpenAIProvider, frozen=True, kw_only=True):
    """A provider to be broken by whoever inherits it; its id stays OpenAI's."""


class KeyInTheWrongHeader(Provider, frozen=True, kw_only=True):
    def request_headers(
        self, config: ProviderConfig, model: ModelEntry | None, client: Mapping[str, str] = {}
    ) -> dict[str, str]:
        headers = super().request_headers(config, model, client)
        return {("x-token" if n == "authorization" else n): value for n, value in headers.items()}


class ForgetsContentType(Provider, frozen=True, kw_only=True):
    def request_headers(
        self, config: ProviderConfig, model: ModelEntry | None, client: Mapping[str, str] = {}
    ) -> dict[str, str]:
        headers = super().request_headers(config, model, client)
        return headers | {"content-type": "text/plain"}


class KeyInTheAddress(Provider, frozen=True, kw_only=True):
    def create_llm(self, model: ModelEntry, runtime: Runtime) -> HttpChatModel:
        config = self.get_config(runtime.environ)
        key = config.api_key.reveal() if config.api_key else ""
        there = f"{config.base_url}/{key}"
        return super().create_llm(
            model, replace(runtime, environ={**runtime.environ, "OPENAI_BASE_URL": there})
        )


class SendsOurNameOfTheModel(Provider, frozen=True, kw_only=True):
    def create_llm(self, model: ModelEntry, runtime: Runtime) -> HttpChatModel:
        return super().create_llm(replace(model, upstream_id=None), runtime)


class TellsTheKeyInErrors(Provider, frozen=True, kw_only=True):
    def map_error(self, error: BaseException, *, model: str | None = None) -> LLMServiceError:
        judged = super().map_error(error, model=model)
        if isinstance(error, UpstreamError):
            judged.code = error.failure.code
            judged.args = (f"{judged} with the key canary-5b1f0a9c3d7e",)
        return judged


class CallsALimitABadRequest(Provider, frozen=True, kw_only=True):
    def map_error(self, error: BaseException, *, model: str | None = None) -> LLMServiceError:
        judged = super().map_error(error, model=model)
        if judged.status != 429:
            return judged
        return LLMBadRequestError(
            Category.INVALID_REQUEST, str(judged), provider="openai", model=model, status=429
        )


class LosesRetryAfter(Provider, frozen=True, kw_only=True):
    def map_error(self, error: BaseException, *, model: str | None = None) -> LLMServiceError:
        judged = super().map_error(error, model=model)
        judged.retry_after = None
        return judged


class RetriesByItself(Provider, frozen=True, kw_only=True):
    def create_llm(self, model: ModelEntry, runtime: Runtime) -> "Stubborn":
        return Stubborn(super().create_llm(model, runtime))


class Stubborn:
    """A model that asks a second time where the first went wrong."""

    def __init__(self, inner: HttpChatModel) -> None:
        self._inner = inner
        self.complete = inner.complete

    async def stream(self, request: ChatRequest):
        for last in (False, True):
            try:
                async for batch in self._inner.stream(request):
                    yield batch
                break
            except UpstreamError as error:
                if last or (error.failure.status or 0) < 429:
                    raise


class NeverCancels(Provider, frozen=True, kw_only=True):
    def create_llm(self, model: ModelEntry, runtime: Runtime) -> "Deaf":
        return Deaf(super().create_llm(model, runtime))


class Deaf:
    """A model that reads on, whether or not anybody listens."""

    def __init__(self, inner: HttpChatModel) -> None:
        self._inner = inner
        self.complete = inner.complete

    async def stream(self, request: ChatRequest):
        batches: asyncio.Queue[Any] = asyncio.Queue()

        async def read() -> None:
            try:
                async for batch in self._inner.stream(request):
                    batches.put_nowait(batch)
                batches.put_nowait(None)
            except Exception as error:  # noqa: BLE001 - it is handed on
                batches.put_nowait(error)

        _READING.add(asyncio.create_task(read()))
        while (batch := await batches.get()) is not None:
            if isinstance(batch, Exception):
                raise batch
            yield batch


_READING: set[asyncio.Task[None]] = set()


class BrokenInManyWaysWire(SwallowsTheSystemText, DropsToolCalls, TakesACutStreamForWhole):
    """What its parents break, and what it sends besides."""

    def sent(self, body):
        for breaks in (SwallowsTheSystemText, SendsNoPictures, ForgetsTheSchema):
            body = breaks.sent(self, body)
        return ForgetsToAskForUsage.sent(self, body)


class BrokenInManyWays(KeyInTheWrongHeader, SendsOurNameOfTheModel, frozen=True, kw_only=True):
    """A provider with a dozen faults at once, as a careless author might write it."""

    wire: Any = BrokenInManyWaysWire()

    def create_llm(self, model: ModelEntry, runtime: Runtime) -> Any:
        return Deaf(super().create_llm(model, runtime))

    def map_error(self, error: BaseException, *, model: str | None = None) -> LLMServiceError:
        judged = OpenAIProvider.map_error(self, error, model=model)
        if judged.status == 429:
            return LLMBadRequestError(Category.INVALID_REQUEST, str(judged), status=429)
        judged.args = (f"{judged} with the key canary-5b1f0a9c3d7e",)
        return judged
