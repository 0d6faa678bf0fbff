"""The tests that every provider passes: subclass `ProviderContract` and fill in what is yours.

    class TestMine(ProviderContract):
        provider = MyProvider()
        path = "/chat/completions"

        def whole(self, text): …        # the body of a whole reply that says `text`
        def stream(self, words): …      # the pieces of a stream that says `words`, in order

A test of the template may be replaced only with a reason: decorate the new one with
`@replaces_template("why")`. Taking one away without a reason fails when the class is made.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import ClassVar, Final, TypeVar

from dragoman.chat import (
    Category,
    ChatRequest,
    Fold,
    LLMServiceError,
    Message,
    Reply,
    StopReason,
    StreamEvent,
    Text,
)
from dragoman.config.facts import ModelEntry
from dragoman.services.llm_service import get_ai_response, stream_ai_response
from dragoman.services.providers import BaseProvider, Engines, HttpProvider, Runtime
from dragoman.services.providers.registry import check_id
from dragoman.services.providers.transport import AiohttpUpstream, Timeouts
from dragoman.services.routing import Candidate
from dragoman.testing.grammar import check_grammar
from dragoman.testing.upstream import (
    End,
    Received,
    Script,
    ScriptedUpstream,
    scripted_upstream,
)

KEY: Final = "canary-5b1f0a9c3d7e"
"""The key that the tests plant, and look for where it must not be."""

_TIMEOUTS: Final = Timeouts(connect=1, first_byte=0.5, first_token=1, idle=0.5, total=5)

F = TypeVar("F", bound=Callable[..., object])


def replaces_template(reason: str) -> Callable[[F], F]:
    """Mark a test that stands in for one of the template's; `reason` says why yours differs."""
    if not reason.strip():
        raise ValueError("a test of the template is replaced for a reason: say it")

    def mark(test: F) -> F:
        test.__dict__["reason"] = reason
        return test

    return mark


class ProviderContract:
    """What is true of every provider that is asked over HTTP."""

    provider: ClassVar[BaseProvider]
    path: ClassVar[str]
    model: ClassVar[ModelEntry | None] = None
    spare: ClassVar[int] = 0
    """How many of a stream's last pieces may be missing where the body ends cleanly."""

    def __init_subclass__(cls) -> None:
        """Refuse a subclass that drops a test of the template without a reason."""
        for name, own in vars(cls).items():
            replaced = name.startswith("test_") and hasattr(ProviderContract, name)
            if replaced and not getattr(own, "__dict__", {}).get("reason"):
                raise TypeError(
                    f"{cls.__name__}.{name} replaces a test of the template: "
                    "decorate it with @replaces_template and say why"
                )

    def whole(self, text: str) -> bytes:
        """Give the body of a whole reply that says `text`."""
        raise NotImplementedError

    def stream(self, words: Sequence[str]) -> Sequence[bytes]:
        """Give the pieces of a stream that says `words`."""
        raise NotImplementedError

    def test_its_id_and_its_config_name_the_provider(self) -> None:
        check_id(self.provider.provider_id)
        config = self.provider.get_config({})
        assert config.id == self.provider.provider_id
        assert config.name

    def test_a_key_enables_it_and_a_blank_one_does_not(self) -> None:
        variable = self.provider.get_config({}).api_key_env
        if variable is None:
            assert self.provider.get_config({}).enabled
            return
        assert not self.provider.get_config({}).enabled
        assert not self.provider.get_config({variable: "  "}).enabled
        assert self.provider.get_config({variable: KEY}).enabled

    def test_its_key_is_in_no_description(self) -> None:
        config = self.provider.get_config(self._environ("http://127.0.0.1:1"))
        assert KEY not in f"{config!r} {config} {self.provider!r}"

    def test_an_unknown_error_is_judged_too(self) -> None:
        error = self.provider.map_error(RuntimeError("surprise"), model="m")
        assert isinstance(error, LLMServiceError)
        assert (error.provider, error.model) == (self.provider.provider_id, "m")

    async def test_a_whole_reply_arrives(self) -> None:
        async with scripted_upstream() as upstream:
            upstream.play(_json(self.whole("Good day")))
            reply = await self.ask(upstream)
        assert (reply.text, reply.stop and reply.stop.reason) == ("Good day", StopReason.STOP)

    async def test_a_streamed_reply_arrives(self) -> None:
        async with scripted_upstream() as upstream:
            upstream.play(self._stream(self.stream(["Good", " ", "day"])))
            reply = await self.ask(upstream, stream=True)
        assert (reply.text, reply.stop and reply.stop.reason) == ("Good day", StopReason.STOP)

    async def test_a_stream_says_the_same_however_it_is_cut_into_reads(self) -> None:
        body = b"".join(self.stream(["Good", " ", "day"]))
        async with scripted_upstream() as upstream:
            upstream.play(self._stream([body]))
            at_once = await self.ask(upstream, stream=True)
            upstream.play(self._stream([body[i : i + 1] for i in range(len(body))]))
            by_the_byte = await self.ask(upstream, stream=True)
        assert at_once.text == by_the_byte.text == "Good day"

    async def test_an_answer_in_the_other_mode_is_understood(self) -> None:
        async with scripted_upstream() as upstream:
            upstream.play(_json(self.whole("whole")))
            assert (await self.ask(upstream, stream=True)).text == "whole"
            upstream.play(self._stream(self.stream(["in", " pieces"])))
            assert (await self.ask(upstream)).text == "in pieces"

    async def test_the_request_carries_the_key_the_model_and_the_words(self) -> None:
        async with scripted_upstream() as upstream:
            upstream.play(_json(self.whole("ok")))
            await self.ask(upstream)
            (request,) = upstream.received
        assert (request.method, request.path) == ("POST", self.path)
        self._check_key(request)
        assert KEY.encode() not in request.body
        assert b"vendor-model" in request.path.encode() + request.body
        for said in _SAID:
            assert said.encode() in request.body, f"{said!r} was said, and is not sent"

    async def test_the_vendor_is_told_whether_to_stream(self) -> None:
        async with scripted_upstream() as upstream:
            upstream.play(_json(self.whole("ok")))
            await self.ask(upstream)
            await self.ask(upstream, stream=True)
            whole, streamed = upstream.received
        assert (whole.path, whole.headers, whole.body) != (
            streamed.path,
            streamed.headers,
            streamed.body,
        )

    async def test_a_cut_stream_is_never_taken_for_whole(self) -> None:
        pieces = self.stream(["Good", " ", "day"])
        for kept in range(len(pieces)):
            async with scripted_upstream() as upstream:
                upstream.play(self._stream(pieces[:kept], end="cut"))
                error = await self.fail(upstream, stream=True)
            assert error.category in _BROKEN, f"cut after {kept} pieces"

    async def test_a_stream_that_ends_too_early_is_never_taken_for_whole(self) -> None:
        pieces = self.stream(["Good", " ", "day"])
        for kept in range(len(pieces) - self.spare):
            async with scripted_upstream() as upstream:
                upstream.play(self._stream(pieces[:kept]))
                error = await self.fail(upstream, stream=True)
            assert error.category in _BROKEN, f"ended after {kept} pieces"

    async def test_nonsense_is_the_vendors_fault(self) -> None:
        for nonsense in _NONSENSE:
            async with scripted_upstream() as upstream:
                upstream.play(_json(nonsense))
                assert (await self.fail(upstream)).category in _BROKEN, nonsense
                upstream.play(self._stream([nonsense + b"\n\n"]))
                assert (await self.fail(upstream, stream=True)).category in _BROKEN, nonsense

    async def test_failures_fall_into_the_right_category(self) -> None:
        for status, category in _CATEGORIES.items():
            async with scripted_upstream() as upstream:
                upstream.play(Script(status, {"content-type": "text/html"}, (b"<h1>no</h1>",)))
                error = await self.fail(upstream)
            assert error.category is category, status
            assert "<h1>" not in str(error)

    async def test_retry_after_is_kept(self) -> None:
        async with scripted_upstream() as upstream:
            for body in (b"{}", *_NONSENSE):
                upstream.play(Script(429, {"retry-after": "7"}, (body,)))
                error = await self.fail(upstream)
                assert (error.category, error.retry_after) == (Category.RATE_LIMIT, 7.0), body

    async def test_silence_runs_into_a_timeout(self) -> None:
        async with scripted_upstream() as upstream:
            upstream.play(Script(before=30))
            assert (await self.fail(upstream)).category is Category.TIMEOUT
            upstream.play(self._stream(self.stream(["Good", "day"])[:-2], end="hang"))
            assert (await self.fail(upstream, stream=True)).category is Category.TIMEOUT

    async def test_nobody_listening_is_a_connection_error(self) -> None:
        async with scripted_upstream() as upstream:
            nobody = upstream.url
        error = await self._fail_at(nobody)
        assert error.category is Category.CONNECTION
        assert KEY not in str(error)

    async def test_leaving_early_ends_the_call(self) -> None:
        async with scripted_upstream() as upstream:
            upstream.play(self._stream(self.stream(["Good", " day"])[:-2], end="hang"))
            async with self._world(upstream.url) as candidate:
                async with aclosing(stream_ai_response(_request(stream=True), candidate)) as said:
                    await anext(said)
                await asyncio.wait_for(upstream.closed_by_peer.wait(), 1)

    async def ask(self, upstream: ScriptedUpstream, *, stream: bool = False) -> Reply:
        """Ask the provider at `upstream`; the events of a stream are held to their grammar."""
        async with self._world(upstream.url) as candidate:
            if not stream:
                return await get_ai_response(_request(stream=False), candidate)
            folding = Fold()
            events: list[StreamEvent] = []
            async with aclosing(stream_ai_response(_request(stream=True), candidate)) as batches:
                async for batch in batches:
                    events += batch
            check_grammar(events)
            folding.add(events)
            return folding.reply()

    async def fail(self, upstream: ScriptedUpstream, *, stream: bool = False) -> LLMServiceError:
        """Ask, and give the error that must come of it."""
        try:
            reply = await self.ask(upstream, stream=stream)
        except LLMServiceError as error:
            return error
        raise AssertionError(f"taken for a good reply: {reply.text!r}")

    async def _fail_at(self, url: str) -> LLMServiceError:
        try:
            async with self._world(url) as candidate:
                await get_ai_response(_request(stream=False), candidate)
        except LLMServiceError as error:
            return error
        raise AssertionError("taken for a good reply")

    def _check_key(self, request: Received) -> None:
        if isinstance(self.provider, HttpProvider) and self.provider.api_key_env is not None:
            name, before = self.provider.key_header
            assert request.headers.get(name) == before + KEY

    def _stream(self, pieces: Sequence[bytes], *, end: End = "clean") -> Script:
        types = self.provider.stream_types if isinstance(self.provider, HttpProvider) else ()
        media = min(types, default="text/event-stream")
        return Script(headers={"content-type": media}, pieces=tuple(pieces), end=end)

    def _environ(self, url: str) -> dict[str, str]:
        config = self.provider.get_config({})
        prefix = self.provider.provider_id.upper().replace("-", "_")
        keys = {} if config.api_key_env is None else {config.api_key_env: KEY}
        return {f"{prefix}_BASE_URL": url, **keys}

    @asynccontextmanager
    async def _world(self, url: str) -> AsyncIterator[Candidate]:
        """Give the provider with a key, at `url`, with a socket of its own."""
        model = self.model or ModelEntry(
            "ours", "Ours", "", self.provider.provider_id, upstream_id="vendor-model"
        )
        socket = AiohttpUpstream(_TIMEOUTS)
        try:
            runtime = Runtime(self._environ(url), socket, _TIMEOUTS, Engines())
            yield Candidate(model, self.provider, runtime)
        finally:
            await socket.close()


_SAID: Final = ("I am Ada", "Nice to meet you", "Who am I?")
_NONSENSE: Final = (
    b"",
    b"[]",
    b"null",
    b'{"a": {"b": [1, "c"]}}',
    b"\x00\xff{]",
    b"<html>no</html>",
)
_BROKEN: Final = frozenset(
    {Category.STREAM_INTERRUPTED, Category.CONNECTION, Category.BAD_RESPONSE}
)

_CATEGORIES: Final = {
    401: Category.AUTHENTICATION,
    402: Category.QUOTA_EXHAUSTED,
    403: Category.PERMISSION,
    404: Category.MODEL_NOT_FOUND,
    408: Category.TIMEOUT,
    413: Category.INVALID_REQUEST,
    429: Category.RATE_LIMIT,
    500: Category.BAD_RESPONSE,
    503: Category.OVERLOADED,
    529: Category.OVERLOADED,
}


def _json(body: bytes) -> Script:
    return Script(headers={"content-type": "application/json"}, pieces=(body,))


def _request(*, stream: bool) -> ChatRequest:
    first, second, third = _SAID
    messages = (
        Message("user", (Text(first),)),
        Message("assistant", (Text(second),)),
        Message("user", (Text(third),)),
    )
    return ChatRequest(model="ours", messages=messages, stream=stream)
