"""Events that repeat the one before in all but one string: they are read by that string alone.

    {"id": "c1", "choices": [{"index": 0, "delta": {"content": " the"}, "finish_reason": null}]}
    {"id": "c1", "choices": [{"index": 0, "delta": {"content": " sea"}, "finish_reason": null}]}

Nearly every event of a stream is one, and taking it for what it is costs a tenth of decoding it. It
is exact: in JSON, putting one string where another stood changes that value and nothing else.
"""

import re
from typing import Final

import msgspec

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(str).decode

# What hides an event's true length (OpenAI, Mistral) is of another length each time.
_PADDING: Final = re.compile(rb'(.*,\s*"(?:obfuscation|p)":\s*")[^"\\]*("\s*\})\s*', re.DOTALL)

_PATIENCE: Final = 8
"""How many events may be learnt in vain, one after the other, before none is any more."""


class Refrain:
    """The event that others may repeat, if there is one.

    Learn an event that changes nothing when it is heard twice, but for its words; forget it as soon
    as anything else is heard.
    """

    def __init__(self) -> None:
        self._before = b""
        self._after = b""
        self._end = b""
        self._padded = False
        self._in_vain = 0

    def forget(self) -> None:
        """Repeat nothing any more."""
        self._before = b""

    def learn(self, data: bytes, key: bytes, words: str) -> None:
        """Take an event's data for what is repeated, with `words` in its field `key`.

        An event that might be read in two ways is not learnt: one with escapes, with another field
        of this name, or with the same words elsewhere.
        """
        self._before = b""
        said = _encode(words)
        if (
            self._in_vain > _PATIENCE
            or b"\\" in data
            or data.count(key) != 1
            or data.count(said) != 1
        ):
            return
        before, _, after = data.partition(said)
        if before.rstrip().endswith(key + b":"):
            self._in_vain += 1
            padding = _PADDING.fullmatch(after)
            self._padded = padding is not None
            self._after, self._end = padding.groups() if padding else (after, b"")
            self._before = before

    def words_of(self, data: bytes) -> str | None:
        """Give the words of an event that repeats what was learnt; `None` for any other."""
        before, after = self._before, self._after
        if not before or not data.startswith(before):
            return None
        if self._padded:
            end = len(data) - len(self._end)
            place = data.find(after, len(before), end)
            padding = data[place + len(after) : end]
            if place < 0 or not data.endswith(self._end) or not (padding.isalnum() or not padding):
                return None
            said = data[len(before) : place]
        elif data.endswith(after):
            said = data[len(before) : len(data) - len(after)]
        else:
            return None
        try:
            words = _decode(said)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        self._in_vain = 0
        return words
