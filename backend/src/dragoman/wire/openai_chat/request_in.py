"""A client's request, read strictly: every complaint says where."""

from collections.abc import Callable, Iterator
from typing import Final

from dragoman.chat import (
    AnyTool,
    BuiltinTool,
    ChatRequest,
    Extras,
    InvalidInput,
    Json,
    Limits,
    Message,
    Output,
    ReasoningWish,
    Sampling,
    Text,
    Tool,
    ToolChoice,
    ToolResult,
)
from dragoman.wire.fields import Fields, read_object
from dragoman.wire.openai_chat.assistant import read_assistant
from dragoman.wire.openai_chat.content_in import read_content, read_part
from dragoman.wire.openai_chat.words import (
    CHOICES,
    DEVELOPER,
    FUNCTION,
    MEDIA,
    NAME,
    ONE_CHOICE,
    TELL_USAGE,
    UNNAMED,
    UNTYPED,
    set_aside,
)

_PLAIN_ROLES: Final = ("user", "assistant", "system")


def read_request(body: bytes) -> ChatRequest:
    """Read a client's request. Raises `InvalidInput` that says where it is wrong.

    Fields nobody here knows, `n` above 1 among them, stay in the extras; so does a field that says
    nothing: a null, an empty list, `stream: false`. The extras are never `None`: they tell who
    read the request.
    """
    request = read_object(body)
    limits, limit_form = _limits(request)
    stop, stop_form = _stop(request)
    sampling, sampling_form = _sampling(request)
    choice, choice_form = _tool_choice(request)
    return ChatRequest(
        model=request.text("model"),
        messages=tuple(_messages(request)),
        tools=tuple(_tools(request)),
        tool_choice=choice,
        output=_output(request),
        sampling=sampling,
        reasoning=_reasoning(request),
        limits=limits,
        stop=stop,
        stream=_stream(request),
        user=request.maybe_text("user"),
        metadata=_metadata(request),
        extras=Extras(
            NAME,
            request.rest(),
            (*limit_form, *stop_form, *sampling_form, *choice_form, *_plain_wishes(request)),
        ),
    )


def _messages(request: Fields) -> Iterator[Message]:
    messages = request.take("messages")
    if not isinstance(messages, list):
        raise request.wrong("messages", "a list", messages)
    for place, said in enumerate(messages):
        plain = _plain(said)
        if plain is not None:
            yield plain
            continue
        message = Fields(said, f"messages[{place}]")
        role = message.text("role")
        if role not in _READERS:
            raise InvalidInput(message.at("role"), f"must be one of {', '.join(_READERS)}")
        yield _READERS[role](message, place)


def _plain(said: Json) -> Message | None:
    """Read what nearly every message is: a role and a text. What any other says takes longer."""
    if not isinstance(said, dict) or len(said) != 2:
        return None
    role, text = said.get("role"), said.get("content")
    if not text or not isinstance(text, str) or role not in _PLAIN_ROLES:
        return None
    return Message(role, (Text(text),))


def _spoken(message: Fields, _place: int) -> Message:
    parts, form = read_content(message, read_part)
    return Message("user", parts, set_aside(message, *form))


def _system(message: Fields, _place: int) -> Message:
    parts, form = read_content(message, read_part)
    return Message("system", parts, set_aside(message, *form))


def _developer(message: Fields, _place: int) -> Message:
    parts, form = read_content(message, read_part)
    return Message("system", parts, set_aside(message, DEVELOPER, *form))


def _assistant(message: Fields, place: int) -> Message:
    parts, form = read_assistant(message, call_id=_old_call_id(place))
    return Message("assistant", parts, set_aside(message, *form))


def _tool_result(message: Fields, _place: int) -> Message:
    call_id = message.text("tool_call_id")
    return Message("user", (_result(message, call_id),))


def _function_result(message: Fields, place: int) -> Message:
    # It names the function, not the call, which is the message before.
    return Message("user", (_result(message, _old_call_id(place - 1), FUNCTION),))


def _old_call_id(place: int) -> str:
    return f"call_{place}"


def _result(message: Fields, call_id: str, *form: str) -> ToolResult:
    parts, spelling = read_content(message, read_part)
    media = () if all(isinstance(part, Text) for part in parts) else (MEDIA,)
    extras = set_aside(message, *form, *spelling, *media)
    return ToolResult(call_id, parts, extras=extras)


_READERS: Final[dict[str, Callable[[Fields, int], Message]]] = {
    "system": _system,
    "developer": _developer,
    "user": _spoken,
    "assistant": _assistant,
    "tool": _tool_result,
    "function": _function_result,
}


def _tools(request: Fields) -> Iterator[AnyTool]:
    if request.says("tools"):
        for tool in request.objects("tools"):
            yield _tool(tool)


def _tool(tool: Fields) -> AnyTool:
    kind = tool.maybe_text("type")
    if kind not in (None, "function"):
        return BuiltinTool(NAME, kind, {"type": kind, **tool.rest()})
    function = Fields(tool.take("function"), tool.at("function"))
    parameters = function.maybe_object("parameters")
    return Tool(
        name=function.text("name"),
        description=function.maybe_text("description"),
        parameters=None if parameters is None else parameters.rest(),
        strict=function.maybe_flag("strict"),
        extras=set_aside(tool, *(() if kind else (UNTYPED,)), function=function),
    )


def _tool_choice(request: Fields) -> tuple[ToolChoice | None, tuple[str, ...]]:
    parallel = request.maybe_flag("parallel_tool_calls")
    match request.peek("tool_choice"):
        case str(word) if word in CHOICES:
            request.skip("tool_choice")
            mode = CHOICES[word]
            return ToolChoice(mode, parallel=parallel), () if word == mode else (word,)
        case {"type": "function", "function": {"name": str(name)}}:
            choice = Fields(request.take("tool_choice"), "tool_choice")
            choice.skip("type")
            function = Fields(choice.take("function"))
            function.skip("name")
            extras = set_aside(choice, function=function)
            return ToolChoice("named", name, parallel, extras), ()
        case {
            "type": "allowed_tools",
            "allowed_tools": {"mode": "auto" | "required" as mode, "tools": [*tools], **others},
            **beside,
        } if not others and not beside and (names := _functions(tools)):
            request.skip("tool_choice")
            return ToolChoice(mode, parallel=parallel, allowed=names), ()
        case None | dict():
            # A choice among more than functions, or of a vendor's own: it stays as it is.
            return None if parallel is None else ToolChoice(parallel=parallel), ()
        case other:
            raise request.wrong("tool_choice", f"an object or one of {', '.join(CHOICES)}", other)


def _functions(tools: list[Json]) -> tuple[str, ...]:
    """Give the names of tools that are functions, all of them; nothing otherwise."""
    names = []
    for tool in tools:
        match tool:
            case {"type": "function", "function": {"name": str(name), **more}, **others} if (
                not more and not others
            ):
                names.append(name)
            case _:
                return ()
    return tuple(names)


def _output(request: Fields) -> Output | None:
    match request.peek("response_format"):
        case {"type": "text" | "json_object" as kind}:
            wish = Fields(request.take("response_format"), "response_format")
            wish.skip("type")
            return Output(kind, extras=set_aside(wish))
        case {"type": "json_schema", "json_schema": dict()}:
            wish = Fields(request.take("response_format"), "response_format")
            wish.skip("type")
            return _schema(wish)
        case None | {"type": str()}:
            return None
        case other:
            raise request.wrong("response_format", "an object with a type", other)


def _schema(wish: Fields) -> Output:
    inner = Fields(wish.take("json_schema"), wish.at("json_schema"))
    schema, name = inner.maybe_object("schema"), inner.maybe_text("name")
    return Output(
        kind="json_schema",
        schema=None if schema is None else schema.rest(),
        name=name,
        description=inner.maybe_text("description"),
        strict=inner.maybe_flag("strict"),
        extras=set_aside(wish, *(() if name else (UNNAMED,)), json_schema=inner),
    )


def _sampling(request: Fields) -> tuple[Sampling, tuple[str, ...]]:
    top_k = request.maybe_int("top_k")
    sampling = Sampling(
        temperature=request.maybe_number("temperature"),
        top_p=request.maybe_number("top_p"),
        # Not OpenAI's, but many servers take it: who says it here wants it sent.
        top_k=top_k,
        seed=request.maybe_int("seed"),
        presence_penalty=request.maybe_number("presence_penalty"),
        frequency_penalty=request.maybe_number("frequency_penalty"),
    )
    return sampling, () if top_k is None else ("top_k",)


def _limits(request: Fields) -> tuple[Limits, tuple[str, ...]]:
    output = request.maybe_int("max_completion_tokens", least=0)
    if output is not None:
        return Limits(output), ()
    older = request.maybe_int("max_tokens", least=0)
    return Limits(older), () if older is None else ("max_tokens",)


def _reasoning(request: Fields) -> ReasoningWish | None:
    effort = request.maybe_text("reasoning_effort")
    return None if effort is None else ReasoningWish(effort=effort)


def _stop(request: Fields) -> tuple[tuple[str, ...], tuple[str, ...]]:
    match request.peek("stop"):
        case None | []:
            return (), ()
        case str(text):
            request.skip("stop")
            return (text,), ("stop_text",)
        case [*texts] if all(isinstance(text, str) for text in texts):
            request.skip("stop")
            return tuple(texts), ()
        case other:
            raise request.wrong("stop", "a string or a list of strings", other)


def _plain_wishes(request: Fields) -> Iterator[str]:
    """Take what asks for no more than everybody gets."""
    if request.peek("n") == 1:
        request.skip("n")
        yield ONE_CHOICE
    if request.peek("stream_options") == {"include_usage": True}:
        request.skip("stream_options")
        yield TELL_USAGE


def _stream(request: Fields) -> bool:
    return request.peek("stream") is not False and request.maybe_flag("stream") is True


def _metadata(request: Fields) -> dict[str, str] | None:
    pairs = request.maybe_object("metadata")
    return None if pairs is None else {name: pairs.text(name) for name in tuple(pairs.rest())}
