"""A request in this format's words, read strictly; what only it can say is set aside."""

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
    Role,
    Sampling,
    Text,
    Tool,
    ToolChoice,
)
from dragoman.wire.bedrock_converse.content_in import read_blocks
from dragoman.wire.bedrock_converse.words import (
    CHOICES,
    EMPTY,
    NAME,
    encode,
    left_over,
    set_aside,
)
from dragoman.wire.fields import Fields, read_object
from dragoman.wire.stream import decode_leniently


def read_request(body: bytes) -> ChatRequest:
    """Read a request. Raises `InvalidInput` that says where it is wrong.

    The model, and whether to stream, stand in the address and not in the body: they are "" and
    False here, for the caller to replace. The `extras` are never `None`.
    """
    fields = read_object(body)
    form = tuple(EMPTY + name for name in _MAY_BE_EMPTY if fields.peek(name) in ([], {}))
    for mark in form:
        fields.skip(mark.removeprefix(EMPTY))
    config = fields.maybe_object("inferenceConfig")
    tools = fields.maybe_object("toolConfig")
    output = fields.maybe_object("outputConfig")
    return ChatRequest(
        model="",
        system=_system(fields),
        messages=tuple(_message(message) for message in fields.objects("messages")),
        tools=() if tools is None else tuple(_tool(tool) for tool in tools.objects("tools")),
        tool_choice=None if tools is None else _choice(tools),
        output=None if output is None else _output(output),
        sampling=_sampling(config),
        reasoning=_reasoning(output),
        limits=Limits(None if config is None else config.maybe_int("maxTokens", least=1)),
        stop=_stop(config),
        metadata=_metadata(fields),
        extras=Extras(
            NAME,
            left_over(fields, inferenceConfig=config, toolConfig=tools, outputConfig=output),
            form,
        ),
    )


_MAY_BE_EMPTY = ("system", "inferenceConfig", "toolConfig", "outputConfig")


def _system(fields: Fields) -> tuple[Text, ...]:
    """Take the system prompt; what is no text in it stays whole."""
    match fields.peek("system"):
        case [*blocks] if all(_is_text(block) for block in blocks):
            fields.skip("system")
            return tuple(Text(block["text"]) for block in blocks)
        case None | list():
            return ()
        case other:
            raise fields.wrong("system", "a list of blocks", other)


def _is_text(block: Json) -> bool:
    match block:
        case {"text": str(), **others}:
            return not others
        case _:
            return False


def _message(fields: Fields) -> Message:
    role = _role(fields)
    content = fields.take("content")
    if not isinstance(content, list):
        raise fields.wrong("content", "a list of blocks", content)
    return Message(role, read_blocks(content, fields.at("content")), set_aside(fields))


def _role(fields: Fields) -> Role:
    match fields.text("role"):
        case "user" | "assistant" | "system" as role:
            return role
        case _:
            raise InvalidInput(fields.at("role"), "must be user, assistant or system")


def _tool(fields: Fields) -> AnyTool:
    if not fields.has("toolSpec"):
        return BuiltinTool(NAME, next(iter(fields.rest()), ""), fields.rest())
    spec = fields.maybe_object("toolSpec")
    if spec is None:
        raise fields.wrong("toolSpec", "an object", None)
    schema = spec.maybe_object("inputSchema")
    parameters = None if schema is None else schema.maybe_object("json")
    return Tool(
        spec.text("name"),
        spec.maybe_text("description"),
        None if parameters is None else parameters.rest(),
        spec.maybe_flag("strict"),
        set_aside(spec, inputSchema=schema),
    )


def _choice(tools: Fields) -> ToolChoice | None:
    """Read how tools are to be used; a way unknown here stays where it is."""
    match tools.peek("toolChoice"):
        case {"tool": {"name": str(name), **others}, **more} if not others and not more:
            choice = ToolChoice("named", name)
        case {**only} if (
            len(only) == 1 and (word := next(iter(only))) in CHOICES and not only[word]
        ):
            choice = ToolChoice(CHOICES[word])
        case _:
            return None
    tools.skip("toolChoice")
    return choice


def _output(config: Fields) -> Output | None:
    """Read the form an answer must have; one unknown here stays where it is."""
    match config.peek("textFormat"):
        case {
            "type": "json_schema",
            "structure": {"jsonSchema": {"schema": str(text)} as inside} as structure,
            **others,
        } if not others and len(structure) == 1:
            schema = decode_leniently(text.encode())
        case _:
            return None
    if not isinstance(schema, dict):
        return None
    config.skip("textFormat")
    said = Fields(inside, config.at("textFormat.structure.jsonSchema"))
    name, description = said.maybe_text("name"), said.maybe_text("description")
    # It is a string here, and one schema can be written in many.
    if encode(schema).decode() == text:
        said.skip("schema")
    return Output("json_schema", schema, name, description, extras=set_aside(said))


def _reasoning(output: Fields | None) -> ReasoningWish | None:
    effort = None if output is None else output.maybe_text("effort")
    return None if effort is None else ReasoningWish(effort=effort)


def _sampling(config: Fields | None) -> Sampling:
    if config is None:
        return Sampling()
    return Sampling(config.maybe_number("temperature"), config.maybe_number("topP"))


def _stop(config: Fields | None) -> tuple[str, ...]:
    if config is None or not config.says("stopSequences"):
        return ()
    match config.take("stopSequences"):
        case [*sequences] if all(isinstance(sequence, str) for sequence in sequences):
            return tuple(sequences)
        case other:
            raise config.wrong("stopSequences", "a list of strings", other)


def _metadata(fields: Fields) -> dict[str, str] | None:
    said = fields.peek("requestMetadata")
    if not isinstance(said, dict) or not all(isinstance(value, str) for value in said.values()):
        return None
    fields.skip("requestMetadata")
    return said
