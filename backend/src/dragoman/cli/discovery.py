"""Asking the vendors themselves which models they have: all at once, and for nothing."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from dragoman.chat import Category
from dragoman.composition import environment
from dragoman.config import Configuration
from dragoman.config.wording import did_you_mean
from dragoman.services.providers import BaseProvider, Engines, Runtime
from dragoman.services.providers.base import Discovers
from dragoman.services.providers.client.upstream import HttptoolsUpstream
from dragoman.services.providers.transport import Timeouts, Upstream, UpstreamResponse

from .configuration import Loader
from .surroundings import tls_cure

PATIENCE: Final = Timeouts(connect=5.0, first_byte=15.0, first_token=15.0, idle=10.0, total=20.0)

# Without such a route a vendor can be asked for answers all the same.
_NO_LIST: Final = frozenset({404, 405, 501})


class Offer(Struct, frozen=True):
    """What one provider said: the ids of its models, or the `problem` that kept it from telling.

    `remark` is in the place of a problem where nothing is wrong: there is no list to ask for, or
    nobody at home whom nobody asked to be. `failed` is the problem's category. `skew` is by how
    many seconds this machine's clock was ahead of the provider's, where that was told.
    """

    provider: str
    name: str
    models: tuple[str, ...] = ()
    problem: str | None = None
    remark: str | None = None
    failed: Category | None = None
    skew: float | None = None


@asynccontextmanager
async def runtime_of(configuration: Configuration) -> AsyncIterator[Runtime]:
    """Give providers a world to be asked in, without anything running in it."""
    upstream = HttptoolsUpstream(PATIENCE, trust_proxies=configuration.settings.trust_proxies)
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


class _WithClock:
    """An upstream that reads the clocks of those who answer."""

    def __init__(self, upstream: Upstream, now: Callable[[], float]) -> None:
        self._upstream = upstream
        self._now = now
        self.skew: float | None = None

    @asynccontextmanager
    async def send(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes = b""
    ) -> AsyncIterator[UpstreamResponse]:
        async with self._upstream.send(method, url, headers=headers, body=body) as response:
            self.skew = skew_of(response.headers.get("date"), now=self._now())
            yield response


def skew_of(date: str | None, *, now: float) -> float | None:
    """Give by how many seconds `now` is ahead of a `Date` header; `None` where that says nothing.

    https://www.rfc-editor.org/rfc/rfc9110#name-date
    """
    try:
        return None if date is None else now - parsedate_to_datetime(date).timestamp()
    except ValueError:
        return None


async def _ask(
    provider: BaseProvider,
    lists: Discovers,
    runtime: Runtime,
    load: Loader,
    *,
    now: Callable[[], float] = time.time,
) -> Offer:
    config = provider.get_config(runtime.environ)
    clock = _WithClock(runtime.upstream, now)
    try:
        models = await lists.list_models(replace(runtime, upstream=clock))
    except Exception as error:  # noqa: BLE001 - the provider judges it, whatever it is
        judged = provider.map_error(error)
        whose = Offer(config.id, config.name, skew=clock.skew)
        if judged.status in _NO_LIST:
            remark = (
                f"{config.base_url} has no list of models ({judged.status}): if it does not "
                "answer questions either, this address is wrong"
            )
            return replace(whose, remark=remark)
        if judged.category is Category.CONNECTION and config.api_key_env is None:
            return replace(whose, remark=f"not running at {config.base_url}")
        cure = tls_cure(error) if judged.reason == "tls_error" else None
        problem = load.redact(f"{judged}; {cure}" if cure else str(judged))
        return replace(whose, problem=problem, failed=judged.category)
    return Offer(config.id, config.name, tuple(sorted(set(models))), skew=clock.skew)


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
