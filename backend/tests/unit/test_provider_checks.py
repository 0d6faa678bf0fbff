"""The slow check of providers: who is asked, when, and what is made of it."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from dragoman.chat import LLMServiceError
from dragoman.config.facts import ModelConfiguration, ModelEntry
from dragoman.services.llm_service import get_ai_response
from dragoman.services.provider_checks import ProviderChecks
from dragoman.services.providers import (
    Engines,
    Health,
    OpenAIProvider,
    ProviderRegistry,
    Runtime,
    State,
    status_of,
)
from dragoman.services.providers.client.upstream import HttptoolsUpstream
from dragoman.services.providers.transport import Timeouts
from dragoman.services.routing import Setup
from dragoman.testing import Script, ScriptedUpstream, scripted_upstream
from dragoman.testing.upstream import whole
from tests.support.tapes import openai_whole
from tests.unit.providers.asked import asking

MODEL = ModelEntry("m", "M", "", "openai", default=True)
LISTED = whole({"data": [{"id": "m"}]})


class World:
    """A server's set-up, with one provider, a clock that is moved by hand, and its checks."""

    def __init__(self, url: str, upstream: HttptoolsUpstream) -> None:
        self.time = 1_000.0
        engines = Engines()
        engines.get(Health, Health, lambda: Health(lambda: self.time))
        environ = {"OPENAI_API_KEY": "openai-key-1", "OPENAI_BASE_URL": url}
        runtime = Runtime(environ, upstream, Timeouts(), engines)
        models = ModelConfiguration(models=(MODEL,), default=MODEL)
        self.setup = Setup(models, ProviderRegistry([OpenAIProvider()]), runtime)
        self.checks = ProviderChecks(
            lambda: self.setup, wanted=lambda: True, every=300, now=lambda: self.time
        )

    @property
    def state(self) -> State:
        return status_of(OpenAIProvider(), self.setup.runtime).state

    async def after(self, seconds: float) -> None:
        self.time += seconds
        await self.checks.check()

    async def ask(self) -> None:
        (candidate,) = self.setup.candidates("m")
        await get_ai_response(asking(), candidate)


@pytest.fixture
async def vendor() -> AsyncIterator[ScriptedUpstream]:
    async with scripted_upstream() as upstream:
        yield upstream


@pytest.fixture
async def world_of() -> AsyncIterator[Callable[[str], World]]:
    upstream = HttptoolsUpstream(Timeouts(connect=2.0))
    yield lambda url: World(url, upstream)
    await upstream.close()


async def test_nobody_is_asked_before_the_time_and_everybody_after(vendor, world_of):
    vendor.play(LISTED)
    world = world_of(vendor.url)

    await world.after(299)
    early = len(vendor.received)
    await world.after(1)
    await world.after(299)

    assert (early, len(vendor.received)) == (0, 1)
    assert (vendor.received[0].method, vendor.received[0].path) == ("GET", "/models")
    assert world.state is State.READY


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (whole({"error": {"message": "no", "code": "invalid_api_key"}}, status=401), State.REFUSED),
        (whole({"error": {"message": "later"}}, status=429), State.LIMITED),
        (Script(status=404), State.READY),
        (Script(status=502), State.READY),
    ],
)
async def test_what_a_check_finds_is_the_providers_state(vendor, world_of, answer, state):
    vendor.play(answer)
    world = world_of(vendor.url)
    await world.after(300)
    assert world.state is state


async def test_a_provider_out_of_reach_is_found_and_found_again(vendor, world_of):
    world = world_of("http://127.0.0.1:9")
    await world.after(300)
    assert world.state is State.UNREACHABLE

    vendor.play(LISTED)
    again = world_of(vendor.url)
    await again.after(300)
    assert again.state is State.READY


async def test_what_a_request_saw_counts_and_spares_a_check(vendor, world_of):
    vendor.play(
        whole({"error": {"code": "invalid_api_key"}}, status=401), whole(openai_whole("ok"))
    )
    world = world_of(vendor.url)

    with pytest.raises(LLMServiceError):
        await world.ask()
    refused = world.state
    await world.ask()
    await world.after(299)

    assert (refused, world.state) == (State.REFUSED, State.READY)
    assert [request.method for request in vendor.received] == ["POST", "POST"]


async def test_whoever_has_no_listed_model_is_not_asked(vendor, world_of):
    vendor.play(LISTED)
    world = world_of(vendor.url)
    nothing = ModelConfiguration(models=(), default=None)
    world.setup = Setup(nothing, world.setup.registry, world.setup.runtime)
    await world.after(1_000)
    assert vendor.received == []


async def test_the_checks_go_on_when_one_of_them_breaks_and_stop_when_nobody_wants_them(
    vendor, world_of
):
    vendor.play(LISTED)
    world, looks = world_of(vendor.url), []
    world.time += 300

    def setup() -> Setup:
        looks.append("setup")
        if len(looks) == 1:
            raise RuntimeError("not now")
        return world.setup

    checks = ProviderChecks(
        setup, wanted=lambda: len(looks) < 2, every=0, look=0.001, now=lambda: world.time
    )
    running = asyncio.create_task(checks.run())
    await asyncio.wait_for(vendor.asked.wait(), 10)
    await asyncio.sleep(0.05)
    running.cancel()

    assert (looks, len(vendor.received)) == (["setup", "setup"], 1)
