"""Reasoning of other formats, which clients of this one carry back unread.

A client replays `encrypted_content` as it came. What another vendor wants back unbroken travels in
it: the seal, the wire it belongs to, and how it was spelled there. The text stays in the summary.
"""

import base64
import binascii
from typing import Final

import msgspec
from msgspec.structs import replace

from dragoman.chat import Reasoning
from dragoman.wire.openai_responses.words import NAME, encode

_MARK: Final = "dragoman.reasoning.1:"
"""What such a seal begins with; no vendor's does."""

_decode: Final = msgspec.json.Decoder(Reasoning).decode


def seal(part: Reasoning) -> str | None:
    """Seal what belongs to another format's reasoning; `None` if nobody wants it back."""
    if part.origin is None:
        return None
    return _MARK + base64.b64encode(encode(replace(part, text=""))).decode()


def unseal(part: Reasoning) -> Reasoning:
    """Give reasoning as it was before a client carried it; what we did not seal stays as it is."""
    if part.signature is None or not part.signature.startswith(_MARK):
        return part
    try:
        theirs = _decode(base64.b64decode(part.signature.removeprefix(_MARK), validate=True))
    except (binascii.Error, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return part
    return part if theirs.origin in (None, NAME) else replace(theirs, text=part.text)
