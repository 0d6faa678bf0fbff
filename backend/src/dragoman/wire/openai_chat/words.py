"""The words of the Chat Completions format, and how what nobody here knows is put back.

Facts without a source of their own: https://platform.openai.com/docs/api-reference/chat and the
types of `openai` 3.54 (PyPI).
"""

from typing import Final, Literal, TypeAlias

import msgspec

from dragoman.chat import Category, Extras, JsonObject, StopReason, extra_fields, extras_of
from dragoman.wire.fields import Fields

NAME: Final = "openai_chat"

encode: Final = msgspec.json.Encoder().encode

# The marks of a spelling, where one thing can be said in two ways; the other way has no mark.

DEVELOPER: Final = "developer"
"""A system message whose role is `developer`."""

FUNCTION: Final = "function"
"""A call or its result in the words that came before tools: `function_call`, role `function`."""

PARTS: Final = "parts"
"""A `content` that is a list of parts where a string would do."""

NO_CONTENT: Final = "no content"
"""A message without the field `content`."""

REFUSAL: Final = "refusal"
"""A text that is a refusal: in a field of the message, or in a content part of this type."""

THINKING: Final = "thinking"
"""Reasoning in a content part of this type, as Mistral has it."""

UNTYPED: Final = "untyped"
"""A tool or a call without its type, which is `function`."""

INDEXED: Final = "indexed"
"""A call of a whole reply that tells its own place; in a stream all of them do."""

NO_ARGUMENTS: Final = "no arguments"
"""A call without the field `arguments`."""

EMPTY_ARGUMENTS: Final = "empty arguments"
"""A call whose `arguments` are no JSON at all, where `{}` is meant."""

UNCOUNTED: Final = "uncounted"
"""A usage that leaves out what went in, or what came out."""

ONE_CHOICE: Final = "n: 1"
"""A request that says outright that it wants one choice."""

TELL_USAGE: Final = "include_usage"
"""A request whose `stream_options` ask for a usage chunk, and for nothing else."""

UNNAMED: Final = "unnamed"
"""A schema or a file without the name that this format wants for it."""

BARE: Final = "bare"
"""An image given by its address alone, or a file by its address: no object, no bytes around it."""

MEDIA: Final = "media"
"""A tool's result that holds more than text, which this format does not foresee."""

# A model's thinking, in the fields of compatible servers; the first is written unless marked.
REASONING_FIELDS: Final = ("reasoning_content", "reasoning")
REASONING_DETAILS: Final = "reasoning_details"
"""OpenRouter's list of thoughts with their seals; as a mark: the text stands there alone."""

TOOL_CALL: Final = "tool_call:"
"""How the `kind` of an opaque part begins that stands among the tool calls, not in the content."""

PADDING: Final = frozenset({"obfuscation", "p"})
"""Fields that hide a chunk's true length and say nothing (`include_obfuscation`; Mistral's `p`)."""

OWN_STOP_WORDS: Final = frozenset(
    {"stop", "length", "tool_calls", "content_filter", "function_call"},
)
"""The format's own words for the end; any other goes back to its own vendor's clients alone."""

STOP_REASONS: Final[dict[str, StopReason]] = {
    "stop": StopReason.STOP,
    "length": StopReason.LENGTH,
    "tool_calls": StopReason.TOOL,
    "function_call": StopReason.TOOL,
    "content_filter": StopReason.CONTENT_FILTER,
    # https://docs.mistral.ai/api/#tag/chat
    "model_length": StopReason.CONTEXT_FULL,
    "error": StopReason.ERROR,
    # https://api-docs.deepseek.com/api/create-chat-completion
    "insufficient_system_resource": StopReason.ERROR,
    # https://huggingface.co/docs/text-generation-inference/reference/api_reference
    "eos": StopReason.STOP,
    "eos_token": StopReason.STOP,
    "stop_sequence": StopReason.STOP_SEQUENCE,
    "refusal": StopReason.REFUSAL,
}

STOP_WORDS: Final[dict[StopReason, str]] = {
    StopReason.STOP: "stop",
    StopReason.LENGTH: "length",
    StopReason.TOOL: "tool_calls",
    StopReason.CONTENT_FILTER: "content_filter",
    StopReason.REFUSAL: "content_filter",
    StopReason.STOP_SEQUENCE: "stop",
    # The turn is to be taken up again, which this format cannot say.
    StopReason.PAUSE: "stop",
    StopReason.CONTEXT_FULL: "length",
    # A closed list, in which this is the word for an answer that is not whole.
    StopReason.ERROR: "length",
    StopReason.MALFORMED: "length",
}

ChoiceMode: TypeAlias = Literal["auto", "none", "required"]

CHOICES: Final[dict[str, ChoiceMode]] = {
    "auto": "auto",
    "none": "none",
    "required": "required",
    # https://docs.mistral.ai/capabilities/function_calling
    "any": "required",
}

# How hard to think where only a ceiling in tokens was given: the first that is not below it. The
# figures are OpenRouter's shares of an answer of 32,000 tokens
# (https://openrouter.ai/docs/use-cases/reasoning-tokens); the words, those that all models know.
EFFORTS: Final[tuple[tuple[int, str], ...]] = ((0, "none"), (6_400, "low"), (16_000, "medium"))
MOST_EFFORT: Final = "high"

# What `without` may name beside any field of the body, which is then left out with a receipt.
FEATURES: Final[dict[str, str]] = {
    "developer_role": "the role developer; it becomes system",
    "max_completion_tokens": "the newer spelling of the limit; it becomes max_tokens",
    "max_tokens": "the older spelling of the limit; it becomes max_completion_tokens",
    "kindred_fields": "what OpenAI's two formats both say, for a client of any but this one",
    "strict_tools": "the field strict of a function",
    "tools": "tools; asking for them is refused",
    "images": "pictures; sending one is refused",
    "documents": "files; sending one is refused",
    "audio": "recordings; sending one is refused",
    "json_schema": "answers by a schema; asking for one is refused",
}

OPTIONAL_FIELDS: Final = frozenset(
    {"tools", "tool_choice", "parallel_tool_calls", "response_format", "reasoning_effort"}
    | {"temperature", "top_p", "top_k", "seed", "presence_penalty", "frequency_penalty"}
    | {"max_tokens", "max_completion_tokens", "stop", "n", "stream", "stream_options"}
    | {"user", "metadata"}
)
"""The fields that are written where a request wants them; `without` may leave them out."""

# Type and code of an error, as a client of this format knows them; `None` is the reason's own word.
# A vendor that refuses our key is no fault of the client's key: its code says so.
ERROR_WORDS: Final[dict[Category, tuple[str, str | None]]] = {
    Category.AUTHENTICATION: ("server_error", "upstream_auth"),
    Category.PERMISSION: ("server_error", "upstream_auth"),
    Category.QUOTA_EXHAUSTED: ("insufficient_quota", "quota_exhausted"),
    Category.RATE_LIMIT: ("rate_limit_error", "rate_limit_exceeded"),
    Category.OVERLOADED: ("service_unavailable_error", "server_is_overloaded"),
    Category.TIMEOUT: ("timeout_error", None),
    Category.CONNECTION: ("server_error", None),
    Category.STREAM_INTERRUPTED: ("server_error", None),
    Category.BAD_RESPONSE: ("server_error", None),
    Category.CANCELLED: ("server_error", None),
    Category.INTERNAL: ("server_error", "internal_error"),
    Category.INVALID_REQUEST: ("invalid_request_error", None),
    Category.UNSUPPORTED: ("invalid_request_error", None),
    Category.CONTEXT_TOO_LONG: ("invalid_request_error", "context_length_exceeded"),
    Category.CONTENT_FILTERED: ("invalid_request_error", "content_filter"),
    Category.MODEL_NOT_FOUND: ("invalid_request_error", "model_not_found"),
}


def is_own(extras: Extras | None) -> bool:
    """Tell whether this wire read what these extras come with."""
    return extras is not None and extras.wire == NAME


def has_more(extras: Extras) -> bool:
    """Tell whether extras change how a value is written here, or hold what is left behind."""
    return extras.wire == NAME or bool(extras.fields)


def own(extras: Extras | None) -> JsonObject:
    """Give the fields that this wire set aside."""
    return extra_fields(extras, NAME)


def forms_of(extras: Extras | None) -> tuple[str, ...]:
    """Give the marks of this wire's spellings."""
    return extras.form if extras is not None and extras.wire == NAME else ()


def set_aside(fields: Fields, *form: str, **inside: Fields | None) -> Extras | None:
    """Keep what was not taken of an object, and of the objects `inside` it that were."""
    left = dict(fields.rest())
    for name, inner in inside.items():
        if inner is not None and inner.rest():
            left[name] = inner.rest()
    return extras_of(NAME, left, *form)


def put_back(said: JsonObject, left: JsonObject) -> JsonObject:
    """Complete what is said with what was set aside, which never replaces what is said."""
    whole = dict(said)
    for name, value in left.items():
        if name not in whole:
            whole[name] = value
        elif isinstance(whole[name], dict) and isinstance(value, dict):
            whole[name] = put_back(whole[name], value)
    return whole


def said_only(fields: JsonObject) -> JsonObject:
    """Give the fields that say something: those that are not `None`."""
    return {name: value for name, value in fields.items() if value is not None}
