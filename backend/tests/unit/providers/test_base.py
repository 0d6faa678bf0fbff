"""The registry, a provider's set-up, and the template's own rules."""

import subprocess
import sys

import pytest

from dragoman.services.providers import (
    AnthropicProvider,
    DuplicateProviderError,
    Engines,
    HttpProvider,
    LocalProvider,
    OpenAIProvider,
    ProviderConfig,
    ProviderRegistry,
    ProviderStatus,
    Runtime,
    State,
    UnknownProviderError,
    registry,
    status_of,
)
from dragoman.services.providers.transport import Timeouts
from dragoman.wire import openai_chat
from tests.unit.providers import ProviderContract, replaces_template

KEYS = {"OPENAI_API_KEY": "openai-key-1"}


def provider(name: str, **more: object) -> HttpProvider:
    return HttpProvider(
        provider_id=name, name=name, wire=openai_chat, base_url="http://127.0.0.1:1", **more
    )


def test_the_package_brings_its_providers():
    assert list(registry)[:4] == ["openai", "anthropic", "gemini", "local"]
    assert len(registry) == len(registry.get_all()) > 3
    assert "openai" in registry
    assert "nobody" not in registry


def test_a_registered_provider_is_found_by_its_id():
    mine = provider("mine")
    providers = ProviderRegistry()
    providers.register(mine)
    assert providers.get("mine") is mine
    assert providers.get_all() == (mine,)


def test_the_same_id_twice_is_an_error():
    providers = ProviderRegistry([provider("mine")])
    with pytest.raises(DuplicateProviderError, match="'mine' is registered already"):
        providers.register(provider("mine"))


@pytest.mark.parametrize("name", ["", "Mine", "1st", "my provider", "mine\n", "-mine"])
def test_an_id_that_is_none_is_refused(name):
    with pytest.raises(ValueError, match="must match"):
        ProviderRegistry().register(provider(name))


def test_an_unknown_id_is_answered_with_the_known_ones():
    with pytest.raises(UnknownProviderError, match=r"'opnai'.*openai, anthropic, gemini, local"):
        registry.get("opnai")


def test_enabled_are_those_with_a_key_and_those_that_need_none():
    found = [p.provider_id for p in registry.get_enabled(KEYS)]
    assert "openai" in found
    assert "local" in found
    assert "anthropic" not in found


def test_an_extended_registry_leaves_the_first_as_it_was():
    more = registry.extended([provider("mine")])
    assert "mine" in more
    assert "mine" not in registry


def test_an_extended_registry_has_the_new_one_of_two_with_one_id():
    first, second = provider("mine"), provider("mine")
    providers = ProviderRegistry([provider("other"), first])

    assert providers.extended([second]).get("mine") is second
    assert providers.get("mine") is first


def test_a_blank_key_is_none():
    assert not OpenAIProvider().get_config({"OPENAI_API_KEY": " \n"}).enabled


def test_a_key_is_shown_nowhere():
    config = AnthropicProvider().get_config({"ANTHROPIC_API_KEY": "canary-key"})
    assert config.enabled
    assert "canary-key" not in f"{config!r}{config}{config.api_key}"


def test_enabled_is_computed():
    assert ProviderConfig(id="a", name="A", base_url="").enabled
    assert not ProviderConfig(id="a", name="A", base_url="", api_key_env="A_KEY").enabled


def test_a_provider_that_needs_no_key_is_always_enabled():
    assert LocalProvider().get_config({}).enabled


class Engine:
    def __init__(self) -> None:
        self.closed = False

    async def close(self) -> None:
        self.closed = True


async def test_an_engine_is_made_once_and_ended_with_the_rest():
    engines = Engines()
    first = engines.get("a", Engine, Engine)
    assert engines.get("a", Engine, Engine) is first
    await engines.close()
    assert first.closed
    assert engines.get("a", Engine, Engine) is not first


def test_a_test_of_the_template_is_not_dropped_in_silence():
    with pytest.raises(TypeError, match="replaces a test of the template"):
        type("Mine", (ProviderContract,), {"test_error_429_keeps_retry_after": None})
    with pytest.raises(TypeError, match="replaces a test of the template"):
        type("Mine", (ProviderContract,), {"test_error_429_keeps_retry_after": lambda _: None})


def test_a_test_of_the_template_may_be_replaced_with_a_reason():
    @replaces_template("this vendor sends no Retry-After")
    def mine(_: object) -> None: ...

    assert type("Mine", (ProviderContract,), {"test_error_429_keeps_retry_after": mine})
    with pytest.raises(ValueError, match="say it"):
        replaces_template(" ")


def test_no_sdk_and_no_engine_is_imported_at_start():
    program = (
        "import sys, dragoman.app; "
        "print([m for m in ('openai', 'anthropic', 'xllamacpp', 'alembic') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


class Careless(LocalProvider, frozen=True):
    def get_status(self, runtime: Runtime) -> ProviderStatus:
        raise RuntimeError("no idea")


def test_a_provider_that_cannot_tell_how_it_is_has_failed():
    status = status_of(Careless(), Runtime({}, None, Timeouts(), Engines()))
    assert (status.state, status.reason) == (State.FAILED, "RuntimeError: no idea")
