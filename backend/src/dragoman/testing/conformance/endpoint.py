"""A server at an address, asked for real, a few times and briefly; what it said is kept."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from dragoman.chat import (
    Category,
    ChatRequest,
    Fold,
    Limits,
    LLMServiceError,
    Message,
    Reply,
    StreamEvent,
    Text,
    Usage,
)
from dragoman.config.facts import ModelEntry
from dragoman.observability.secrets import mask
from dragoman.services.llm_service import stream_ai_response
from dragoman.services.providers import Engines, HttpProvider, Runtime
from dragoman.services.providers.client.upstream import HttptoolsUpstream
from dragoman.services.providers.transport import MAX_BODY, Timeouts, UpstreamResponse, read_body
from dragoman.services.routing import Candidate
from dragoman.testing.conformance.case import NotOffered, Shortfall, require
from dragoman.testing.grammar import check_grammar

MOST_REQUESTS: Final = 25
"""How often one run asks at most."""
FEW_TOKENS: Final = 128
"""The longest answer that is asked for but by the case about reasoning, in tokens."""

_ENOUGH: Final = 20.0
"""Seconds that a server may take to see that nonsense is none of its requests."""

PATIENCE: Final = Timeouts(connect=5, first_byte=60, first_token=90, idle=60, total=120)

# What a server says to what it does not know.
_REFUSALS: Final = frozenset(
    {
        Category.INVALID_REQUEST,
        Category.MODEL_NOT_FOUND,
        Category.PERMISSION,
        Category.UNSUPPORTED,
    }
)


class Exchange:
    """One answer as it came: its status, its headers, its bytes so far."""

    def __init__(self, url: str, response: UpstreamResponse) -> None:
        self.url = url
        self.status = response.status
        self.headers = response.headers
        self.body = b""
        self._response = response

    async def read(self, *, limit: int = MAX_BODY) -> bytes:
        """Give what has come of the body, and keep it."""
        chunk = await self._response.read(limit=limit)
        self.body += chunk
        return chunk

    async def chunks(self, *, limit: int = MAX_BODY) -> AsyncIterator[bytes]:
        """Give the body as it comes, and keep it."""
        while chunk := await self.read(limit=limit):
            yield chunk


class Recorder:
    """An upstream that counts what is asked, and keeps what is answered.

    Each request has a connection of its own: what one does to its connection spoils no other.
    """

    def __init__(self, *, trust_proxies: bool = False) -> None:
        self._trust_proxies = trust_proxies
        self.exchanges: list[Exchange] = []
        self.sent = 0

    @asynccontextmanager
    async def send(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes = b""
    ) -> AsyncIterator[UpstreamResponse]:
        """Send one request."""
        self.sent += 1
        socket = HttptoolsUpstream(PATIENCE, trust_proxies=self._trust_proxies)
        try:
            async with socket.send(method, url, headers=headers, body=body) as response:
                self.exchanges.append(Exchange(url, response))
                yield self.exchanges[-1]
        finally:
            await socket.close()


class Said(Struct, frozen=True):
    """What came of one question: a reply or an error, and the bytes; `words` counts the pieces."""

    exchange: Exchange | None
    reply: Reply | None = None
    error: LLMServiceError | None = None
    words: int = 0

    @property
    def answer(self) -> Reply:
        """The reply; there must be one."""
        if self.reply is None:
            raise Shortfall(f"saw {_told(self.error)}, expected a reply")
        return self.reply

    def offered(self) -> Reply:
        """Give the reply. Raises `NotOffered` if the server refused what not all can do."""
        if self.error is not None and self.error.category in _REFUSALS:
            raise NotOffered(f"refused: {self.error}")
        return self.answer

    @property
    def failure(self) -> LLMServiceError:
        """The error; there must be one."""
        if self.error is None:
            raise Shortfall(f"saw a good reply, {self.answer.text[:60]!r}, expected an error")
        return self.error

    @property
    def raw(self) -> Exchange:
        """The answer's bytes; there must be some."""
        if self.exchange is None:
            raise Shortfall(f"saw {_told(self.error)}, expected an answer")
        return self.exchange


def _told(error: LLMServiceError | None) -> str:
    return "nothing" if error is None else f"the error {error.category} ({error})"


class Endpoint:
    """A provider where it really is, one of its models, and what it said before.

    `environ` has the key, if it needs one, and its address, if that is moved.
    """

    def __init__(
        self,
        provider: HttpProvider,
        environ: Mapping[str, str],
        model: str | None = None,
        *,
        trust_proxies: bool = False,
    ) -> None:
        self.provider = provider
        self.model = model or ""
        self.recorder = Recorder(trust_proxies=trust_proxies)
        self._environ = environ
        self._remembered: dict[bool, Said] = {}

    @property
    def address(self) -> str:
        """Where it is."""
        return self.provider.get_config(self._environ).base_url

    @property
    def has_key(self) -> bool:
        """Whether it is sent a key."""
        return self.provider.get_config(self._environ).api_key is not None

    @property
    def answers(self) -> bool:
        """Whether the plainest question was answered, if it was asked."""
        said = self._remembered.get(False)
        return said is None or said.error is None

    def spend(self) -> None:
        """Raise `NotOffered` where enough was asked."""
        if self.recorder.sent >= MOST_REQUESTS:
            raise NotOffered(f"not tried, as {MOST_REQUESTS} requests were sent already")

    async def models(self) -> tuple[str, ...]:
        """Ask for the list of models; raises like a question."""
        return await self.provider.list_models(self._runtime(self._environ))

    async def ask(
        self,
        request: ChatRequest,
        *,
        stream: bool = False,
        model: str | None = None,
        key: str | None = None,
        until_first_word: bool = False,
    ) -> Said:
        """Ask once; `model` and `key` in place of the usual ones."""
        self.spend()
        environ, variable = self._environ, self.provider.api_key_env
        if key is not None and variable is not None:
            environ = {**environ, variable: key}
        entry = self._entry(model or self.model)
        candidate = Candidate(entry, self.provider, self._runtime(environ))
        limits = Limits(output=request.limits.output or FEW_TOKENS)
        asked = replace(request, model=entry.id, stream=stream, limits=limits)
        before = len(self.recorder.exchanges)
        events: list[StreamEvent] = []
        error = None
        try:
            async with aclosing(stream_ai_response(asked, candidate)) as batches:
                async for batch in batches:
                    events += batch
                    if until_first_word and _words(events):
                        break
        except LLMServiceError as failure:
            error = failure
        exchanges = self.recorder.exchanges[before:]
        exchange = exchanges[0] if exchanges else None
        if error is not None:
            return Said(exchange, error=error)
        if not until_first_word:
            check_grammar(events)
        folding = Fold()
        folding.add(events)
        return Said(exchange, folding.reply(), words=_words(events))

    async def ask_nonsense(self) -> Exchange:
        """Send what is no request of any format, as JSON, and give what is said to it."""
        self.spend()
        llm = self.provider.create_llm(self._entry(self.model), self._runtime(self._environ))
        sent = llm.outgoing(PLAIN)
        nonsense = b'{"model": 7, "messages": 7}'
        try:
            async with (
                asyncio.timeout(_ENOUGH),
                self.recorder.send(
                    "POST", sent.url, headers=sent.headers, body=nonsense
                ) as response,
            ):
                await read_body(response)
        except TimeoutError:
            raise Shortfall(f"saw no answer in {_ENOUGH:.0f} s, expected an error") from None
        return self.recorder.exchanges[-1]

    async def plain(self, *, stream: bool = False) -> Said:
        """Ask the plainest question, or give what came of it before."""
        if stream not in self._remembered:
            self._remembered[stream] = await self.ask(PLAIN, stream=stream)
        return self._remembered[stream]

    async def cost_of_plain(self) -> int:
        """Give how many tokens the plainest question has, as the server counts."""
        usage = (await self.plain()).answer.usage or Usage()
        if not usage.input:
            raise NotOffered("how many tokens a question has is not told, so this cannot be seen")
        return usage.input

    def redact(self, text: str) -> str:
        """Take the key out of a text."""
        return mask(text, self.provider.secrets(self.provider.get_config(self._environ)))

    def _entry(self, model: str) -> ModelEntry:
        return ModelEntry(model, model, "", self.provider.provider_id)

    def _runtime(self, environ: Mapping[str, str]) -> Runtime:
        return Runtime(environ, self.recorder, PATIENCE, Engines())


def _words(events: list[StreamEvent]) -> int:
    return sum(bool(getattr(event, "text", "")) for event in events)


PLAIN: Final = ChatRequest(
    model="tried",
    messages=(Message("user", (Text("Name three colours, in one short sentence."),)),),
)


def need_growth(before: int, after: int, what: str) -> None:
    """Hold the server to count what it was sent: what costs nothing was not read."""
    require(
        after > before,
        f"{what} was taken without a word and not read: saw {after} tokens of input, "
        f"expected more than the {before} of the plainest question",
    )
