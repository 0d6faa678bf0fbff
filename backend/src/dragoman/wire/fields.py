"""Reading a client's JSON strictly: every complaint says where, and nothing is lost unread."""

from collections.abc import Iterator
from typing import Final

import msgspec

from dragoman.chat import InvalidInput, Json, JsonObject

_decode: Final = msgspec.json.Decoder().decode


class Fields:
    """A JSON object being read: a field that is taken is gone, `rest` is what nobody asked for.

    A field that is null says nothing: taking it gives `None`, and it stays in `rest`.
    """

    __slots__ = ("_left", "path")

    def __init__(self, value: Json, path: str = "") -> None:
        if not isinstance(value, dict):
            raise InvalidInput(path, f"must be an object, not {kind_of(value)}")
        self._left: JsonObject = dict(value)
        self.path = path

    def rest(self) -> JsonObject:
        """Give every field that was not taken."""
        return self._left

    def take(self, name: str) -> Json:
        """Take a field as it is; `None` when it is absent or null."""
        value = self._left.get(name)
        if value is not None:
            del self._left[name]
        return value

    def peek(self, name: str) -> Json:
        """See a field without taking it; `None` when it is absent or null."""
        return self._left.get(name)

    def skip(self, name: str) -> None:
        """Take a field unread, whatever it says, null too."""
        self._left.pop(name, None)

    def has(self, name: str) -> bool:
        """Tell whether a field is present and was not taken yet."""
        return name in self._left

    def says(self, name: str) -> bool:
        """Tell whether a field says something: it is there, and no null, empty list or object."""
        return self._left.get(name) not in (None, [], {})

    def at(self, name: str) -> str:
        """Give the path of a field, as it stands in a complaint."""
        return f"{self.path}.{name}" if self.path else name

    def text(self, name: str) -> str:
        """Take a required string."""
        value = self._left.get(name)
        if not isinstance(value, str):
            raise self.wrong(name, "a string", value)
        del self._left[name]
        return value

    def maybe_text(self, name: str) -> str | None:
        """Take a string that may be absent or null."""
        value = self._left.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self.wrong(name, "a string", value)
        del self._left[name]
        return value

    def maybe_int(self, name: str, *, least: int | None = None) -> int | None:
        """Take an integer, at least `least`, that may be absent or null."""
        value = self._left.get(name)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.wrong(name, "an integer", value)
        if least is not None and value < least:
            raise InvalidInput(self.at(name), f"must be at least {least}")
        del self._left[name]
        return value

    def maybe_number(self, name: str) -> float | None:
        """Take a number that may be absent or null."""
        value = self._left.get(name)
        if value is None:
            return None
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise self.wrong(name, "a number", value)
        del self._left[name]
        return value

    def maybe_flag(self, name: str) -> bool | None:
        """Take true or false, which may be absent or null."""
        value = self._left.get(name)
        if value is None:
            return None
        if not isinstance(value, bool):
            raise self.wrong(name, "true or false", value)
        del self._left[name]
        return value

    def maybe_object(self, name: str) -> "Fields | None":
        """Take an object that may be absent or null, to be read in turn."""
        value = self.take(name)
        return None if value is None else Fields(value, self.at(name))

    def objects(self, name: str) -> Iterator["Fields"]:
        """Take a list of objects, each to be read in turn; empty when absent or null."""
        value = self.take(name)
        if value is None:
            return
        if not isinstance(value, list):
            raise self.wrong(name, "a list", value)
        at = self.at(name)
        for place, item in enumerate(value):
            yield Fields(item, f"{at}[{place}]")

    def wrong(self, name: str, wanted: str, value: Json) -> InvalidInput:
        """Make the complaint that a field is of another kind than wanted."""
        if value is None:
            return InvalidInput(self.at(name), f"is required and must be {wanted}")
        return InvalidInput(self.at(name), f"must be {wanted}, not {kind_of(value)}")


def kind_of(value: Json) -> str:
    """Name the JSON kind of a value, never the value itself."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case str():
            return "a string"
        case int() | float():
            return "a number"
        case list():
            return "a list"
        case _:
            return "an object"


def read_object(body: bytes) -> Fields:
    """Decode a client's body. Raises `InvalidInput` where it is not a JSON object."""
    try:
        return Fields(_decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput("", f"the body is not valid JSON: {error}") from error
    except RecursionError as error:
        raise InvalidInput("", "the body is nested too deeply") from error
