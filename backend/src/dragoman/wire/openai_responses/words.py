"""The words of the Responses format, and how what nobody here knows is put back.

Facts without a source of their own: https://platform.openai.com/docs/api-reference/responses and
the types of `openai` 3.54 (PyPI).
"""

from typing import Final, Literal, TypeAlias

import msgspec

from dragoman.chat import Category, Extras, JsonObject, StopReason, extra_fields, extras_of
from dragoman.wire.fields import Fields

NAME: Final = "openai_responses"

encode: Final = msgspec.json.Encoder().encode

# The marks of a spelling, where one thing can be said in two ways; the other way has no mark.

ID: Final = "id:"
"""How the mark begins that holds the id of an item, which only its own vendor knows."""

COMPLETED: Final = "completed"
"""An item that says of itself that it is `completed`, as all are that go on to be replayed."""

TYPED: Final = "typed"
"""A message that says it is one; a client may leave its `type` out."""

PARTS: Final = "parts"
"""A content or an output that is a list of parts where a string would do."""

NO_CONTENT: Final = "no content"
"""A message without the field `content`."""

TEXT_INPUT: Final = "text input"
"""A request whose input is one string: what the user says."""

ITEM: Final = "item"
"""A message that is no message here: an item of the vendor's own, which stands by itself."""

STATELESS: Final = "stateless"
"""A request of which the vendor is to keep nothing, whatever its client said about that."""

DEVELOPER: Final = "developer"
"""A system message whose role is `developer`."""

REFUSAL: Final = "refusal"
"""A text that is a refusal."""

INPUT_TEXT: Final = "input_text"
"""A text of the assistant's in the words for a user's."""

MORE: Final = "more"
"""A text after which its message goes on; what the message says of itself stands with its last."""

EMPTY: Final = "empty"
"""A message without a text: the place where its fields are kept."""

CONTENT: Final = "content"
"""Reasoning that stands in the field `content`, as it is thought, and not in the `summary`."""

NO_SUMMARY: Final = "no summary"
"""Reasoning without the field `summary`."""

NO_TOTAL: Final = "no total"
"""A usage object that does not add up input and output."""

NO_NAME: Final = "no name"
"""A schema without the name that this format wants for it."""

MESSAGE: Final = "message"
"""The key under which a text keeps the fields of its message, beside those of its own part."""

AHEAD: Final = "ahead"
"""The key under which a message's first text keeps the parts before it that nobody here knows."""

BESIDE: Final = "beside"
"""The key under which a text keeps the parts after it that nobody here knows."""

PADDING: Final = frozenset({"obfuscation"})
"""Fields that hide an event's true length and say nothing (`include_obfuscation`)."""

# The type of a text in an assistant's message, and the field that holds its words.
TEXT_KINDS: Final[dict[str, str]] = {
    "output_text": "text",
    "refusal": "refusal",
    "input_text": "text",
}

STATUS_OF_EVENT: Final = {
    "completed": "response.completed",
    "incomplete": "response.incomplete",
    "failed": "response.failed",
}
"""The event that ends a stream, by the status of its response."""

INCOMPLETE: Final[dict[str, StopReason]] = {
    "max_output_tokens": StopReason.LENGTH,
    "content_filter": StopReason.CONTENT_FILTER,
    # The turn is to be taken up again: by the next request, or by what steered it.
    "max_messages": StopReason.PAUSE,
    "steered": StopReason.PAUSE,
}
"""Why a response is incomplete, by the vendor's word for it."""

INCOMPLETE_WORDS: Final[dict[StopReason, str]] = {
    StopReason.LENGTH: "max_output_tokens",
    StopReason.CONTEXT_FULL: "max_output_tokens",
    StopReason.CONTENT_FILTER: "content_filter",
    StopReason.REFUSAL: "content_filter",
}
"""The word for a reply that is not complete; one that ended for another reason is, or failed."""

FAILED: Final = frozenset({StopReason.ERROR, StopReason.MALFORMED})

UNFINISHED: Final = frozenset({"queued", "in_progress"})
"""The statuses of a response that is made in the background: the rest is to be fetched."""

ChoiceMode: TypeAlias = Literal["auto", "none", "required"]

CHOICES: Final[dict[str, ChoiceMode]] = {"auto": "auto", "none": "none", "required": "required"}

# How hard to think where only a ceiling in tokens was given: the first that is not below it. The
# figures are OpenRouter's shares of an answer of 32,000 tokens
# (https://openrouter.ai/docs/use-cases/reasoning-tokens); the words, those that all models know.
EFFORTS: Final[tuple[tuple[int, str], ...]] = ((0, "none"), (6_400, "low"), (16_000, "medium"))
MOST_EFFORT: Final = "high"

SEALED_REASONING: Final = "reasoning.encrypted_content"
"""What `include` asks for, so that reasoning can be replayed where nothing is stored."""

# What `without` may name beside any field of the body, which is then left out with a receipt.
FEATURES: Final[dict[str, str]] = {
    "kindred_fields": "what OpenAI's two formats both say, for a client of any but this one",
    "strict_tools": "the field strict of a function",
    "tools": "tools; asking for them is refused",
    "images": "pictures; sending one is refused",
    "documents": "files; sending one is refused",
    "json_schema": "answers by a schema; asking for one is refused",
}

OPTIONAL_FIELDS: Final = frozenset(
    {"instructions", "tools", "tool_choice", "parallel_tool_calls", "text", "reasoning"}
    | {"temperature", "top_p", "max_output_tokens", "user", "metadata"}
    | {"stream", "store", "include"}
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

# The code of the error within a response that failed, which is one of a closed list.
FAILED_CODES: Final[dict[Category, str]] = {
    Category.RATE_LIMIT: "rate_limit_exceeded",
    Category.QUOTA_EXHAUSTED: "rate_limit_exceeded",
    Category.INVALID_REQUEST: "invalid_prompt",
    Category.UNSUPPORTED: "invalid_prompt",
    Category.CONTEXT_TOO_LONG: "invalid_prompt",
    Category.CONTENT_FILTERED: "invalid_prompt",
    Category.MODEL_NOT_FOUND: "invalid_prompt",
}
SERVER_ERROR: Final = "server_error"


def is_own(extras: Extras | None) -> bool:
    """Tell whether this wire read what these extras come with."""
    return extras is not None and extras.wire == NAME


def own(extras: Extras | None) -> JsonObject:
    """Give the fields that this wire set aside."""
    return extra_fields(extras, NAME)


def forms_of(extras: Extras | None) -> tuple[str, ...]:
    """Give the marks of this wire's spellings."""
    return extras.form if extras is not None and extras.wire == NAME else ()


def set_aside(fields: Fields, *form: str) -> Extras | None:
    """Keep what was not taken of an object."""
    return extras_of(NAME, fields.rest(), *form)


def item_marks(item: Fields) -> tuple[str, ...]:
    """Take what an item says of itself, and give it as marks: its id, and that it is completed."""
    marks = []
    item_id = item.peek("id")
    if isinstance(item_id, str):
        item.skip("id")
        marks.append(ID + item_id)
    if item.peek("status") == COMPLETED:
        item.skip("status")
        marks.append(COMPLETED)
    return tuple(marks)


def marked_fields(form: tuple[str, ...]) -> JsonObject:
    """Give the fields that `item_marks` took."""
    item_id = id_in(form)
    said: JsonObject = {} if item_id is None else {"id": item_id}
    return said | ({"status": COMPLETED} if COMPLETED in form else {})


def id_in(form: tuple[str, ...]) -> str | None:
    """Give the id of an item that its marks hold."""
    return next((mark[len(ID) :] for mark in form if mark.startswith(ID)), None)


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
