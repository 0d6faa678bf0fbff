"""Model servers on this machine, found at the addresses they choose by themselves."""

import asyncio
import ipaddress
from collections.abc import Collection, Iterator
from typing import Final
from urllib.parse import urlsplit

from dragoman.composition import environment
from dragoman.config import Configuration
from dragoman.services.providers import BaseProvider, Engines, Runtime
from dragoman.services.providers.base import Discovers
from dragoman.services.providers.client.upstream import HttptoolsUpstream
from dragoman.services.providers.transport import Timeouts

from .configuration import Loader
from .discovery import Offer

GLANCE: Final = Timeouts(connect=0.3, first_byte=1.0, first_token=1.0, idle=1.0, total=1.5)
"""Who is there answers at once: nobody else is waited for."""


async def offers_here(
    configuration: Configuration, load: Loader, *, used: Collection[str] = ()
) -> tuple[Offer, ...]:
    """Look, all at once, for servers that want no key and listen on this machine.

    Those in `used` are known already. Whoever does not answer is not there.
    """
    environ = environment(configuration)
    upstream, engines = HttptoolsUpstream(GLANCE), Engines()
    runtime = Runtime(environ, upstream, GLANCE, engines)
    own = configuration.settings.port
    try:
        found = await asyncio.gather(
            *(
                _glance(provider, lists, runtime)
                for provider, lists in _at_home(load, configuration, own)
                if provider.provider_id not in used
            )
        )
    finally:
        await engines.close()
        await upstream.close()
    return tuple(offer for offer in found if offer is not None)


def _at_home(
    load: Loader, configuration: Configuration, own_port: int
) -> Iterator[tuple[BaseProvider, Discovers]]:
    """Give the providers of this machine; at Dragoman's own port, Dragoman would answer."""
    for provider in load.providers(configuration).get_all():
        config = provider.get_config(configuration.environ)
        url = urlsplit(config.base_url)
        if (
            isinstance(provider, Discovers)
            and config.api_key_env is None
            and is_loopback(url.hostname)
            and url.port != own_port
        ):
            yield provider, provider


def is_loopback(host: str | None) -> bool:
    """Tell whether a host is this machine, as its address says."""
    if host == "localhost":
        return True
    try:
        return host is not None and ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def _glance(provider: BaseProvider, lists: Discovers, runtime: Runtime) -> Offer | None:
    config = provider.get_config(runtime.environ)
    try:
        models = await lists.list_models(runtime)
    except Exception:  # noqa: BLE001 - somebody else is at home there, or nobody
        return None
    return Offer(config.id, config.name, tuple(sorted(set(models))))
