"""Providers that other packages bring: those under the entry point `dragoman.providers`."""

from collections.abc import Callable, Iterable
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from msgspec import Struct

from dragoman.services.providers.base import BaseProvider
from dragoman.services.providers.registry import check_id

GROUP: Final = "dragoman.providers"


class Plugins(Struct, frozen=True):
    """What was found: the providers that can be used, and one line for each that cannot."""

    providers: tuple[BaseProvider, ...]
    problems: tuple[str, ...]


def installed() -> tuple[EntryPoint, ...]:
    """Give the entry points of the packages that are installed here."""
    return tuple(entry_points(group=GROUP))


def load_plugins(
    found: Iterable[EntryPoint], *, taken: Callable[[str], bool] = lambda _: False
) -> Plugins:
    """Load every provider; a broken one is left out and told of, and stops nobody.

    An entry point names a provider, or something to call for one (its class, say). `taken` tells
    which ids are in use.
    """
    providers: dict[str, BaseProvider] = {}
    problems: list[str] = []
    for entry in found:
        try:
            provider = _load(entry)
        except Exception as error:  # noqa: BLE001 - a plugin may fail in any way it likes
            why = f"{type(error).__name__}: {error}"
            problems.append(f"plugin {entry.name!r} ({entry.value}) is left out: {why}")
            continue
        if provider.provider_id in providers or taken(provider.provider_id):
            problems.append(
                f"plugin {entry.name!r} ({entry.value}) is left out: "
                f"a provider {provider.provider_id!r} is there already"
            )
        else:
            providers[provider.provider_id] = provider
    return Plugins(tuple(providers.values()), tuple(problems))


_MEMBERS: Final = ("provider_id", "get_config", "create_llm", "map_error")


def _load(entry: EntryPoint) -> BaseProvider:
    found: object = entry.load()
    provider: object = found() if isinstance(found, type) else found
    if not isinstance(provider, BaseProvider):
        missing = [member for member in _MEMBERS if not hasattr(provider, member)]
        raise TypeError(f"it is no provider: it has no {', '.join(missing)}")
    check_id(provider.provider_id)
    provider.get_config({})  # whoever cannot say who they are had better fail here
    return provider
