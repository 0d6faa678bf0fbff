"""The tool calls of a stream, told apart and put together."""

from collections.abc import Callable, Hashable, Iterable
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from dragoman.chat import Extras, Json, JsonObject, Part, ToolCall, extras_of, merge_objects
from dragoman.wire.openai_chat.assistant import arguments_of, opaque_call
from dragoman.wire.openai_chat.words import FUNCTION, NAME, UNTYPED

Tell = Callable[[Hashable, Part, str, Extras | None], None]

_OLD_CALL: Final = "function_call"
_OLD_ID: Final = "call_0"

# Where a call's words are, by the object that holds them.
_WORDS_IN: Final = {"function": "arguments", "custom": "input"}
# What the first piece says, and later ones leave empty.
_HEAD: Final = frozenset({"id", "type"})
# A call that was told before is known by its channel.
_TOLD: Final = ToolCall("", "", "")


class _Call(Struct):
    """What is known of a call. `head` is what came before it could be told; then it is `None`."""

    channel: Hashable
    id: str
    head: JsonObject | None
    inside: str = "function"


class CallTeller:
    """Tells pieces of calls by `tell`, each call in a channel of its own.

    A call is known by its `index`; where servers leave that out, or give all calls the same, by
    its id or its place. It is told once its name is known.
    """

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._calls: dict[Hashable, _Call] = {}
        self._last: Hashable = None

    def take(self, piece: JsonObject, place: int) -> None:
        """Take a piece of a call, which stood at `place` in its chunk."""
        call = self._call(piece, place)
        said = {name: value for name, value in piece.items() if value or name not in _HEAD}
        said.pop("index", None)
        if call.head is None:
            self._more(call, said)
            return
        call.head = merge_objects(call.head, said)
        if _is_tellable(call.head):
            self._begin(call)

    def take_old(self, piece: JsonObject) -> None:
        """Take a piece of a call in the words that came before tools, which has no id."""
        left = dict(piece)
        name, arguments = _text(left.pop("name", None)), arguments_of(left.pop("arguments", None))
        opening = ToolCall(_OLD_ID, name, "", extras_of(NAME, left, FUNCTION))
        self._tell(_OLD_CALL, opening, arguments, None)

    def end(self) -> None:
        """Tell the calls of which no name ever came."""
        for call in self._calls.values():
            if call.head is not None:
                self._begin(call)

    def _call(self, piece: JsonObject, place: int) -> _Call:
        index, call_id = piece.get("index"), _text(piece.get("id"))
        key: Hashable = index if isinstance(index, int) else self._unnumbered(call_id, place)
        self._last = key
        known = self._calls.get(key)
        if known is None or _is_another(known, piece, call_id):
            known = self._calls[key] = _Call((key, call_id), call_id, {})
        return known

    def _unnumbered(self, call_id: str, place: int) -> Hashable:
        return call_id or place or (0 if self._last is None else self._last)

    def _begin(self, call: _Call) -> None:
        head, call.head = call.head or {}, None
        if _is_function(head):
            opening, text = _opening(head)
            self._tell(call.channel, opening, text, None)
        else:
            opaque = opaque_call(head)
            call.inside = "custom"
            self._tell(call.channel, replace(opaque, text=""), opaque.text, None)

    def _more(self, call: _Call, said: JsonObject) -> None:
        left = {name: value for name, value in said.items() if name not in _HEAD}
        inner = dict(_object(left.pop(call.inside, None)))
        inner.pop("name", None)
        text = arguments_of(inner.pop(_WORDS_IN[call.inside], None))
        if inner:
            left[call.inside] = inner
        self._tell(call.channel, _TOLD, text, extras_of(NAME, left))


def _is_another(known: _Call, piece: JsonObject, call_id: str) -> bool:
    """Tell whether another call begins under the index of one that was known before."""
    # Some servers make up a new id for each piece, but only a beginning has a name.
    name = _object(piece.get("function")).get("name")
    return known.head is None and bool(name) and call_id not in ("", known.id)


def _is_function(call: JsonObject) -> bool:
    kind = call.get("type")
    return not isinstance(kind, str) or kind in ("", "function")


def _is_tellable(head: JsonObject) -> bool:
    return not _is_function(head) or bool(_object(head.get("function")).get("name"))


def _opening(head: JsonObject) -> tuple[ToolCall, str]:
    """Give the part that begins a call, and its first words."""
    left = dict(head)
    function = dict(_object(left.pop("function", None)))
    name, arguments = _text(function.pop("name", None)), function.pop("arguments", None)
    call_id = _text(left.pop("id", None))
    form = () if left.pop("type", None) else (UNTYPED,)
    if function:
        left["function"] = function
    return ToolCall(call_id, name, "", extras_of(NAME, left, *form)), arguments_of(arguments)


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, dict) else {}


def objects_in(value: Json) -> Iterable[JsonObject]:
    """Give the objects of a list; anything else a server may have sent there is passed over."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
