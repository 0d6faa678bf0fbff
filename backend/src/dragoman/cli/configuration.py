"""The configuration as a command reads it, from the same sources however often."""

import os
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Final

from dragoman.config import Configuration, load_configuration
from dragoman.observability.secrets import Secret, mask
from dragoman.services.providers import (
    CATALOG,
    FAMILIES,
    FAMILY_WIRES,
    FEATURES,
    ProviderRegistry,
    installed,
    load_plugins,
    provider_of,
    registry,
)

NOTHING: Final[Mapping[str, object]] = {}


class Loader:
    """Reads the configuration; call it again to read changed files.

    `flags` are the options that are settings, by their names. Variables of `environ` that hold a
    key are taken out of it once it is read, so that no child process and no dump shows them; the
    loader itself remembers them.
    """

    def __init__(
        self,
        flags: Mapping[str, object] = NOTHING,
        *,
        config: Path | None = None,
        env_file: Path | None = None,
        environ: MutableMapping[str, str] = os.environ,
        cwd: Path | None = None,
        registry: ProviderRegistry = registry,
    ) -> None:
        self._flags = flags
        self._config = config
        self._env_file = env_file
        self._environ = environ
        self._variables = dict(environ)
        self._cwd = cwd or Path.cwd()
        self._secrets: frozenset[Secret] = frozenset()
        self.registry = registry

    @property
    def variables(self) -> Mapping[str, str]:
        """The process environment as it was at the start. It holds keys: not for logs."""
        return self._variables

    def __call__(self) -> Configuration:
        """Read the configuration. Raises `ConfigurationError` with every mistake at once."""
        known = self._known()
        keys = (provider.get_config({}).api_key_env for provider in known.get_all())
        configuration = load_configuration(
            flags=self._flags,
            environ=self._variables,
            cwd=self._cwd,
            config_file=self._config,
            env_file=self._env_file,
            families=FAMILIES,
            wires=FAMILY_WIRES,
            features=FEATURES,
            built_in=tuple(known),
            replaceable=tuple(provider.provider_id for provider in CATALOG),
            key_variables=tuple(key for key in keys if key is not None),
        )
        self._secrets |= frozenset(configuration.secrets)
        self._forget_keys()
        return configuration

    def providers(self, configuration: Configuration) -> ProviderRegistry:
        """Give every provider there is, the operator's own among them."""
        own = (provider_of(row, FAMILIES) for row in configuration.provider_rows)
        return self._known().extended(own)

    def _known(self) -> ProviderRegistry:
        plugins = load_plugins(installed(), taken=self.registry.__contains__)
        return self.registry.extended(plugins.providers)

    def redact(self, text: str) -> str:
        """Take out every key that was ever read."""
        return mask(text, self._secrets)

    def _forget_keys(self) -> None:
        for name, value in list(self._environ.items()):
            if mask(value, self._secrets) != value or value in map(Secret.reveal, self._secrets):
                del self._environ[name]
