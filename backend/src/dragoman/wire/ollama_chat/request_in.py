"""A request in this format's words, read strictly; what only it can say is set aside."""

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from dragoman.chat import (
    AnyTool,
    Base64,
    BuiltinTool,
    ChatRequest,
    Extras,
    Image,
    InvalidInput,
    Limits,
    Message,
    Output,
    Part,
    Reasoning,
    Role,
    Sampling,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)
from dragoman.wire.fields import Fields, read_object
from dragoman.wire.ollama_chat.calls import Pairing
from dragoman.wire.ollama_chat.words import (
    NAME,
    NAMELESS,
    NO_CONTENT,
    UNSTREAMED,
    encode,
    set_aside,
)

# How the base64 of each kind begins: the format does not say what a picture is.
_BEGINNINGS: Final[dict[str, str]] = {
    "iVBOR": "image/png",
    "/9j/": "image/jpeg",
    "R0lGOD": "image/gif",
    "UklGR": "image/webp",
}


def read_request(body: bytes) -> ChatRequest:
    """Read a request. Raises `InvalidInput` that says where it is wrong.

    The `extras` are never `None`: what they hold is what only this format says, `think` with it.
    """
    fields = read_object(body)
    form = () if fields.peek("stream") is not None else (UNSTREAMED,)
    stream = fields.maybe_flag("stream")
    options = fields.maybe_object("options")
    pairing = Pairing()
    tools = tuple(_tool(tool) for tool in fields.objects("tools")) if fields.says("tools") else ()
    return ChatRequest(
        model=fields.text("model"),
        messages=tuple(_message(message, pairing) for message in fields.objects("messages")),
        tools=tools,
        output=_output(fields),
        sampling=Sampling() if options is None else _sampling(options),
        limits=Limits() if options is None else _limits(options),
        stop=() if options is None else _stop(options),
        stream=stream is not False,
        extras=_extras(fields, options, form),
    )


def _extras(fields: Fields, options: Fields | None, form: tuple[str, ...]) -> Extras:
    return set_aside(fields, *form, options=options) or Extras(NAME)


def _sampling(options: Fields) -> Sampling:
    return Sampling(
        temperature=options.maybe_number("temperature"),
        top_p=options.maybe_number("top_p"),
        top_k=options.maybe_int("top_k"),
        seed=options.maybe_int("seed"),
        presence_penalty=options.maybe_number("presence_penalty"),
        frequency_penalty=options.maybe_number("frequency_penalty"),
    )


def _limits(options: Fields) -> Limits:
    """Take how long an answer may be; -1 and -2, which say that it may be any, stay."""
    limit = options.peek("num_predict")
    if isinstance(limit, int) and limit < 1:
        return Limits()
    return Limits(options.maybe_int("num_predict"))


def _stop(options: Fields) -> tuple[str, ...]:
    match options.peek("stop"):
        case [*sequences] if sequences and all(isinstance(one, str) for one in sequences):
            options.skip("stop")
            return tuple(sequences)
        case _:
            return ()


def _output(fields: Fields) -> Output | None:
    form = fields.peek("format")
    if form == "json":
        output = Output("json_object")
    elif form and isinstance(form, dict):
        output = Output("json_schema", form)
    else:
        return None
    fields.skip("format")
    return output


def _tool(fields: Fields) -> AnyTool:
    if fields.peek("type") != "function" or not fields.has("function"):
        return BuiltinTool(NAME, str(fields.peek("type") or ""), fields.rest())
    fields.skip("type")
    function = fields.maybe_object("function")
    if function is None:
        raise fields.wrong("function", "an object", None)
    parameters = function.maybe_object("parameters")
    return Tool(
        function.text("name"),
        function.maybe_text("description"),
        None if parameters is None else parameters.rest(),
        extras=set_aside(fields, function=function) or Extras(NAME),
    )


def _message(fields: Fields, pairing: Pairing) -> Message:
    role = fields.text("role")
    form = () if fields.peek("content") is not None else (NO_CONTENT,)
    if role == "tool":
        return Message("user", (_result(fields, pairing),), set_aside(fields, *form))
    parts = tuple(_parts(fields, pairing))
    return Message(_role(role, fields), parts, set_aside(fields, *form))


def _role(role: str, fields: Fields) -> Role:
    match role:
        case "user" | "assistant" | "system":
            return role
        case _:
            raise InvalidInput(fields.at("role"), "must be system, user, assistant or tool")


def _parts(fields: Fields, pairing: Pairing) -> Iterator[Part]:
    if thinking := fields.maybe_text("thinking"):
        yield Reasoning(thinking, origin=NAME)
    yield from _words(fields)
    if fields.says("tool_calls"):
        for call in fields.objects("tool_calls"):
            yield _call(call, pairing)


def _words(fields: Fields) -> Iterator[Part]:
    if text := fields.maybe_text("content"):
        yield Text(text)
    pictures = fields.take("images") if fields.says("images") else []
    for place, picture in enumerate(pictures):
        if not isinstance(picture, str):
            raise InvalidInput(f"{fields.at('images')}[{place}]", "must be a picture in base64")
        known = (kind for begin, kind in _BEGINNINGS.items() if picture.startswith(begin))
        yield Image(Base64(next(known, "image/png"), picture))


def _call(fields: Fields, pairing: Pairing) -> ToolCall:
    call_id = fields.maybe_text("id")
    function = fields.maybe_object("function")
    if function is None:
        raise fields.wrong("function", "an object", None)
    name, arguments = function.text("name"), function.maybe_object("arguments")
    text = "" if arguments is None else encode(arguments.rest()).decode()
    inside = {"function": function} if function.rest() else {}
    return ToolCall(pairing.asked(call_id, name), name, text, set_aside(fields, **inside))


def _result(fields: Fields, pairing: Pairing) -> ToolResult:
    name = fields.maybe_text("tool_name")
    call_id = pairing.answered(fields.maybe_text("tool_call_id"), name)
    result = ToolResult(call_id, tuple(_words(fields)))
    return result if name else replace(result, extras=Extras(NAME, {}, (NAMELESS,)))
