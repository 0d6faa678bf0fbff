"""Bodies that came compressed: taken apart piece by piece, so that a bomb never unfolds."""

import zlib
from typing import Final, Protocol

# gzip's own frame, and zlib's; https://docs.python.org/3/library/zlib.html#zlib.decompressobj
_GZIP: Final = 16 + zlib.MAX_WBITS
_ZLIB: Final = zlib.MAX_WBITS
_RAW: Final = -zlib.MAX_WBITS
_DEFLATED: Final = 8
"""The lower half of zlib's first byte. Some servers send `deflate` without that frame."""

CODINGS: Final = frozenset({"gzip", "x-gzip", "deflate"})


class _Inflating(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    @property
    def unconsumed_tail(self) -> bytes: ...

    def decompress(self, data: bytes, /, max_length: int) -> bytes: ...


class Unpacker:
    """Packed bytes go in, a bounded piece of what they say comes out. Raises `zlib.error`."""

    def __init__(self, coding: str) -> None:
        self._coding = coding
        self._inflating: _Inflating | None = None
        self._packed = b""

    def feed(self, packed: bytes) -> None:
        """Take packed bytes; only when `take` gave nothing, so that they never pile up."""
        if self._inflating is None and self._coding != "deflate":
            # What follows a packed file is another one, or fills a block up.
            packed = packed.lstrip(b"\0")
        self._packed += packed

    def take(self, length: int) -> bytes:
        """Give `length` bytes at most; nothing when more has to be fed first."""
        while self._packed or self._inflating is not None:
            inflating = self._inflating or self._begun()
            said = inflating.decompress(self._packed, length)
            self._packed = inflating.unconsumed_tail
            if inflating.eof:
                # Packed files may follow one another: RFC 1952, section 2.2.
                self._packed, self._inflating = b"", None
                self.feed(inflating.unused_data)
            if said:
                return said
            if not self._packed:
                break
        return b""

    @property
    def whole(self) -> bool:
        """Whether nothing is missing at the end of what was fed."""
        return self._inflating is None and not self._packed

    def _begun(self) -> _Inflating:
        if self._coding != "deflate":
            bits = _GZIP
        else:
            bits = _ZLIB if self._packed[0] & 0x0F == _DEFLATED else _RAW
        self._inflating = zlib.decompressobj(bits)
        return self._inflating
