"""The words of Ollama's chat format, and how what nobody here knows is put back."""

from typing import Final

import msgspec

from dragoman.chat import Extras, JsonObject, StopReason, extra_fields
from dragoman.wire.fields import Fields

NAME: Final = "ollama_chat"

STREAM_TYPE: Final = "application/x-ndjson"
"""The content type of its streams."""

NAMELESS: Final = "nameless"
"""The mark of a tool's result that does not name its tool."""

NO_CONTENT: Final = "no content"
"""The mark of a message without that field."""

UNSTREAMED: Final = "stream unsaid"
"""The mark of a request that leaves open whether to stream, which means that it wants a stream."""

STOP_REASONS: Final[dict[str, StopReason]] = {
    "stop": StopReason.STOP,
    "length": StopReason.LENGTH,
}

STOP_WORDS: Final[dict[StopReason, str]] = {
    # A call for a tool ends in "stop", too; why else a reply ended has no word here.
    **dict.fromkeys(StopReason, "stop"),
    StopReason.LENGTH: "length",
    StopReason.CONTEXT_FULL: "length",
}

SAMPLING: Final = (
    "temperature",
    "top_p",
    "top_k",
    "seed",
    "presence_penalty",
    "frequency_penalty",
)
"""The settings in `options` that are called as they are everywhere."""

EFFORTS: Final[dict[str, str]] = {
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "high",
    "max": "high",
}
"""How hard to think, in the words that `think` knows beside true and false."""

FEATURES: Final[dict[str, str]] = {
    "tools": "tools; asking for them is refused",
    "images": "pictures; sending one is refused",
    "json_schema": "answers by a schema; asking for one is refused",
}
"""What `without` may name beside the fields of a body."""

OPTIONAL_FIELDS: Final = frozenset(
    {"format", "keep_alive", "num_predict", "options", "stop", "stream", "think", "truncate"}
    | frozenset(SAMPLING)
)
"""The fields that are written where a request wants them; `without` may leave them out."""

encode: Final = msgspec.json.Encoder().encode


def own(extras: Extras | None) -> JsonObject:
    """Give the fields that this wire set aside."""
    return extra_fields(extras, NAME)


def set_aside(fields: Fields, *form: str, **inside: Fields | None) -> Extras | None:
    """Keep what was not understood of an object, and of the objects `inside` it."""
    left = dict(fields.rest())
    for name, inner in inside.items():
        if inner is not None:
            left[name] = inner.rest()
    return Extras(NAME, left, form) if left or form else None


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
