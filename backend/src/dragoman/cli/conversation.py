"""A conversation at the terminal, and who may be asked to go on with it."""

from collections.abc import AsyncGenerator
from typing import Literal, Protocol, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from dragoman.chat import Stop

from .endings import CommandError


class Turn(Struct, frozen=True):
    """What one side said."""

    role: Literal["user", "assistant"]
    text: str


class Conversation(Struct, frozen=True):
    """What was said so far; `model` is an id, `None` for the default, `system` comes before all."""

    model: str | None = None
    system: str | None = None
    turns: tuple[Turn, ...] = ()

    def asked(self, text: str) -> "Conversation":
        """Go on with a question."""
        return replace(self, turns=(*self.turns, Turn("user", text)))

    def answered(self, text: str) -> "Conversation":
        """Go on with a reply."""
        return replace(self, turns=(*self.turns, Turn("assistant", text)))


class Choice(Struct, frozen=True):
    """A model that may be asked."""

    id: str
    name: str
    provider: str
    default: bool


Said: TypeAlias = str | Stop
"""The next words of a reply, or at last its end."""


class Partner(Protocol):
    """Whoever answers: the models in this program, or a Dragoman elsewhere."""

    async def choices(self) -> tuple[Choice, ...]:
        """Give the models there are. Raises `NoAnswerError`."""
        ...

    def waiting(self, model: str | None) -> str:
        """Say what is being waited for while `model` says nothing."""
        ...

    def answer(self, conversation: Conversation) -> AsyncGenerator[Said, None]:
        """Answer the last turn; raises `NoAnswerError`, also in the middle of a reply."""
        ...


class NoAnswerError(CommandError):
    """No answer came, or not all of it: one line says why, who can act, and when to try again."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))
