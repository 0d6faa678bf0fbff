"""The one place that knows which providers there are."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from dragoman.services.providers.base import BaseProvider

_ID: Final = re.compile(r"[a-z][a-z0-9_-]*")


class DuplicateProviderError(ValueError):
    """A provider with this id is registered already."""


class UnknownProviderError(LookupError):
    """No provider has this id."""


def check_id(provider_id: str) -> None:
    """Raise `ValueError` unless this is an id: lower-case letters, digits, `_` and `-`."""
    if _ID.fullmatch(provider_id) is None:
        raise ValueError(f"provider id {provider_id!r} must match ^{_ID.pattern}$")


class ProviderRegistry:
    """Providers by id, in the order of their registration."""

    def __init__(self, providers: Iterable[BaseProvider] = ()) -> None:
        self._providers: dict[str, BaseProvider] = {}
        for provider in providers:
            self.register(provider)

    def register(self, provider: BaseProvider) -> None:
        """Add a provider.

        Raises `DuplicateProviderError` if its id is taken, `ValueError` if it is no id.
        """
        name = provider.provider_id
        check_id(name)
        if name in self._providers:
            raise DuplicateProviderError(f"a provider {name!r} is registered already")
        self._providers[name] = provider

    def get(self, provider_id: str) -> BaseProvider:
        """Give the provider with this id. Raises `UnknownProviderError`, naming the known ids."""
        try:
            return self._providers[provider_id]
        except KeyError:
            known = ", ".join(self._providers)
            raise UnknownProviderError(
                f"no provider {provider_id!r} is registered; there are: {known}"
            ) from None

    def get_all(self) -> tuple[BaseProvider, ...]:
        """Give every provider."""
        return tuple(self._providers.values())

    def get_enabled(self, environ: Mapping[str, str]) -> tuple[BaseProvider, ...]:
        """Give the providers that `environ` has a key for, and those that need none."""
        return tuple(p for p in self._providers.values() if p.get_config(environ).enabled)

    def extended(self, providers: Iterable[BaseProvider]) -> "ProviderRegistry":
        """Give a registry with these as well, in place of those with their ids; this one stays."""
        added = {provider.provider_id: provider for provider in providers}
        return ProviderRegistry({**self._providers, **added}.values())

    def __contains__(self, provider_id: object) -> bool:
        return provider_id in self._providers

    def __iter__(self) -> Iterator[str]:
        return iter(self._providers)

    def __len__(self) -> int:
        return len(self._providers)
