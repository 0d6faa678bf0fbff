"""The tests that every provider passes: subclass `ProviderContract` and fill in what is yours.

    class TestMine(ProviderContract):
        provider = MyProvider()
        path = "/chat/completions"

        def whole(self, text): …        # the body of a whole reply that says `text`
        def stream(self, words): …      # the pieces of a stream that says `words`, in order

Each case of `dragoman.testing.conformance` is a test of it: `stream.cut.is_interrupted` is
`test_stream_cut_is_interrupted`. One may be replaced only with a reason: decorate the new one with
`@replaces_template("why")`. Taking one away without a reason fails when the class is made.
"""

import re
import unittest
from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar, Final, TypeVar

from dragoman.chat import LLMServiceError, Reply, StopReason, Text, Usage
from dragoman.config.facts import ModelEntry
from dragoman.services.providers import BaseProvider, HttpProvider
from dragoman.testing.conformance.bench import Bench, Heard, bench_model
from dragoman.testing.conformance.case import Case, NotOffered
from dragoman.testing.conformance.questions import GOOD_DAY, PRICED, TALK
from dragoman.testing.conformance.suite import CASES
from dragoman.testing.conformance.voice import BothSides, Streamed, Voice, WireVoice
from dragoman.testing.upstream import End, Received, Script, ScriptedUpstream

_WORDS: Final = re.compile(r"\s+|\S+")

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
    """What is true of every provider that is asked over HTTP.

    `whole` and `stream` say words, and no more: where they are all there is, the cases that need
    tool calls, thinking or errors are skipped. A `voice` says everything, and so does a wire that
    can be spoken as well as read (it has all the members of `dragoman.wire.base.Wire`); `whole`
    and `stream` may be left out then. `path` is where a question goes that wants its answer whole,
    `usage` what `whole` and `stream` say they cost.
    """

    provider: ClassVar[BaseProvider]
    path: ClassVar[str | None] = None
    model: ClassVar[ModelEntry | None] = None
    spare: ClassVar[int] = 0
    """How many of a stream's last pieces may be missing where the body ends cleanly."""
    usage: ClassVar[Usage | None] = None
    voice: ClassVar[Voice | None] = None
    """How the vendor answers, in more than words."""

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

    def bench(self) -> Bench:
        """Put the provider where the cases are tried."""
        model = self.model or bench_model(self.provider.provider_id)
        row = self.provider if isinstance(self.provider, HttpProvider) else None
        wire = row and row.wire_for(TALK, model)
        unasked = row is not None and "stream_options" in row.without
        spoken = self.voice
        if spoken is None and isinstance(wire, BothSides):
            spoken = WireVoice(wire, counts_unasked=unasked)
        usual = wire.path.replace("{model}", model.vendor_id) if wire else None
        return Bench(
            provider=self.provider,
            voice=_ContractVoice(self, spoken),
            model=model,
            path=self.path or usual,
            cost=self.usage if spoken is None else PRICED.usage,
        )

    async def ask(self, upstream: ScriptedUpstream, *, stream: bool = False) -> Reply:
        """Ask the provider at `upstream`; the events of a stream are held to their grammar."""
        return _reply(await self.bench().ask_at(upstream, stream=stream))

    async def fail(self, upstream: ScriptedUpstream, *, stream: bool = False) -> LLMServiceError:
        """Ask, and give the error that must come of it."""
        return (await self.bench().ask_at(upstream, stream=stream)).failure

    def _stream(self, pieces: Sequence[bytes], *, end: End = "clean") -> Script:
        return self.bench().stream_of(pieces, end=end)


def _reply(heard: Heard) -> Reply:
    if heard.error is not None:
        raise heard.error
    return heard.answer


class _ContractVoice:
    """Answers in the words of a contract where it has some, else in those of its wire."""

    def __init__(self, contract: ProviderContract, spoken: Voice | None) -> None:
        self._contract = contract
        self._spoken = spoken

    def whole(self, reply: Reply, asked: Received) -> bytes:
        """Write a whole reply."""
        if self._is_in_its_words(reply) and _is_own(self._contract, "whole"):
            return self._contract.whole(reply.text)
        return self._in_full("whole").whole(reply, asked)

    def stream(self, reply: Reply, asked: Received) -> Streamed:
        """Write a streamed reply."""
        if self._is_in_its_words(reply) and _is_own(self._contract, "stream"):
            pieces = self._contract.stream(_WORDS.findall(reply.text))
            return Streamed(tuple(pieces), self._contract.spare)
        return self._in_full("stream").stream(reply, asked)

    def failure(self, error: LLMServiceError) -> bytes:
        """Write the body of an error answer."""
        return self._in_full().failure(error)

    def breaking_off(self, reply: Reply, error: LLMServiceError) -> Streamed:
        """Write a stream that fails."""
        return self._in_full().breaking_off(reply, error)

    def _is_in_its_words(self, reply: Reply) -> bool:
        """Tell whether a contract can say this: it knows plain words, at its own price."""
        plain = all(type(part) is Text for part in reply.parts)
        ends = reply.stop is not None and reply.stop.reason is StopReason.STOP
        return plain and ends and (self._spoken is None or reply.usage == GOOD_DAY.usage)

    def _in_full(self, words: str = "whole") -> Voice:
        """Give who says more than words. Raises `NotOffered`, with the way out, if nobody does."""
        if self._spoken is not None:
            return self._spoken
        if _is_own(self._contract, words):
            raise NotOffered("its test class says plain words, and no more: give it a voice")
        raise NotOffered(
            f"its test class has neither {words}() nor a voice, and its wire is not spoken here"
        )


def _is_own(contract: ProviderContract, name: str) -> bool:
    return getattr(type(contract), name) is not getattr(ProviderContract, name)


def _test_of(case: Case[Bench]) -> Callable[[ProviderContract], Awaitable[None]]:
    async def test(self: ProviderContract) -> None:
        try:
            await case.run(self.bench())
        except NotOffered as reason:
            raise unittest.SkipTest(str(reason)) from None

    test.__doc__ = case.promise
    return test


for _case in CASES:
    setattr(ProviderContract, f"test_{_case.name.replace('.', '_')}", _test_of(_case))
