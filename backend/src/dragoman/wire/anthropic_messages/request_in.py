"""A client's request, read strictly; what only this format can say is set aside."""

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
    Role,
    Sampling,
    Text,
    Tool,
    ToolChoice,
)
from dragoman.wire.anthropic_messages.content_in import read_content
from dragoman.wire.anthropic_messages.words import (
    AS_STRING,
    CHOICES,
    CUSTOM,
    NAME,
    THINKING,
    THINKING_MODES,
    UNSTREAMED,
    left_over,
    set_aside,
)
from dragoman.wire.fields import Fields, read_object

_ROLES: Final = ("user", "assistant", "system")
_IN_A_STRING: Final = Extras(NAME, {}, (AS_STRING,))
_SAMPLED: Final = frozenset({"temperature", "top_p", "top_k"})
_NO_SAMPLING: Final = Sampling()


def read_request(body: bytes) -> ChatRequest:
    """Read a client's request. Raises `InvalidInput` that says where it is wrong.

    Its `extras` are never `None`: they tell that the request came in these words.
    """
    fields = read_object(body)
    left = fields.rest()
    model = fields.text("model")
    system, form = _system(fields) if "system" in left else ((), ())
    messages = _messages(fields)
    # Most requests wish for little: what is not in one is not looked for.
    tools = _tools(fields) if "tools" in left else ()
    config = _said_object(fields, "output_config") if "output_config" in left else None
    metadata = _said_object(fields, "metadata") if "metadata" in left else None
    stream = fields.maybe_flag("stream")
    return ChatRequest(
        model=model,
        system=system,
        messages=messages,
        tools=tools,
        tool_choice=_tool_choice(fields) if "tool_choice" in left else None,
        output=None if config is None else _output(config),
        sampling=_NO_SAMPLING if _SAMPLED.isdisjoint(left) else _sampling(fields),
        reasoning=_reasoning(fields, config),
        limits=Limits(fields.maybe_int("max_tokens", least=0)),
        stop=_stop(fields) if "stop_sequences" in left else (),
        stream=bool(stream),
        user=None if metadata is None else metadata.maybe_text("user_id"),
        extras=Extras(
            NAME,
            left_over(fields, output_config=config, metadata=metadata),
            form if stream is not False else (*form, UNSTREAMED),
        ),
    )


def _said_object(fields: Fields, name: str) -> Fields | None:
    return fields.maybe_object(name) if fields.says(name) else None


def _system(fields: Fields) -> tuple[tuple[Text, ...], tuple[str, ...]]:
    parts, form = read_content(fields, "system")
    texts = tuple(part for part in parts if isinstance(part, Text))
    if len(texts) < len(parts):
        raise InvalidInput("system", "must be a string or a list of text blocks")
    return texts, form


def _messages(fields: Fields) -> tuple[Message, ...]:
    if not fields.has("messages"):
        raise fields.wrong("messages", "a list", None)
    messages = fields.take("messages")
    if messages in (None, []):
        raise InvalidInput("messages", "must hold at least one message")
    if not isinstance(messages, list):
        raise fields.wrong("messages", "a list", messages)
    return tuple([_plain(said) or _message(said, place) for place, said in enumerate(messages)])


def _plain(said: Json) -> Message | None:
    """Read what many messages are: a role and a text. What any other says takes longer."""
    if not isinstance(said, dict) or len(said) != 2:
        return None
    role, text = said.get("role"), said.get("content")
    if not isinstance(text, str) or role not in _ROLES:
        return None
    return Message(role, (Text(text),), _IN_A_STRING)


def _message(said: Json, place: int) -> Message:
    fields = Fields(said, f"messages[{place}]")
    role = _role(fields)
    if fields.peek("content") is None:
        raise fields.wrong("content", "a string or a list of blocks", None)
    parts, form = read_content(fields)
    return Message(role, parts, set_aside(fields, *form))


def _role(fields: Fields) -> Role:
    match fields.text("role"):
        case "user" | "assistant" | "system" as role:
            return role
        case _:
            raise InvalidInput(fields.at("role"), "must be user, assistant or system")


def _tools(fields: Fields) -> tuple[AnyTool, ...]:
    return tuple(map(_tool, fields.objects("tools"))) if fields.says("tools") else ()


def _tool(fields: Fields) -> AnyTool:
    match fields.peek("type"):
        case None:
            form: tuple[str, ...] = ()
        case "custom":
            fields.skip("type")
            form = (CUSTOM,)
        case str(kind):
            return BuiltinTool(NAME, kind, fields.rest())
        case other:
            raise fields.wrong("type", "a string", other)
    name, description = fields.text("name"), fields.maybe_text("description")
    schema = fields.maybe_object("input_schema")
    parameters = None if schema is None else schema.rest()
    strict = fields.maybe_flag("strict")
    return Tool(name, description, parameters, strict, set_aside(fields, *form))


def _tool_choice(fields: Fields) -> ToolChoice | None:
    """Read how tools are to be used; a way unknown here stays where it is."""
    match fields.peek("tool_choice"):
        case {"type": str(word)} if word not in CHOICES:
            return None
    choice = fields.maybe_object("tool_choice")
    if choice is None:
        return None
    mode = CHOICES[choice.text("type")]
    name = choice.text("name") if mode == "named" else None
    one_by_one = choice.maybe_flag("disable_parallel_tool_use")
    parallel = None if one_by_one is None else not one_by_one
    return ToolChoice(mode, name, parallel, set_aside(choice))


def _output(config: Fields) -> Output | None:
    """Read the form an answer must have; one unknown here stays where it is."""
    match config.peek("format"):
        case {"type": "json_schema", "schema": dict()}:
            form = Fields(config.take("format"))
            form.skip("type")
            return Output("json_schema", schema=form.take("schema"), extras=set_aside(form))
        case _:
            return None


def _reasoning(fields: Fields, config: Fields | None) -> ReasoningWish | None:
    """Read how much to think; a way that has no word of ours keeps its own."""
    effort = None if config is None else config.maybe_text("effort")
    thinking = _said_object(fields, "thinking")
    if thinking is None:
        return None if effort is None else ReasoningWish(effort=effort)
    word = thinking.peek("type")
    if not isinstance(word, str):
        raise thinking.wrong("type", "a string", word)
    if word in THINKING:
        thinking.skip("type")
    budget = thinking.maybe_int("budget_tokens")
    return ReasoningWish(THINKING_MODES.get(word), effort, budget, set_aside(thinking))


def _sampling(fields: Fields) -> Sampling:
    return Sampling(
        temperature=fields.maybe_number("temperature"),
        top_p=fields.maybe_number("top_p"),
        top_k=fields.maybe_int("top_k"),
    )


def _stop(fields: Fields) -> tuple[str, ...]:
    if not fields.says("stop_sequences"):
        return ()
    match fields.take("stop_sequences"):
        case [*sequences] if all(isinstance(sequence, str) for sequence in sequences):
            return tuple(sequences)
        case other:
            raise fields.wrong("stop_sequences", "a list of strings", other)
