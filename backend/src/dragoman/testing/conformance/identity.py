"""Cases about who a provider is, and its key."""

from typing import Final

from dragoman.chat import LLMServiceError
from dragoman.services.providers.registry import check_id
from dragoman.testing.conformance.bench import KEY, Bench
from dragoman.testing.conformance.case import Case, case, cases_in, require, require_equal


@case("identity.id_and_name")
async def id_and_name(bench: Bench) -> None:
    """Its id is one, and its set-up tells that id and a name."""
    check_id(bench.provider.provider_id)
    config = bench.provider.get_config({})
    require_equal(config.id, bench.provider.provider_id, "the id of its set-up")
    require(bool(config.name), "it has no name")


@case("key.enables_it")
async def a_key_enables_it(bench: Bench) -> None:
    """A key enables it, and a blank one does not."""
    there = bench.environ("http://127.0.0.1:1")
    variable = bench.provider.get_config({}).api_key_env
    if variable is not None:
        for blank in ({}, {variable: "  "}):
            config = bench.provider.get_config({**there, variable: "", **blank})
            require(not config.enabled, f"it is enabled although {variable} is blank")
    require(bench.provider.get_config(there).enabled, "it is not enabled with what it wants")


@case("key.is_in_no_description")
async def no_description(bench: Bench) -> None:
    """No description of the provider and its set-up shows the key."""
    config = bench.provider.get_config(bench.environ("http://127.0.0.1:1"))
    require(KEY not in f"{config!r} {config} {bench.provider!r}", "the key is shown")


@case("error.unknown.is_judged")
async def unknown_error(bench: Bench) -> None:
    """An exception that nobody knows is judged, too, and names provider and model."""
    error = bench.provider.map_error(RuntimeError("surprise"), model="m")
    require(isinstance(error, LLMServiceError), f"saw {type(error).__name__}")
    require_equal(
        (error.provider, error.model), (bench.provider.provider_id, "m"), "provider and model"
    )


CASES: Final[tuple[Case[Bench], ...]] = cases_in(globals(), Case)
