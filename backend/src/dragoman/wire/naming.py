"""The name of a model, put in the place of the vendor's, in JSON that is passed on as it came."""

import re
from typing import Final

import msgspec

_encode: Final = msgspec.json.Encoder().encode


class Naming:
    """Puts `ours` where a vendor says `model`.

    JSON text cannot hold a bare quotation mark, so what looks like the key is one. A name that is
    the value of another key, or that is of another model, stays.
    """

    def __init__(self, vendors: str | None, ours: str | None) -> None:
        self._pattern: re.Pattern[bytes] | None = None
        if vendors and ours and vendors != ours:
            self._pattern = re.compile(
                rb'("(?:model|modelVersion)"\s*:\s*)' + re.escape(_encode(vendors))
            )
            self._ours = _encode(ours)

    def put(self, source: bytes) -> bytes:
        """Give `source` with our name in it."""
        if self._pattern is None:
            return source
        return self._pattern.sub(self._replaced, source)

    def _replaced(self, found: re.Match[bytes]) -> bytes:
        return found[1] + self._ours
