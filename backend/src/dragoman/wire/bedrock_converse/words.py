"""The words of the Converse format, and how what nobody here knows is set aside and put back.

Facts without a source of their own: the service model of `bedrock-runtime` in `botocore` 1.44.
"""

from typing import Final, Literal, TypeAlias

import msgspec

from dragoman.chat import Extras, JsonObject, StopReason, extra_fields
from dragoman.wire.fields import Fields

NAME: Final = "bedrock_converse"

STREAM_TYPE: Final = "application/vnd.amazon.eventstream"
"""The content type of its streams."""

EMPTY: Final = "empty "
"""How the mark begins of a list or an object that is there without saying anything."""

AS_TEXT: Final = "as text"
"""The mark of a document whose content stands there as text, and not in base64."""

STOP_REASONS: Final[dict[str, StopReason]] = {
    "end_turn": StopReason.STOP,
    "tool_use": StopReason.TOOL,
    "max_tokens": StopReason.LENGTH,
    "stop_sequence": StopReason.STOP_SEQUENCE,
    "guardrail_intervened": StopReason.CONTENT_FILTER,
    "content_filtered": StopReason.CONTENT_FILTER,
    "malformed_model_output": StopReason.MALFORMED,
    "malformed_tool_use": StopReason.MALFORMED,
    "model_context_window_exceeded": StopReason.CONTEXT_FULL,
}

STOP_WORDS: Final[dict[StopReason, str]] = {
    StopReason.STOP: "end_turn",
    StopReason.TOOL: "tool_use",
    StopReason.LENGTH: "max_tokens",
    StopReason.STOP_SEQUENCE: "stop_sequence",
    StopReason.CONTENT_FILTER: "content_filtered",
    StopReason.REFUSAL: "content_filtered",
    StopReason.MALFORMED: "malformed_model_output",
    StopReason.CONTEXT_FULL: "model_context_window_exceeded",
    # The format has no word for what goes on elsewhere, or ended badly.
    StopReason.PAUSE: "end_turn",
    StopReason.ERROR: "end_turn",
}

ChoiceMode: TypeAlias = Literal["auto", "required", "named"]

CHOICES: Final[dict[str, ChoiceMode]] = {"auto": "auto", "any": "required", "tool": "named"}
CHOICE_WORDS: Final = {mode: word for word, mode in CHOICES.items()}

IMAGES: Final[dict[str, str]] = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
}
DOCUMENTS: Final[dict[str, str]] = {
    "pdf": "application/pdf",
    "csv": "text/csv",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "html": "text/html",
    "txt": "text/plain",
    "md": "text/markdown",
}
AUDIO: Final[dict[str, str]] = {
    word: f"audio/{word}"
    for word in (
        *("mp3", "opus", "wav", "aac", "flac", "mp4", "ogg", "mkv", "mka", "x-aac", "m4a"),
        *("mpeg", "mpga", "pcm", "webm"),
    )
}

FORMATS: Final[dict[str, dict[str, str]]] = {
    "image": IMAGES,
    "document": DOCUMENTS,
    "audio": AUDIO,
}
"""The formats of each kind of file, and the media type of each."""

encode: Final = msgspec.json.Encoder().encode


def is_own(extras: Extras | None) -> bool:
    """Tell whether this wire read what these extras come with."""
    return extras is not None and extras.wire == NAME


def own(extras: Extras | None) -> JsonObject:
    """Give the fields that this wire set aside."""
    return extra_fields(extras, NAME)


def forms_of(extras: Extras | None) -> tuple[str, ...]:
    """Give the marks of this wire's spellings."""
    return extras.form if extras is not None and extras.wire == NAME else ()


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
