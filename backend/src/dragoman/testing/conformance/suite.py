"""The suite: every case there is, for whoever runs it: `pytest`, or `dragoman providers test`."""

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from dragoman.services.providers import BaseProvider
from dragoman.services.providers.http import HttpProvider
from dragoman.testing.conformance import answers, asking, failures, identity, streams
from dragoman.testing.conformance.bench import Bench, bench_model
from dragoman.testing.conformance.case import Case, NotOffered, Outcome
from dragoman.testing.conformance.endpoint import PATIENCE, Endpoint
from dragoman.testing.conformance.live import LIVE_CASES
from dragoman.testing.conformance.ollama_voice import OllamaVoice
from dragoman.testing.conformance.questions import VENDOR_MODEL
from dragoman.testing.conformance.report import Column
from dragoman.testing.conformance.voice import BothSides, Voice, WireVoice
from dragoman.wire import ollama_chat
from dragoman.wire.base import ProviderSide

CASES: Final[tuple[Case[Bench], ...]] = (
    *identity.CASES,
    *asking.CASES,
    *answers.CASES,
    *streams.CASES,
    *failures.CASES,
)
"""Every case, by what it is about."""


_NOT_TRIED: Final = "not tried, as the plainest question is not answered"


def bench_of(provider: BaseProvider, wire: str | None = None) -> Bench:
    """Put a provider on the bench, asked in the wire of that name, or else in its usual one.

    Raises `NotOffered`, with the way out, where nobody here can answer in its wire.
    """
    if not isinstance(provider, HttpProvider):
        raise NotOffered(
            f"provider {provider.provider_id!r} is no HttpProvider, so nobody knows how it is "
            "answered: name a subclass of dragoman.testing.ProviderContract that knows, or the "
            "URL of its server"
        )
    spoken = _wire(provider, wire)
    return Bench(
        provider=provider,
        voice=_voice(provider, spoken),
        model=bench_model(provider.provider_id, spoken.name),
        path=spoken.path.replace("{model}", VENDOR_MODEL),
    )


# Who answers in a format that no client speaks here.
_VOICES: Final[dict[str, Voice]] = {ollama_chat.name: OllamaVoice()}


def _voice(provider: HttpProvider, wire: ProviderSide) -> Voice:
    if wire.name in _VOICES:
        return _VOICES[wire.name]
    if isinstance(wire, BothSides):
        return WireVoice(wire, counts_unasked="stream_options" in provider.without)
    raise NotOffered(
        f"the wire {wire.name!r} can be read here and not spoken: name a subclass of "
        "dragoman.testing.ProviderContract that knows how it answers"
    )


def _wire(provider: HttpProvider, name: str | None) -> ProviderSide:
    wires = {wire.name: wire for wire in (provider.wire, *provider.other_wires)}
    if name is not None and name not in wires:
        raise NotOffered(f"it is not asked in {name!r}, but in: {', '.join(wires)}")
    return provider.wire if name is None else wires[name]


async def examine(bench: Bench) -> Column:
    """Try every case on a provider at a scripted upstream."""
    outcomes = [await case.judge(bench) for case in CASES]
    return Column(bench.model.wire or bench.provider.provider_id, tuple(outcomes))


async def examine_live(endpoint: Endpoint, *, heard: Callable[[Outcome], None]) -> Column:
    """Try every case of `live` at an address; `heard` is told of each.

    Where the plainest question is not answered, nothing more is asked.
    """
    outcomes = []
    for case in LIVE_CASES:
        if endpoint.answers:
            outcome = await case.judge(endpoint, limit=2 * PATIENCE.total)
            outcome = replace(outcome, detail=endpoint.redact(outcome.detail))
        else:
            outcome = Outcome(case.name, case.promise, "not offered", _NOT_TRIED)
        heard(outcome)
        outcomes.append(outcome)
    return Column(endpoint.provider.wire.name, tuple(outcomes))
