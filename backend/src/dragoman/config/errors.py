"""How configuration says no: every mistake at once, each with its place and its cure."""

from collections.abc import Iterable
from typing import final

from dragoman.chat import DragomanError
from dragoman.observability.secrets import Secret, mask


class ConfigurationError(DragomanError):
    """The configuration cannot be used as it is.

    `problems` are the mistakes, one sentence each, in the order in which they stand in the
    sources; `str` is the whole message for the operator. Neither contains a key.
    """

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(_message(self.problems))


def _message(problems: tuple[str, ...]) -> str:
    if len(problems) == 1:
        return f"the configuration cannot be used: {problems[0]}"
    lines = (f"  - {problem}".replace("\n", "\n    ") for problem in problems)
    return "\n".join((f"the configuration has {len(problems)} mistakes:", *lines))


class Mistake(Exception):  # noqa: N818 - a finding on its way to the list, never shown as an error
    """One value is wrong; the text says why and what to do, the one who catches it says where."""


@final
class Findings:
    """What a reading of the configuration found, in order: problems stop it, warnings do not."""

    def __init__(self) -> None:
        self._problems: list[str] = []
        self._warnings: list[str] = []
        self._secrets: list[Secret] = []

    def problem(self, text: str) -> None:
        """Note a mistake that must be corrected."""
        self._problems.append(text)

    def warning(self, text: str) -> None:
        """Note what the operator should know, and can live with."""
        self._warnings.append(text)

    def secret(self, value: str) -> None:
        """Note a value that may stand in no message."""
        self._secrets.append(Secret(value))

    def __len__(self) -> int:
        """The number of problems so far."""
        return len(self._problems)

    @property
    def problems(self) -> tuple[str, ...]:
        """The mistakes, without a key in them and each only once."""
        return self._shown(self._problems)

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings, without a key in them and each only once."""
        return self._shown(self._warnings)

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The values that were noted as secret, each only once."""
        return tuple(dict.fromkeys(self._secrets))

    def settle(self) -> None:
        """Raise `ConfigurationError` with all the problems, if there is any."""
        if self._problems:
            raise ConfigurationError(self.problems)

    def _shown(self, texts: list[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(mask(text, self._secrets) for text in texts))
