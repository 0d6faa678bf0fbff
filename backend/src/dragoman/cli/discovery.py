"""Asking the vendors themselves which models they have: all at once, and for nothing."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from typing import Final

from msgspec import Struct

from dragoman.app import environment
from dragoman.chat import Category
from dragoman.config import Configuration
from dragoman.config.wording import did_you_mean
from dragoman.services.providers import BaseProvider, Engines, Runtime
from dragoman.services.providers.base import Discovers
from dragoman.services.providers.transport import AiohttpUpstream, Timeouts

from .configuration import Loader

PATIENCE: Final = Timeouts(connect=5.0, first_byte=15.0, first_token=15.0, idle=10.0, total=20.0)

# Without such a route a vendor can be asked for answers all the same.
_NO_LIST: Final = frozenset({404, 405, 501})


class Offer(Struct, frozen=True):
    """What one provider said: the ids of its models, or the `problem` that kept it from telling.

    `remark` is in the place of a problem where nothing is wrong: there is no list to ask for, or
    nobody at home whom nobody asked to be.
    """

    provider: str
    name: str
    models: tuple[str, ...] = ()
    problem: str | None = None
    remark: str | None = None


@asynccontextmanager
async def runtime_of(configuration: Configuration) -> AsyncIterator[Runtime]:
    """Give providers a world to be asked in, without anything running in it."""
    upstream = AiohttpUpstream(PATIENCE, trust_proxies=configuration.settings.trust_proxies)
    engines = Engines()
    try:
        yield Runtime(environment(configuration), upstream, PATIENCE, engines)
    finally:
        await engines.close()
        await upstream.close()


async def ask_all(
    configuration: Configuration, load: Loader, *, wanted: Collection[str] | None = None
) -> tuple[Offer, ...]:
    """Ask every enabled provider that can be asked, or those in `wanted`, all at once."""
    async with runtime_of(configuration) as runtime:
        asked = [
            _ask(provider, provider, runtime, load)
            for provider in load.providers(configuration).get_enabled(runtime.environ)
            if isinstance(provider, Discovers)
            and (wanted is None or provider.provider_id in wanted)
        ]
        return tuple(await asyncio.gather(*asked))


async def _ask(provider: BaseProvider, lists: Discovers, runtime: Runtime, load: Loader) -> Offer:
    config = provider.get_config(runtime.environ)
    try:
        models = await lists.list_models(runtime)
    except Exception as error:  # noqa: BLE001 - the provider judges it, whatever it is
        judged = provider.map_error(error)
        if judged.status in _NO_LIST:
            remark = (
                f"{config.base_url} has no list of models ({judged.status}): if it does not "
                "answer questions either, this address is wrong"
            )
            return Offer(config.id, config.name, remark=remark)
        if judged.category is Category.CONNECTION and config.api_key_env is None:
            return Offer(config.id, config.name, remark=f"not running at {config.base_url}")
        return Offer(config.id, config.name, problem=load.redact(str(judged)))
    return Offer(config.id, config.name, tuple(sorted(set(models))))


def is_offered(model: str, offered: Iterable[str]) -> bool:
    """Tell whether a vendor that offers these models will know `model`.

    Vendors list `gpt-x-2026-01-31` and answer to `gpt-x` too; some list `models/x`, or `x:latest`.
    """
    return any(
        model in (known, known.rpartition("/")[2], known.removesuffix(":latest"))
        or _is_dated(known, model)
        for known in offered
    )


def _is_dated(known: str, model: str) -> bool:
    rest = known.removeprefix(f"{model}-")
    return rest != known and rest.replace("-", "").isdigit()


def missing(model: str, offer: Offer) -> str:
    """Say that a vendor does not list a model, and which one may be meant."""
    near = did_you_mean(model, offer.models)
    return f"{offer.name} does not list {model!r}{near}"
