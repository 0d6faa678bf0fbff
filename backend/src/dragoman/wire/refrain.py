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

# A field of which the words are spelled as they are.
_SAID: Final = re.compile(rb'("\w+")\s*:\s*("[^"\\]+")')

# What hides an event's true length (OpenAI, Mistral) is of another length each time.
_PADDING: Final = re.compile(rb'(.*,\s*"(?:obfuscation|p)":\s*")[^"\\]*("\s*\}\s*)', re.DOTALL)

_PATIENCE: Final = 8
"""How many events may be learnt in vain, one after the other, before none is any more."""


class Refrain:
    """The event that others may repeat, if there is one: its bytes, with or without its framing.

    Learn an event that changes nothing when it is heard twice, but for its words; forget it as soon
    as anything else is heard.
    """

    def __init__(self) -> None:
        self._before = b""
        self._begin = 0
        self._after = b""
        self._end = b""
        self._padded = False
        self._in_vain = 0

    def forget(self) -> None:
        """Repeat nothing any more."""
        self._before = b""

    @property
    def weary(self) -> bool:
        """Whether so many events were learnt in vain that none is any more."""
        return self._in_vain > _PATIENCE

    def learn(self, source: bytes, key: bytes, words: str) -> None:
        """Take an event for what is repeated, with `words` in its field `key`.

        An event that might be read in two ways is not learnt: one with escapes, with another field
        of this name, or with the same words elsewhere.
        """
        self._before = b""
        said = _encode(words)
        if self.weary or b"\\" in source or source.count(key) != 1 or source.count(said) != 1:
            return
        before, _, after = source.partition(said)
        if before.rstrip().endswith(key + b":"):
            self._in_vain += 1
            padding = _PADDING.fullmatch(after)
            self._padded = padding is not None
            self._after, self._end = padding.groups() if padding else (after, after)
            self._before, self._begin = before, len(before)

    def words_of(self, source: bytes) -> str | None:
        """Give the words of an event that repeats what was learnt; `None` for any other."""
        said = self._said_in(source)
        words = None if said is None else _meant(said)
        if words is not None:
            self._in_vain = 0
        return words

    def spelling_of(self, source: bytes) -> bytes | None:
        """Give what `words_of` would, as it is spelled: a string of JSON."""
        said = self._said_in(source)
        if said is None or _meant(said) is None:
            return None
        self._in_vain = 0
        return said

    def _said_in(self, source: bytes) -> bytes | None:
        """Give what stands in the place of the words, whatever it is."""
        before = self._before
        if not before or not source.startswith(before) or not source.endswith(self._end):
            return None
        said = source[self._begin : -len(self._end)]
        if not self._padded:
            return said
        said, found, padding = said.partition(self._after)
        return said if found and (padding.isalnum() or not padding) else None


def _meant(said: bytes) -> str | None:
    """Give what a string of JSON means; `None` if it is none."""
    try:
        return _decode(said)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


class Retelling:
    """What was made of the event that others may repeat: the same is made of these.

    What is made of an event must not depend on the words in its field `key`, and leave them alone.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._refrain = Refrain()
        self._before = b""
        self._after = b""

    def learn(self, source: bytes, made: bytes) -> None:
        """Take what was `made` of an event, if it is one, for what is made where it is repeated."""
        self._refrain.forget()
        found = None if self._refrain.weary else _SAID.match(source, source.find(self._key))
        if found is None or found[1] != self._key or made.count(found[2]) != 1:
            return
        words = _meant(found[2])
        if words is not None:
            self._before, _, self._after = made.partition(found[2])
            self._refrain.learn(source, self._key, words)

    def of(self, source: bytes) -> bytes | None:
        """Give what is to be made of an event; `None` unless it repeats what was learnt."""
        said = self._refrain.spelling_of(source)
        return None if said is None else self._before + said + self._after
