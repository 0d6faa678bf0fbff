"""The words of the Messages format, and how what nobody here knows is set aside and put back."""

from typing import Final, Literal, TypeAlias

import msgspec

from dragoman.chat import Category, Extras, JsonObject, StopReason, extra_fields
from dragoman.wire.fields import Fields

NAME: Final = "anthropic_messages"

DEFAULT_OUTPUT: Final = 4096
"""`max_tokens` where nobody said how long an answer may be: the format insists on a number."""

AS_STRING: Final = "as a string"
"""The mark of a `content` (or `system`) spelled as a string, not as a list of one text block."""

UNSTREAMED: Final = "stream: false"
"""The mark of a request that says outright that it wants no stream."""

CUSTOM: Final = "type: custom"
"""The mark of a tool that says outright that it is the client's own."""

NO_STOP_SEQUENCE: Final = "no stop_sequence"
"""The mark of a reply without that field, which is null otherwise."""

STOP_REASONS: Final[dict[str, StopReason]] = {
    "end_turn": StopReason.STOP,
    "max_tokens": StopReason.LENGTH,
    "stop_sequence": StopReason.STOP_SEQUENCE,
    "tool_use": StopReason.TOOL,
    "pause_turn": StopReason.PAUSE,
    "refusal": StopReason.REFUSAL,
    "model_context_window_exceeded": StopReason.CONTEXT_FULL,
}

STOP_WORDS: Final[dict[StopReason, str]] = {
    **{reason: word for word, reason in STOP_REASONS.items()},
    StopReason.CONTENT_FILTER: "refusal",
    # A closed list, in which this is the word for an answer that is not whole.
    StopReason.ERROR: "max_tokens",
    StopReason.MALFORMED: "max_tokens",
}

ChoiceMode: TypeAlias = Literal["auto", "none", "required", "named"]

CHOICES: Final[dict[str, ChoiceMode]] = {
    "auto": "auto",
    "any": "required",
    "tool": "named",
    "none": "none",
}
CHOICE_WORDS: Final = {mode: word for word, mode in CHOICES.items()}

ThinkingMode: TypeAlias = Literal["on", "off", "adaptive"]

THINKING: Final[dict[str, ThinkingMode]] = {
    "enabled": "on",
    "adaptive": "adaptive",
    "disabled": "off",
}
THINKING_WORDS: Final = {mode: word for word, mode in THINKING.items()}

# Progress between tool calls comes as thinking, but thinking is off (types/beta_thinking_types.py
# of the vendor's SDK).
THINKING_MODES: Final[dict[str, ThinkingMode]] = {**THINKING, "between_tools": "off"}

# https://platform.claude.com/docs/en/api/errors
ERROR_TYPES: Final[dict[Category, str]] = {
    Category.AUTHENTICATION: "authentication_error",
    Category.PERMISSION: "permission_error",
    Category.QUOTA_EXHAUSTED: "billing_error",
    Category.RATE_LIMIT: "rate_limit_error",
    Category.OVERLOADED: "overloaded_error",
    Category.TIMEOUT: "timeout_error",
    Category.CONNECTION: "api_error",
    Category.STREAM_INTERRUPTED: "api_error",
    Category.BAD_RESPONSE: "api_error",
    Category.INTERNAL: "api_error",
    Category.CANCELLED: "api_error",
    Category.MODEL_NOT_FOUND: "not_found_error",
    Category.INVALID_REQUEST: "invalid_request_error",
    Category.CONTEXT_TOO_LONG: "invalid_request_error",
    Category.CONTENT_FILTERED: "invalid_request_error",
    Category.UNSUPPORTED: "invalid_request_error",
}

OPTIONAL_FIELDS: Final = frozenset(
    {"system", "tools", "tool_choice", "thinking", "output_config", "temperature", "top_p", "top_k"}
    | {"stop_sequences", "metadata", "stream"}
)
"""The fields that are written where a request wants them; `without` may leave them out."""

encode: Final = msgspec.json.Encoder().encode


def own(extras: Extras | None) -> JsonObject:
    """Give the fields that this wire set aside."""
    return extra_fields(extras, NAME)


def set_aside(fields: Fields, *form: str, **inside: Fields | None) -> Extras | None:
    """Keep what was not understood of an object, and of the objects `inside` it."""
    left = left_over(fields, **inside)
    return Extras(NAME, left, form) if left or form else None


def left_over(fields: Fields, **inside: Fields | None) -> JsonObject:
    """Give what was not taken of an object, and of the objects `inside` it that were."""
    left = dict(fields.rest())
    for name, inner in inside.items():
        if inner is not None and inner.rest():
            left[name] = inner.rest()
    return left


def put_back(written: JsonObject, left: JsonObject) -> JsonObject:
    """Add what was set aside: inner objects are completed, and a null replaces nothing."""
    whole = dict(written)
    for name, value in left.items():
        match whole.get(name), value:
            case dict() as inner, dict():
                whole[name] = put_back(inner, value)
            case None, _:
                whole[name] = value
            case _, None:
                pass
            case _:
                whole[name] = value
    return whole
