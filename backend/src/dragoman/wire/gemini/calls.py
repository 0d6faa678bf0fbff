"""Which result answers which call: this format may leave ids out, and goes by name and order."""

import hashlib
from collections.abc import Iterable
from typing import Final

from dragoman.chat import Message, ToolCall

_MADE: Final = "call_gemini_"
"""How the ids begin that are made here for calls without one; they never go to the vendor."""


def made_id(*facts: object) -> str:
    """Make an id for a call without one: the same for the same facts."""
    digest = hashlib.blake2s("\0".join(map(str, facts)).encode(), digest_size=9)
    return f"{_MADE}{digest.hexdigest()}"


def sent_id(call_id: str) -> str | None:
    """Give the id as the vendor may see it: `None` for one that was made here, or is none."""
    return None if call_id.startswith(_MADE) or not call_id else call_id


class Pairing:
    """The calls of a conversation that is being read, in order."""

    def __init__(self) -> None:
        self._count = 0
        self._names: dict[str, str] = {}
        self._waiting: list[str] = []

    def asked(self, call_id: str | None, name: str) -> str:
        """Take a call; give its id, or one that is made for it."""
        if not call_id:
            call_id = f"{_MADE}{self._count}"
            self._count += 1
        self._names[call_id] = name
        self._waiting.append(call_id)
        return call_id

    def answered(self, call_id: str | None, name: str) -> tuple[str, bool]:
        """Take a result; give the id of its call, and whether that one is of the same name."""
        if not call_id:
            call_id = self._first_waiting(name)
        if call_id in self._waiting:
            self._waiting.remove(call_id)
        return call_id, self._names.get(call_id) == name

    def _first_waiting(self, name: str) -> str:
        fitting = (one for one in self._waiting if self._names[one] == name and not sent_id(one))
        found = next(fitting, None)
        if found is None:
            found = f"{_MADE}{self._count}"
            self._count += 1
        return found


def names_of(messages: Iterable[Message]) -> dict[str, str]:
    """Give the function's name for each call's id."""
    return {
        part.id: part.name
        for message in messages
        for part in message.parts
        if isinstance(part, ToolCall)
    }
