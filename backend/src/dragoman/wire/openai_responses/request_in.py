"""A client's request, read strictly: every complaint says where."""

from collections.abc import Iterator
from typing import Final

from dragoman.chat import (
    AnyTool,
    BuiltinTool,
    ChatRequest,
    Extras,
    Json,
    JsonObject,
    Limits,
    Message,
    Opaque,
    Output,
    Part,
    ReasoningWish,
    Role,
    Sampling,
    Text,
    Tool,
    ToolChoice,
    ToolResult,
)
from dragoman.wire.fields import Fields, read_object
from dragoman.wire.openai_responses.content_in import read_content
from dragoman.wire.openai_responses.items_in import read_item, read_message
from dragoman.wire.openai_responses.words import (
    CHOICES,
    DEVELOPER,
    ITEM,
    NAME,
    NO_NAME,
    TEXT_INPUT,
    TYPED,
    item_marks,
    set_aside,
)


def read_request(body: bytes) -> ChatRequest:
    """Read a client's request. Raises `InvalidInput` that says where it is wrong.

    Fields nobody here knows stay in the extras (`store`, `previous_response_id`, `include` among
    them); so does a field that says nothing: a null, an empty list, `stream: false`. The extras are
    never `None`: they tell who read the request.
    """
    request = read_object(body)
    messages, form = _input(request)
    instructions = request.maybe_text("instructions")
    return ChatRequest(
        model=request.text("model"),
        messages=messages,
        system=() if instructions is None else (Text(instructions),),
        tools=tuple(_tools(request)),
        tool_choice=_tool_choice(request),
        output=_output(request),
        sampling=Sampling(
            temperature=request.maybe_number("temperature"), top_p=request.maybe_number("top_p")
        ),
        reasoning=_reasoning(request),
        limits=Limits(request.maybe_int("max_output_tokens", least=0)),
        stream=_stream(request),
        user=request.maybe_text("user"),
        metadata=_metadata(request),
        extras=Extras(NAME, request.rest(), form),
    )


def _input(request: Fields) -> tuple[tuple[Message, ...], tuple[str, ...]]:
    match request.peek("input"):
        case str(text):
            request.skip("input")
            return (Message("user", (Text(text),)),), (TEXT_INPUT,)
        case list():
            return tuple(_in_turns(_messages(request))), ()
        case None if request.says("prompt"):
            # A prompt kept by the vendor may hold all that is asked.
            return (), ()
        case other:
            raise request.wrong("input", "a string or a list of items", other)


def _messages(request: Fields) -> Iterator[Message]:
    for item in request.objects("input"):
        yield _message(item)


def _in_turns(messages: Iterator[Message]) -> Iterator[Message]:
    """Put together the items of one turn of the assistant's."""
    turn: list[Part] = []
    for message in messages:
        if message.role == "assistant":
            turn += message.parts
            continue
        if turn:
            yield Message("assistant", tuple(turn))
            turn = []
        yield message
    if turn:
        yield Message("assistant", tuple(turn))


_ROLES: Final[dict[str, tuple[Role, tuple[str, ...]]]] = {
    "user": ("user", ()),
    "system": ("system", ()),
    "developer": ("system", (DEVELOPER,)),
}

# Of what only this vendor knows, what is said to the model, and not by it.
_GIVEN: Final = ("_output", "_response")


def _message(item: Fields) -> Message:
    match item.peek("type"), item.peek("role"):
        case (None | "message") as kind, str(role) if role in _ROLES:
            form = () if kind is None else (TYPED,)
            item.skip("type")
            item.skip("role")
            return _told(item, role, form)
        case None, "assistant":
            return Message("assistant", read_message(item))
        case "message", role if role != "assistant":
            raise item.wrong("role", f"one of assistant, {', '.join(_ROLES)}", role)
        case "function_call_output", _:
            item.skip("type")
            return Message("user", (_result(item),))
        case str(kind), role if kind.endswith(_GIVEN) or role not in (None, "assistant"):
            return Message("user", (Opaque(NAME, kind, item.rest()),), Extras(NAME, {}, (ITEM,)))
        case None, _ if item.has("id"):
            # An item that is named without its type is a reference (`item_reference`).
            opaque = Opaque(NAME, "item_reference", item.rest())
            return Message("user", (opaque,), Extras(NAME, {}, (ITEM,)))
        case _:
            return Message("assistant", read_item(item))


def _told(item: Fields, role: str, form: tuple[str, ...]) -> Message:
    parts, spelling = read_content(item, "content")
    own_role, mark = _ROLES[role]
    return Message(own_role, parts, set_aside(item, *form, *mark, *item_marks(item), *spelling))


def _result(item: Fields) -> ToolResult:
    call_id = item.text("call_id")
    parts, spelling = read_content(item, "output")
    return ToolResult(call_id, parts, extras=set_aside(item, *item_marks(item), *spelling))


def _tools(request: Fields) -> Iterator[AnyTool]:
    if request.says("tools"):
        for tool in request.objects("tools"):
            yield _tool(tool)


def _tool(tool: Fields) -> AnyTool:
    kind = tool.text("type")
    if kind != "function":
        return BuiltinTool(NAME, kind, {"type": kind, **tool.rest()})
    parameters = tool.maybe_object("parameters")
    return Tool(
        name=tool.text("name"),
        description=tool.maybe_text("description"),
        parameters=None if parameters is None else parameters.rest(),
        strict=tool.maybe_flag("strict"),
        extras=set_aside(tool),
    )


def _tool_choice(request: Fields) -> ToolChoice | None:
    parallel = request.maybe_flag("parallel_tool_calls")
    match request.peek("tool_choice"):
        case str(word) if word in CHOICES:
            request.skip("tool_choice")
            return ToolChoice(CHOICES[word], parallel=parallel)
        case {"type": "function", "name": str(name)}:
            choice = Fields(request.take("tool_choice"), "tool_choice")
            choice.skip("type")
            choice.skip("name")
            return ToolChoice("named", name, parallel, set_aside(choice))
        case {
            "type": "allowed_tools",
            "mode": "auto" | "required" as mode,
            "tools": [*tools],
            **others,
        } if not others and (names := _functions(tools)):
            request.skip("tool_choice")
            return ToolChoice(mode, parallel=parallel, allowed=names)
        case None | dict():
            # A choice among more than functions, or of a vendor's own: it stays as it is.
            return None if parallel is None else ToolChoice(parallel=parallel)
        case other:
            raise request.wrong("tool_choice", f"an object or one of {', '.join(CHOICES)}", other)


def _functions(tools: list[Json]) -> tuple[str, ...]:
    """Give the names of tools that are functions, all of them; nothing otherwise."""
    names = []
    for tool in tools:
        match tool:
            case {"type": "function", "name": str(name), **others} if not others:
                names.append(name)
            case _:
                return ()
    return tuple(names)


def _output(request: Fields) -> Output | None:
    """Take the form of the answer out of the field `text`; what else that says stays there."""
    text = request.peek("text")
    match text:
        case {
            "format": {"type": "text" | "json_object" | "json_schema" as kind} as wanted,
            **others,
        }:
            pass
        case None | dict():
            return None
        case other:
            raise request.wrong("text", "an object", other)
    request.skip("text")
    if others:
        request.rest()["text"] = others
    wish = Fields(wanted, "text.format")
    wish.skip("type")
    if kind != "json_schema":
        return Output(kind, extras=set_aside(wish))
    schema, name = wish.maybe_object("schema"), wish.maybe_text("name")
    return Output(
        kind="json_schema",
        schema=None if schema is None else schema.rest(),
        name=name,
        description=wish.maybe_text("description"),
        strict=wish.maybe_flag("strict"),
        extras=set_aside(wish, *(() if name else (NO_NAME,))),
    )


def _reasoning(request: Fields) -> ReasoningWish | None:
    wish = request.maybe_object("reasoning")
    if wish is None:
        return None
    return ReasoningWish(effort=wish.maybe_text("effort"), extras=set_aside(wish))


def _stream(request: Fields) -> bool:
    return request.peek("stream") is not False and request.maybe_flag("stream") is True


def _metadata(request: Fields) -> JsonObject | None:
    pairs = request.maybe_object("metadata")
    return None if pairs is None else {name: pairs.text(name) for name in tuple(pairs.rest())}
