"""Which result answers which call: older servers give calls no ids, and go by name and order."""

import hashlib
from collections.abc import Iterable
from typing import Final

from dragoman.chat import Message, ToolCall

_MADE: Final = "call_ollama_"
"""How the ids begin that are made here for calls without one; they never go to the vendor."""


def made_id(*facts: object) -> str:
    """Make an id for a call without one: the same for the same facts."""
    digest = hashlib.blake2s("\0".join(map(str, facts)).encode(), digest_size=9)
    return f"{_MADE}{digest.hexdigest()}"


def sent_id(call_id: str) -> str | None:
    """Give the id as the vendor may see it: `None` for one that was made here, or is none."""
    return None if call_id.startswith(_MADE) or not call_id else call_id


def names_of(messages: Iterable[Message]) -> dict[str, str]:
    """Give the function's name for each call's id."""
    return {
        part.id: part.name
        for message in messages
        for part in message.parts
        if isinstance(part, ToolCall)
    }


class Pairing:
    """The calls of a conversation that is being read, in order."""

    def __init__(self) -> None:
        self._count = 0
        self._waiting: list[tuple[str, str]] = []

    def asked(self, call_id: str | None, name: str) -> str:
        """Take a call; give its id, or one that is made for it."""
        given = call_id or self._next()
        self._waiting.append((given, name))
        return given

    def answered(self, call_id: str | None, name: str | None) -> str:
        """Take a result; give the id of its call: the first that waits, and is of that name."""
        if call_id:
            fitting = [call for call in self._waiting if call[0] == call_id]
        else:
            fitting = [call for call in self._waiting if name in (None, call[1])]
        if not fitting:
            return call_id or self._next()
        self._waiting.remove(fitting[0])
        return fitting[0][0]

    def _next(self) -> str:
        self._count += 1
        return f"{_MADE}{self._count}"
