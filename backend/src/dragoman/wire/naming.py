"""The name of a model, put in the place of the vendor's, in JSON that is passed on as it came."""

import re
from typing import Final

import msgspec

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(str).decode
_NAMED: Final = re.compile(rb'("(?:model|modelVersion)"\s*:\s*)("(?:[^"\\]|\\.)*+")', re.DOTALL)


class Naming:
    """Puts `ours` where a vendor says `model`, whatever of that is escaped.

    JSON text cannot hold a bare quotation mark, so what looks like the key is one. A name that is
    the value of another key, or that is of another model, stays.
    """

    def __init__(self, vendors: str | None, ours: str | None) -> None:
        self._vendors: str | None = None
        if vendors and ours and vendors != ours:
            self._vendors = vendors
            self._spelled = _encode(vendors)
            self._ours = _encode(ours)

    def put(self, source: bytes) -> bytes:
        """Give `source` with our name in it."""
        if self._vendors is None:
            return source
        return _NAMED.sub(self._replaced, source)

    def _replaced(self, found: re.Match[bytes]) -> bytes:
        key, name = found.groups()
        return key + self._ours if name == self._spelled or self._means(name) else found[0]

    def _means(self, name: bytes) -> bool:
        if b"\\" not in name:
            return False
        try:
            return _decode(name) == self._vendors
        except (msgspec.DecodeError, UnicodeDecodeError):
            return False
