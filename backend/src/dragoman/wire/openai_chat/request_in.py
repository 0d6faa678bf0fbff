"""A client's request, read strictly: every complaint says where."""

from collections.abc import Callable
from typing import Final

from dragoman.chat import (
    AnyTool,
    BuiltinTool,
    ChatRequest,
    Extras,
    InvalidInput,
    Json,
    JsonObject,
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
_CHOOSING: Final = frozenset({"tool_choice", "parallel_tool_calls"})
_SAMPLED: Final = frozenset(
    {"temperature", "top_p", "top_k", "seed", "presence_penalty", "frequency_penalty"}
)
_NO_SAMPLING: Final = Sampling()


def read_request(body: bytes) -> ChatRequest:
    """Read a client's request. Raises `InvalidInput` that says where it is wrong.

    Fields nobody here knows, `n` above 1 among them, stay in the extras; so does a field that says
    nothing: a null, an empty list, `stream: false`. The extras are never `None`: they tell who
    read the request.
    """
    request = read_object(body)
    left = request.rest()
    form: list[str] = []
    # Most requests wish for little: what is not in one is not looked for.
    return ChatRequest(
        limits=_limits(request, form),
        stop=_stop(request, form) if "stop" in left else (),
        sampling=_NO_SAMPLING if _SAMPLED.isdisjoint(left) else _sampling(request, form),
        tool_choice=None if _CHOOSING.isdisjoint(left) else _tool_choice(request, form),
        model=request.text("model"),
        messages=_messages(request),
        tools=_tools(request) if "tools" in left else (),
        output=_output(request) if "response_format" in left else None,
        reasoning=_reasoning(request) if "reasoning_effort" in left else None,
        stream=_stream(request) if "stream" in left else False,
        user=request.maybe_text("user"),
        metadata=_metadata(request) if "metadata" in left else None,
        extras=_extras(left, form),
    )


def _messages(request: Fields) -> tuple[Message, ...]:
    messages = request.take("messages")
    if not isinstance(messages, list):
        raise request.wrong("messages", "a list", messages)
    return tuple(
        [
            _plain(said) or _plain_result(said) or _message(said, place)
            for place, said in enumerate(messages)
        ]
    )


def _plain(said: Json) -> Message | None:
    """Read what nearly every message is: a role and a text. What any other says takes longer."""
    if not isinstance(said, dict) or len(said) != 2:
        return None
    role, text = said.get("role"), said.get("content")
    if not text or not isinstance(text, str) or role not in _PLAIN_ROLES:
        return None
    return Message(role, (Text(text),))


def _plain_result(said: Json) -> Message | None:
    """Read what nearly every result of a tool is: a text, and the call that it belongs to."""
    if not isinstance(said, dict) or len(said) != 3 or said.get("role") != "tool":
        return None
    call_id, text = said.get("tool_call_id"), said.get("content")
    if not text or not isinstance(text, str) or not isinstance(call_id, str):
        return None
    return Message("user", (ToolResult(call_id, (Text(text),)),))


def _message(said: Json, place: int) -> Message:
    message = Fields(said, f"messages[{place}]")
    role = message.text("role")
    if role not in _READERS:
        raise InvalidInput(message.at("role"), f"must be one of {', '.join(_READERS)}")
    return _READERS[role](message, place)


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


def _tools(request: Fields) -> tuple[AnyTool, ...]:
    return tuple(map(_tool, request.objects("tools"))) if request.says("tools") else ()


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


def _tool_choice(request: Fields, form: list[str]) -> ToolChoice | None:
    parallel = request.maybe_flag("parallel_tool_calls")
    match request.peek("tool_choice"):
        case str(word) if word in CHOICES:
            request.skip("tool_choice")
            mode = CHOICES[word]
            if word != mode:
                form.append(word)
            return ToolChoice(mode, parallel=parallel)
        case {"type": "function", "function": {"name": str(name)}}:
            choice = Fields(request.take("tool_choice"), "tool_choice")
            choice.skip("type")
            function = Fields(choice.take("function"))
            function.skip("name")
            extras = set_aside(choice, function=function)
            return ToolChoice("named", name, parallel, extras)
        case {
            "type": "allowed_tools",
            "allowed_tools": {"mode": "auto" | "required" as mode, "tools": [*tools], **others},
            **beside,
        } if not others and not beside and (names := _functions(tools)):
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


def _sampling(request: Fields, form: list[str]) -> Sampling:
    top_k = request.maybe_int("top_k")
    if top_k is not None:
        # Not OpenAI's, but many servers take it: who says it here wants it sent.
        form.append("top_k")
    return Sampling(
        temperature=request.maybe_number("temperature"),
        top_p=request.maybe_number("top_p"),
        top_k=top_k,
        seed=request.maybe_int("seed"),
        presence_penalty=request.maybe_number("presence_penalty"),
        frequency_penalty=request.maybe_number("frequency_penalty"),
    )


def _limits(request: Fields, form: list[str]) -> Limits:
    output = request.maybe_int("max_completion_tokens", least=0)
    if output is None:
        output = request.maybe_int("max_tokens", least=0)
        if output is not None:
            form.append("max_tokens")
    return Limits(output)


def _reasoning(request: Fields) -> ReasoningWish | None:
    effort = request.maybe_text("reasoning_effort")
    return None if effort is None else ReasoningWish(effort=effort)


def _stop(request: Fields, form: list[str]) -> tuple[str, ...]:
    match request.peek("stop"):
        case None | []:
            return ()
        case str(text):
            request.skip("stop")
            form.append("stop_text")
            return (text,)
        case [*texts] if all(isinstance(text, str) for text in texts):
            request.skip("stop")
            return tuple(texts)
        case other:
            raise request.wrong("stop", "a string or a list of strings", other)


def _extras(left: JsonObject, form: list[str]) -> Extras:
    """Keep what is left; of what asks for no more than everybody gets, that it was said."""
    if left.get("n") == 1:
        del left["n"]
        form.append(ONE_CHOICE)
    if left.get("stream_options") == {"include_usage": True}:
        del left["stream_options"]
        form.append(TELL_USAGE)
    return Extras(NAME, left, tuple(form))


def _stream(request: Fields) -> bool:
    return request.peek("stream") is not False and request.maybe_flag("stream") is True


def _metadata(request: Fields) -> dict[str, str] | None:
    pairs = request.maybe_object("metadata")
    return None if pairs is None else {name: pairs.text(name) for name in tuple(pairs.rest())}
