"""The assistant's turn, read and written: the same object in a conversation and in a reply.

    {"role": "assistant", "reasoning_content": …, "content": …, "refusal": …, "tool_calls": […]}

As parts: reasoning, then content, then a refusal, then calls.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec.structs import replace

from dragoman.chat import (
    Audio,
    Document,
    Extras,
    Image,
    Json,
    JsonObject,
    Opaque,
    Part,
    Reasoning,
    Text,
    ToolCall,
    extras_of,
)
from dragoman.wire.fields import Fields
from dragoman.wire.openai_chat.content_in import read_content, read_spoken_part, refusal_of
from dragoman.wire.openai_chat.content_out import Terms, write_content
from dragoman.wire.openai_chat.seals import take_signed, write_signature
from dragoman.wire.openai_chat.words import (
    EMPTY_ARGUMENTS,
    FUNCTION,
    INDEXED,
    NAME,
    NO_ARGUMENTS,
    REASONING_DETAILS,
    REASONING_FIELDS,
    REFUSAL,
    THINKING,
    TOOL_CALL,
    UNTYPED,
    encode,
    forms_of,
    own,
    put_back,
    set_aside,
)

_CALL: Final = frozenset({"id", "type", "function"})
_FUNCTION: Final = frozenset({"name", "arguments"})


def read_assistant(
    message: Fields,
    *,
    call_id: str = "call_0",
    joined: bool = False,
) -> tuple[tuple[Part, ...], tuple[str, ...]]:
    """Read an assistant's turn, all but its role: its parts, and the marks of how its content was
    spelled.

    `call_id` is for a call in the old words, which have no ids. Raises `InvalidInput` where the
    turn is not what it should be.
    """
    said = message.rest()
    text = said.get("content")
    if text and isinstance(text, str) and [*filter(None, said.values())] == [text]:
        # Nearly every turn is this one: a text, and fields that say nothing.
        message.skip("content")
        return (Text(text),), ()
    signed = take_signed(said)
    reasoning = signed or filter(None, [take_reasoning(message.rest())])
    calls = [*_calls(message), *_function_call(message, call_id)]
    content, form = read_content(
        message, read_spoken_part, blank=blank_content(calls=bool(calls)), joined=joined
    )
    return (*reasoning, *content, *_refusal(message), *calls), form


def blank_content(*, calls: bool) -> str | None:
    """Give the content of a turn without words: null beside calls, as OpenAI has it."""
    return None if calls else ""


def _refusal(message: Fields) -> Iterator[Part]:
    text = message.peek("refusal")
    if isinstance(text, str) and text:
        message.skip("refusal")
        yield refusal_of(text)


def take_reasoning(message: JsonObject) -> Reasoning | None:
    """Take the fields that hold reasoning and say something; the others stay where they are."""
    text, form = "", []
    for name in REASONING_FIELDS:
        said = message.get(name)
        # Some servers say it twice, in the old field and in the new one.
        if said and isinstance(said, str) and text in ("", said):
            text = said
            form.append(name)
            del message[name]
    details = message.get(REASONING_DETAILS)
    if not isinstance(details, list) or not details:
        return Reasoning(text, origin=NAME, extras=_marked({}, form)) if text else None
    del message[REASONING_DETAILS]
    if not text and (text := _text_of(details)):
        form = [REASONING_DETAILS]
    return Reasoning(text, origin=NAME, extras=_marked({REASONING_DETAILS: details}, form))


def _text_of(details: list[Json]) -> str:
    """Give what can be read of OpenRouter's details; the rest is sealed."""
    objects = (detail for detail in details if isinstance(detail, dict))
    shown = (detail.get("text") or detail.get("summary") for detail in objects)
    return "".join(text for text in shown if isinstance(text, str))


def _marked(fields: JsonObject, form: list[str]) -> Extras | None:
    return extras_of(NAME, fields, *([] if form == [REASONING_FIELDS[0]] else form))


def _calls(message: Fields) -> Iterator[Part]:
    if not message.says("tool_calls"):
        return
    calls = message.take("tool_calls")
    if not isinstance(calls, list):
        raise message.wrong("tool_calls", "a list", calls)
    for place, call in enumerate(calls):
        at = f"{message.at('tool_calls')}[{place}]"
        yield _plain_call(call) or _call(Fields(call, at), place)


def _plain_call(call: Json) -> ToolCall | None:
    """Read what nearly every call is: a function and its arguments. Any other takes longer."""
    if not isinstance(call, dict) or call.keys() != _CALL or call["type"] != "function":
        return None
    call_id, function = call["id"], call["function"]
    if not isinstance(function, dict) or function.keys() != _FUNCTION:
        return None
    name, arguments = function["name"], function["arguments"]
    if not (isinstance(call_id, str) and isinstance(name, str) and isinstance(arguments, str)):
        return None
    return ToolCall(call_id, name, arguments) if arguments else None


def _call(call: Fields, place: int) -> Part:
    kind = call.peek("type")
    if kind not in (None, "function"):
        return opaque_call(call.rest())
    function = Fields(call.take("function"), call.at("function"))
    form = [] if kind else [UNTYPED]
    if kind:
        call.skip("type")
    if call.peek("index") == place:
        call.skip("index")
        form.append(INDEXED)
    if not function.has("arguments"):
        form.append(NO_ARGUMENTS)
    elif function.peek("arguments") == "":
        form.append(EMPTY_ARGUMENTS)
    return ToolCall(
        id=call.maybe_text("id") or "",
        name=function.text("name"),
        arguments=_arguments(function),
        extras=set_aside(call, *form, function=function),
    )


def _arguments(function: Fields) -> str:
    if isinstance(function.peek("arguments"), dict):
        return arguments_of(function.take("arguments"))
    return function.maybe_text("arguments") or ""


def arguments_of(said: Json) -> str:
    """Give a call's arguments as a text of JSON, which some servers forget that it is."""
    match said:
        case str():
            return said
        case dict():
            return encode(said).decode()
        case _:
            return ""


def opaque_call(call: JsonObject) -> Opaque:
    """Carry a call that is none of a function; what it is called with is its text."""
    kind = f"{TOOL_CALL}{call['type']}"
    match call:
        case {"custom": {"input": str(text), **custom}}:
            return Opaque(NAME, kind, {**call, "custom": custom}, text)
        case _:
            return Opaque(NAME, kind, call)


def _function_call(message: Fields, call_id: str) -> Iterator[Part]:
    match message.peek("function_call"):
        case {"name": str(name)} if name:
            function = Fields(message.take("function_call"), message.at("function_call"))
            function.skip("name")
            arguments = _arguments(function)
            yield ToolCall(call_id, name, arguments, set_aside(function, FUNCTION))


def write_assistant(
    parts: Iterable[Part],
    terms: Terms,
    extras: Extras | None = None,
    *,
    at: str = "",
    joined: bool = False,
) -> JsonObject:
    """Write an assistant's turn, all but its role; `extras` are those of its object.

    What this format has no words for is left out, with a receipt that names its place below `at`.
    """
    turn = _Turn(terms)
    for place, part in enumerate(parts):
        turn.add(part, f"{at}.content[{place}]")
    return turn.written(extras, joined=joined)


class _Turn:
    """An assistant's turn in the making, its parts sorted into the fields where they belong."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._fields: JsonObject = {}
        self._content: list[tuple[str, Part]] = []
        self._calls: list[JsonObject] = []

    def add(self, part: Part, at: str) -> None:
        match part:
            case Reasoning(origin=origin) if origin != NAME:
                self._terms.receipts.dropped(at, "reasoning is understood only where it came from")
            case Reasoning(extras=extras) if THINKING not in forms_of(extras):
                self._grow(write_reasoning(part))
            case Text(text, extras) if forms_of(extras) == (REFUSAL,):
                self._grow({"refusal": text})
            case ToolCall(extras=extras) if FUNCTION in forms_of(extras):
                self._fields["function_call"] = write_function(part)
            case ToolCall(extras=extras):
                self._terms.receipts.left_behind(extras, at)
                self._calls.append(write_call(_with_arguments(part), len(self._calls)))
            case Opaque(wire, kind) if wire == NAME and kind.startswith(TOOL_CALL):
                self._calls.append(write_opaque_call(part))
            case Image() | Document() | Audio():
                self._terms.receipts.dropped(at, "an assistant's turn holds no files here")
            case _:
                self._content.append((at, part))

    def written(self, extras: Extras | None, *, joined: bool) -> JsonObject:
        calls = bool(self._calls or "function_call" in self._fields)
        content = write_content(
            self._content, self._terms, extras, blank=blank_content(calls=calls), joined=joined
        )
        said = content | self._fields | ({"tool_calls": self._calls} if self._calls else {})
        return put_back(said, own(extras))

    def _grow(self, fields: JsonObject) -> None:
        for name, value in fields.items():
            self._fields[name] = self._fields[name] + value if name in self._fields else value


def write_reasoning(part: Reasoning) -> JsonObject:
    """Write reasoning in the fields it came in, or in the most common one."""
    names = forms_of(part.extras) or REASONING_FIELDS[:1]
    texts = {name: part.text for name in names if name in REASONING_FIELDS and part.text}
    return put_back(texts | write_signature(part.signature), own(part.extras))


def _with_arguments(call: ToolCall) -> ToolCall:
    """Say "nothing" in JSON, which clients and servers take a call's arguments for."""
    spelled = {EMPTY_ARGUMENTS, NO_ARGUMENTS}.intersection(forms_of(call.extras))
    return call if call.arguments or spelled else replace(call, arguments="{}")


def write_call(call: ToolCall, place: int) -> JsonObject:
    """Write a call; `place` is its number among the calls of its turn."""
    form, left = forms_of(call.extras), own(call.extras)
    said: JsonObject = {"index": place} if INDEXED in form else {}
    said["id"] = call.id
    if UNTYPED not in form:
        said["type"] = "function"
    said["function"] = {"name": call.name, "arguments": call.arguments}
    if NO_ARGUMENTS in form and not call.arguments:
        del said["function"]["arguments"]
    return put_back(said, left)


def write_opaque_call(call: Opaque) -> JsonObject:
    """Write a call that is none of a function."""
    match call.fields:
        case {"custom": dict() as custom}:
            return {**call.fields, "custom": {**custom, "input": call.text}}
        case fields:
            return fields


def write_function(call: ToolCall) -> JsonObject:
    """Write a call in the words that came before tools."""
    return put_back({"name": call.name, "arguments": call.arguments}, own(call.extras))
