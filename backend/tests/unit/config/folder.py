"""A folder to configure from: what the tests of the configuration share."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from dragoman.config.settings import Configuration, ConfigurationError, load_configuration


class ConfigurationFolder:
    """A working folder with the files of a configuration, and the world around it.

    The code it configures speaks the wire families `alpha` (in two formats) and `beta`, can do
    without tools and `stream_options`, and has the providers `acme` and `apex`, of which the second
    may be defined anew.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, text: str) -> Path:
        file = self.path / name
        file.write_text(text, encoding="utf-8")
        return file

    def load(
        self,
        *,
        flags: Mapping[str, object] | None = None,
        environ: Mapping[str, str] | None = None,
        config_file: Path | None = None,
        env_file: Path | None = None,
    ) -> Configuration:
        return load_configuration(
            flags=flags or {},
            environ=environ or {},
            cwd=self.path,
            config_file=config_file,
            env_file=env_file,
            families={"alpha", "beta"},
            wires={"alpha": ("alpha_one", "alpha_two"), "beta": ("beta_one",)},
            features={"tools", "stream_options"},
            built_in={"acme", "apex"},
            replaceable={"apex"},
            key_variables={"ACME_API_KEY"},
        )

    def problems(
        self,
        *,
        environ: Mapping[str, str] | None = None,
        config_file: Path | None = None,
        env_file: Path | None = None,
    ) -> tuple[str, ...]:
        """Load what must not load, and give what is said about it."""
        with pytest.raises(ConfigurationError) as caught:
            self.load(environ=environ, config_file=config_file, env_file=env_file)
        assert "canary" not in str(caught.value)
        return caught.value.problems
