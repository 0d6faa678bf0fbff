"""What is asked of a model: one frozen value, the same for every wire."""

from typing import Final, Literal, TypeAlias

from msgspec import Struct

from dragoman.chat.json import Extras, JsonObject
from dragoman.chat.messages import Message, Text


class Tool(Struct, frozen=True, tag="tool"):
    """A function the model may ask for; `parameters` is a JSON Schema, `None` if none was given."""

    name: str
    description: str | None = None
    parameters: JsonObject | None = None
    strict: bool | None = None
    extras: Extras | None = None


class BuiltinTool(Struct, frozen=True, tag="builtin_tool"):
    """A tool the vendor runs itself (web search, code execution); `fields` is its JSON object."""

    wire: str
    kind: str
    fields: JsonObject


class ToolChoice(Struct, frozen=True):
    """Whether tools may, must or must not be used; `name` goes with the mode `named`.

    `mode` is `None` where only `parallel` was said. `allowed` goes with `auto` and `required`, and
    names the functions there are to choose from; all of them, if it is empty.
    """

    mode: Literal["auto", "none", "required", "named"] | None = None
    name: str | None = None
    parallel: bool | None = None
    extras: Extras | None = None
    allowed: tuple[str, ...] = ()


class Output(Struct, frozen=True):
    """The form an answer must have; `schema` is a JSON Schema and goes with `json_schema`."""

    kind: Literal["text", "json_object", "json_schema"]
    schema: JsonObject | None = None
    name: str | None = None
    description: str | None = None
    strict: bool | None = None
    extras: Extras | None = None


class Sampling(Struct, frozen=True):
    """How the next token is drawn; `None` leaves it to the vendor."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None


EFFORT_SCALE: Final = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""The field's words for how hard a model is to think, from the least."""


class ReasoningWish(Struct, frozen=True):
    """How much the model should think before it answers.

    `effort` is one word of the `EFFORT_SCALE`, or one that only its vendor knows;
    `budget` a ceiling in tokens, `mode` whether thinking is `on`, `off` or the model's own choice
    (`adaptive`); each `None` where it was not said.
    """

    mode: Literal["on", "off", "adaptive"] | None = None
    effort: str | None = None
    budget: int | None = None
    extras: Extras | None = None


class Limits(Struct, frozen=True):
    """How long an answer may be, in tokens (reasoning included)."""

    output: int | None = None


AnyTool: TypeAlias = Tool | BuiltinTool


class ChatRequest(Struct, frozen=True, kw_only=True):
    """One question to one model.

    `system` stands before the conversation; a message of the role `system` stands in it. A wire
    that knows only one of the two folds the other into it. `user` is the caller's own id for the
    person asking. `extras` is what only the wire that read this request has words for, `headers`
    the HTTP headers that mean something to that wire alone (a version, betas; names in lower case).
    `strict` asks to refuse what cannot be said in full, rather than to leave anything out.
    """

    model: str
    messages: tuple[Message, ...]
    system: tuple[Text, ...] = ()
    tools: tuple[AnyTool, ...] = ()
    tool_choice: ToolChoice | None = None
    output: Output | None = None
    sampling: Sampling = Sampling()
    reasoning: ReasoningWish | None = None
    limits: Limits = Limits()
    stop: tuple[str, ...] = ()
    stream: bool = False
    user: str | None = None
    metadata: dict[str, str] | None = None
    extras: Extras | None = None
    headers: Extras | None = None
    strict: bool = False
