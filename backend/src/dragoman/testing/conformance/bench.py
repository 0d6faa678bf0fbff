"""A provider on the bench: asked at a scripted upstream, with everything that went each way."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from dragoman.chat import (
    ChatRequest,
    Fold,
    LLMBadRequestError,
    LLMServiceError,
    Reply,
    StreamEvent,
    Usage,
)
from dragoman.config.facts import ModelEntry
from dragoman.config.provider_rows import address_variable
from dragoman.services.llm_service import stream_ai_response
from dragoman.services.providers import BaseProvider, Engines, Runtime
from dragoman.services.providers.client.upstream import HttptoolsUpstream
from dragoman.services.providers.http import HttpProvider
from dragoman.services.providers.transport import Timeouts
from dragoman.services.routing import Candidate
from dragoman.testing.conformance.case import NotOffered, Shortfall, require
from dragoman.testing.conformance.questions import OUR_MODEL, PRICED, TALK, VENDOR_MODEL
from dragoman.testing.conformance.voice import Streamed, Voice
from dragoman.testing.grammar import check_grammar
from dragoman.testing.upstream import (
    Answer,
    End,
    Received,
    Script,
    ScriptedUpstream,
    scripted_upstream,
)

KEY: Final = "canary-5b1f0a9c3d7e"
"""The key that the kit plants, and looks for where it must not be."""

PATIENT: Final = Timeouts(connect=5, first_byte=10, first_token=10, idle=10, total=20)
HASTY: Final = Timeouts(connect=1, first_byte=0.3, first_token=0.5, idle=0.3, total=5)
"""For an upstream that is known to stand still."""

JSON: Final = "application/json"
_SHORT: Final = 40


class Heard(Struct, frozen=True):
    """One question to the provider: what it sent, and the reply or the error that came of it."""

    sent: tuple[Received, ...]
    reply: Reply | None = None
    error: LLMServiceError | None = None

    @property
    def request(self) -> Received:
        """The request that arrived upstream; there must be one."""
        require(bool(self.sent), f"nothing was sent: {self.error}")
        return self.sent[0]

    @property
    def answer(self) -> Reply:
        """The reply; there must be one, or a refusal."""
        if self.refused:
            raise NotOffered(f"refused before anything is sent: {self.error}")
        if self.reply is None:
            raise Shortfall(f"saw the error {_told(self.error)}, expected a reply")
        return self.reply

    @property
    def refused(self) -> bool:
        """Whether the provider refused the question itself, and asked nobody."""
        return isinstance(self.error, LLMBadRequestError) and not self.sent

    @property
    def failure(self) -> LLMServiceError:
        """The error; there must be one."""
        if self.error is None:
            said = None if self.reply is None else self.reply.text
            raise Shortfall(f"saw a good reply, {said!r}, expected an error")
        return self.error


def _told(error: LLMServiceError | None) -> str:
    return "none" if error is None else f"{error.category} ({error})"


class Bench(Struct, frozen=True, kw_only=True):
    """A provider, the wire it is asked in, and who answers in that wire's words.

    `path` is where its requests must go, `None` where nobody knows. `cost` is what the answers say
    they cost, `None` where nobody knows.
    """

    provider: BaseProvider
    voice: Voice
    model: ModelEntry
    path: str | None = None
    cost: Usage | None = PRICED.usage

    @property
    def usage(self) -> Usage:
        """What the answers say they cost. Raises `NotOffered` where nobody knows."""
        if self.cost is None:
            raise NotOffered("nobody said what the answers cost")
        return self.cost

    @property
    def row(self) -> HttpProvider | None:
        """The provider as a row, if it is one."""
        return self.provider if isinstance(self.provider, HttpProvider) else None

    @property
    def stream_type(self) -> str:
        """The content type of its streams."""
        return min(self.row.stream_types, default="") if self.row else "text/event-stream"

    def environ(self, url: str) -> dict[str, str]:
        """Give the variables that send the provider to `url`, with the planted key."""
        config = self.provider.get_config({})
        keys = {} if config.api_key_env is None else {config.api_key_env: KEY}
        return {address_variable(config.id): url, **keys}

    @asynccontextmanager
    async def candidate(self, url: str, timeouts: Timeouts = PATIENT) -> AsyncIterator[Candidate]:
        """Give the provider with a key, at `url`, with a socket of its own."""
        socket, engines = HttptoolsUpstream(timeouts), Engines()
        try:
            runtime = Runtime(self.environ(url), socket, timeouts, engines)
            yield Candidate(self.model, self.provider, runtime)
        finally:
            await engines.close()
            await socket.close()

    async def ask(
        self,
        answer: Script | Answer,
        request: ChatRequest = TALK,
        *,
        stream: bool = False,
        timeouts: Timeouts = PATIENT,
    ) -> Heard:
        """Ask once, at an upstream that answers so, however often it is asked."""
        said = _Said(answer)
        async with scripted_upstream() as upstream:
            upstream.play(said)
            heard = await self.ask_at(upstream, request, stream=stream, timeouts=timeouts)
        said.check()
        return heard

    async def ask_at(
        self,
        upstream: ScriptedUpstream,
        request: ChatRequest = TALK,
        *,
        stream: bool = False,
        timeouts: Timeouts = PATIENT,
    ) -> Heard:
        """Ask once, at `upstream`."""
        before = len(upstream.received)
        async with self.candidate(upstream.url, timeouts) as candidate:
            try:
                reply = await told(replace(request, stream=stream), candidate)
            except LLMServiceError as error:
                return Heard(tuple(upstream.received[before:]), error=error)
        return Heard(tuple(upstream.received[before:]), reply)

    async def ask_for(
        self, feature: str, request: ChatRequest, words: Sequence[str], reply: Reply
    ) -> Heard:
        """Ask for what not everybody offers; whatever of `words` is not sent must be told of.

        Raises `NotOffered` where the provider refuses beforehand, or tells that it left things out.
        """
        heard = await self.ask(self.whole(reply), request)
        if heard.refused:
            raise NotOffered(f"refused before anything is sent: {heard.error}")
        said = f"{heard.request.path} {heard.request.body.decode('utf-8', 'replace')}"
        missing = [word for word in words if word not in said]
        if missing:
            told_of = [r for r in heard.answer.receipts if r.action != "renamed"]
            if told_of:
                raise NotOffered(f"{told_of[0].field} is {told_of[0].action}: {told_of[0].reason}")
            lost = missing[0] if len(missing[0]) <= _SHORT else f"{missing[0][:_SHORT]}…"
            raise Shortfall(f"{feature}: {lost!r} was asked, is not sent, and nobody is told")
        return heard

    def whole(self, reply: Reply) -> Answer:
        """Answer with a whole reply."""
        return lambda asked: Script(
            headers={"content-type": JSON}, pieces=(self.voice.whole(reply, asked),)
        )

    def stream(self, reply: Reply, *, end: End = "clean") -> Answer:
        """Answer with a stream, event by event."""
        return lambda asked: self.stream_of(self.voice.stream(reply, asked).pieces, end=end)

    def stream_of(self, pieces: Sequence[bytes], *, end: End = "clean") -> Script:
        """Answer with these pieces of a stream."""
        return Script(headers={"content-type": self.stream_type}, pieces=tuple(pieces), end=end)

    async def streamed(self, reply: Reply) -> Streamed:
        """Give a stream as it would be told; asks the provider once, to have a request."""
        heard = await self.ask(self.stream(reply), stream=True)
        return self.voice.stream(reply, heard.request)


class _Said:
    """An answer that may turn out to be nothing that can be said."""

    def __init__(self, answer: Script | Answer) -> None:
        self._answer = answer
        self._unsaid: NotOffered | None = None

    def __call__(self, asked: Received) -> Script:
        if isinstance(self._answer, Script):
            return self._answer
        try:
            return self._answer(asked)
        except NotOffered as reason:
            self._unsaid = reason
            return Script(500)

    def check(self) -> None:
        """Raise `NotOffered` if there were no words for it."""
        if self._unsaid is not None:
            raise self._unsaid


async def told(request: ChatRequest, candidate: Candidate) -> Reply:
    """Ask, and hold what comes to the grammar of events."""
    folding = Fold()
    events: list[StreamEvent] = []
    async with aclosing(stream_ai_response(request, candidate)) as batches:
        async for batch in batches:
            events += batch
    check_grammar(events)
    folding.add(events)
    return folding.reply()


def bench_model(provider_id: str, wire: str | None = None) -> ModelEntry:
    """Make the entry of the model that the kit asks for: its vendor has another name for it."""
    return ModelEntry(OUR_MODEL, "Ours", "", provider_id, upstream_id=VENDOR_MODEL, wire=wire)
