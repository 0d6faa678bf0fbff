"""The signature of reasoning, in a format that has none: one of the details that OpenRouter made.

{"reasoning_content": …, "reasoning_details": [{"type": "reasoning.encrypted", "data": …}]}

Clients that know such details return them unread. A signature that comes back so holds its text as
well, so that the fields beside it are not read again.
"""

from typing import Final

from dragoman.chat import JsonObject, Reasoning
from dragoman.wire.openai_chat.words import NAME, REASONING_DETAILS, REASONING_FIELDS

_FORMAT: Final = "dragoman"


def write_signature(signature: str | None) -> JsonObject:
    """Write the field of a signature; nothing if there is none."""
    if not signature:
        return {}
    return {
        REASONING_DETAILS: [
            {"type": "reasoning.encrypted", "data": signature, "format": _FORMAT},
        ]
    }


def take_signed(message: JsonObject) -> list[Reasoning]:
    """Take the signatures that we gave, and the text that they were given beside."""
    details = message.get(REASONING_DETAILS)
    if not isinstance(details, list):
        return []
    signatures = [
        detail["data"]
        for detail in details
        if isinstance(detail, dict)
        and detail.get("format") == _FORMAT
        and isinstance(detail.get("data"), str)
    ]
    if not signatures:
        return []
    for name in (*REASONING_FIELDS, REASONING_DETAILS):
        message.pop(name, None)
    return [Reasoning(signature=signature, origin=NAME) for signature in signatures]
