"""The words of the Gemini format, and how what nobody here knows is set aside and put back.

Facts without a source of their own: https://ai.google.dev/api/generate-content and the types of
`google-genai` 3.4 (PyPI).
"""

from typing import Final, Literal, TypeAlias

import msgspec

from dragoman.chat import Category, Extras, JsonObject, StopReason, extra_fields

NAME: Final = "gemini"

encode: Final = msgspec.json.Encoder().encode

# The marks of a spelling, where one thing can be said in two ways; the other way has no mark. A
# word in snake case is a mark by itself (`spelling`).

SINGLE: Final = "single"
"""A list of one that was spelled without its brackets; the field's name follows, after a space."""

ROLE: Final = "role "
"""How the mark of a role begins that is not `user` or `model`; nothing follows if there is none."""

OF_SYSTEM: Final = " of the system instruction"
"""How a mark ends that is not of the request but of its system instruction."""

NO_PARTS: Final = "no parts"
"""A content without the field `parts`."""

AS_STRING: Final = "as a string"
"""A system instruction that is a string."""

GROUPS: Final = "tools "
"""How the mark begins that tells which tools stood together, as in `tools 2+0 0+1`: an entry of two
functions, then one of a single built-in tool."""

SNAKE: Final = "_"
"""How a number of tools ends whose functions stand in `function_declarations`."""

OPENAPI: Final = "openapi "
"""How the mark begins that keeps a schema in Google's own dialect, as JSON."""

FILE: Final = "file"
"""A file named by its address in this format's own words, which may be any; its type follows."""

NAMED: Final = "displayName"
"""A file whose name the client gave in this format's own words."""

RESPONSE: Final = "response"
"""A result that is an object of the client's making."""

NO_RESPONSE: Final = "no response"
"""A result without the field `response`."""

CALLED: Final = "called "
"""How the mark begins that keeps the function's name in a result, where its call has another."""

ONE_CANDIDATE: Final = "candidateCount: 1"
"""A request that says outright that it wants one candidate."""

MODE: Final = "mode "
"""How the mark of a tool choice begins that is spelled in another word than ours."""

LEVEL: Final = "level "
"""How the mark of a thinking level begins, which may be spelled in capitals or not."""

SCHEMA_ALONE: Final = "no responseMimeType"
"""A schema for answers without the media type that goes with it."""

NO_CONTENT: Final = "no content"
"""A candidate without the field `content`."""

NO_CANDIDATES: Final = "no candidates"
"""A reply without candidates: its prompt was refused."""

NO_COUNT: Final = "no candidatesTokenCount"
"""Token counts without that of the answer, which is none."""

NO_TOTAL: Final = "no totalTokenCount"
"""Token counts without a total."""

FILMS: Final = ("https://www.youtube.com/", "https://youtube.com/", "https://youtu.be/")
"""Where films are that the vendor looks at: https://ai.google.dev/gemini-api/docs/video-understanding
"""

STOP_REASONS: Final[dict[str, StopReason]] = {
    "STOP": StopReason.STOP,
    "MAX_TOKENS": StopReason.LENGTH,
    "SAFETY": StopReason.CONTENT_FILTER,
    "RECITATION": StopReason.CONTENT_FILTER,
    "LANGUAGE": StopReason.REFUSAL,
    "OTHER": StopReason.ERROR,
    "BLOCKLIST": StopReason.CONTENT_FILTER,
    "PROHIBITED_CONTENT": StopReason.CONTENT_FILTER,
    "SPII": StopReason.CONTENT_FILTER,
    "MALFORMED_FUNCTION_CALL": StopReason.MALFORMED,
    "IMAGE_SAFETY": StopReason.CONTENT_FILTER,
    "IMAGE_PROHIBITED_CONTENT": StopReason.CONTENT_FILTER,
    "IMAGE_RECITATION": StopReason.CONTENT_FILTER,
    "IMAGE_OTHER": StopReason.ERROR,
    "NO_IMAGE": StopReason.ERROR,
    "UNEXPECTED_TOOL_CALL": StopReason.MALFORMED,
    "TOO_MANY_TOOL_CALLS": StopReason.MALFORMED,
    "MISSING_THOUGHT_SIGNATURE": StopReason.MALFORMED,
    "MALFORMED_RESPONSE": StopReason.MALFORMED,
    "MODEL_ARMOR": StopReason.CONTENT_FILTER,
    # Not an end: the vendor goes on in the next answer.
    "CONTINUATION": StopReason.PAUSE,
    "ESCALATION": StopReason.REFUSAL,
    "PUP_LIMITED_DISABLED": StopReason.REFUSAL,
    "FINISH_REASON_UNSPECIFIED": StopReason.STOP,
}

# Some clients write the numbers of the vendor's protocol buffers
# (google/ai/generativelanguage/v1beta/generative_service.proto).
STOP_NUMBERS: Final[dict[int, str]] = {
    0: "FINISH_REASON_UNSPECIFIED",
    1: "STOP",
    2: "MAX_TOKENS",
    3: "SAFETY",
    4: "RECITATION",
    5: "OTHER",
}

STOP_WORDS: Final[dict[StopReason, str]] = {
    StopReason.STOP: "STOP",
    StopReason.LENGTH: "MAX_TOKENS",
    # What tells that tools are wanted is the calls.
    StopReason.TOOL: "STOP",
    StopReason.CONTENT_FILTER: "SAFETY",
    StopReason.REFUSAL: "SAFETY",
    StopReason.STOP_SEQUENCE: "STOP",
    StopReason.PAUSE: "STOP",
    StopReason.CONTEXT_FULL: "MAX_TOKENS",
    StopReason.ERROR: "OTHER",
    StopReason.MALFORMED: "MALFORMED_FUNCTION_CALL",
}

ChoiceMode: TypeAlias = Literal["auto", "none", "required"]

CHOICES: Final[dict[str, ChoiceMode]] = {
    "AUTO": "auto",
    "NONE": "none",
    "ANY": "required",
    # Text or calls as with AUTO, but calls by their schema.
    "VALIDATED": "auto",
}
CHOICE_WORDS: Final = {"auto": "AUTO", "none": "NONE", "required": "ANY", "named": "ANY"}

# The HTTP status and Google's word of an error (google/rpc/code.proto). A vendor that refuses our
# key is no fault of the client's key.
ERROR_WORDS: Final[dict[Category, tuple[int, str]]] = {
    Category.AUTHENTICATION: (502, "INTERNAL"),
    Category.PERMISSION: (502, "INTERNAL"),
    Category.QUOTA_EXHAUSTED: (429, "RESOURCE_EXHAUSTED"),
    Category.RATE_LIMIT: (429, "RESOURCE_EXHAUSTED"),
    Category.OVERLOADED: (503, "UNAVAILABLE"),
    Category.TIMEOUT: (504, "DEADLINE_EXCEEDED"),
    Category.CONNECTION: (502, "UNAVAILABLE"),
    Category.STREAM_INTERRUPTED: (502, "UNAVAILABLE"),
    Category.BAD_RESPONSE: (502, "INTERNAL"),
    Category.CANCELLED: (503, "CANCELLED"),
    Category.INTERNAL: (500, "INTERNAL"),
    Category.INVALID_REQUEST: (400, "INVALID_ARGUMENT"),
    Category.UNSUPPORTED: (400, "INVALID_ARGUMENT"),
    Category.CONTEXT_TOO_LONG: (400, "INVALID_ARGUMENT"),
    Category.CONTENT_FILTERED: (400, "INVALID_ARGUMENT"),
    Category.MODEL_NOT_FOUND: (404, "NOT_FOUND"),
}

# What `without` may name beside any field of the body or of its `generationConfig`.
FEATURES: Final[dict[str, str]] = {
    "call_ids": "the ids of calls and results; they are left out",
    "media_results": "files in a tool's result; they move behind it",
    "tools": "tools; asking for them is refused",
    "images": "pictures; sending one is refused",
    "documents": "files; sending one is refused",
    "audio": "recordings; sending one is refused",
    "json_schema": "answers by a schema; asking for one is refused",
}

CONFIG_FIELDS: Final = frozenset(
    {"temperature", "topP", "topK", "seed", "presencePenalty", "frequencyPenalty"}
    | {"maxOutputTokens", "stopSequences", "candidateCount", "thinkingConfig"}
    | {"responseMimeType", "responseJsonSchema"}
)

OPTIONAL_FIELDS: Final = CONFIG_FIELDS | {
    "systemInstruction",
    "tools",
    "toolConfig",
    "generationConfig",
}
"""The fields that are written where a request wants them; `without` may leave them out."""


def is_own(extras: Extras | None) -> bool:
    """Tell whether this wire read what these extras come with."""
    return extras is not None and extras.wire == NAME


def own(extras: Extras | None) -> JsonObject:
    """Give the fields that this wire set aside."""
    return extra_fields(extras, NAME)


def forms_of(extras: Extras | None) -> tuple[str, ...]:
    """Give the marks of this wire's spellings."""
    return extras.form if extras is not None and extras.wire == NAME else ()


def mark_of(extras: Extras | None, beginning: str) -> str | None:
    """Give what follows in the mark that begins so; `None` if there is no such mark."""
    found = (mark for mark in forms_of(extras) if mark.startswith(beginning))
    mark = next(found, None)
    return None if mark is None else mark.removeprefix(beginning)


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
