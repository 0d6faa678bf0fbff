"""A connection without a network: what a protocol writes to it, and how it ends it."""

import asyncio
from typing import Any


class Line(asyncio.Transport):
    """The other end of a connection, as far as a protocol can tell."""

    def __init__(self, address: str = "127.0.0.1", *, half_closes: bool = True) -> None:
        super().__init__()
        self._address = address
        self._half_closes = half_closes
        self.heard = b""
        self.writes = 0
        self.ended: list[str] = []
        self.paused = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": [self._address, 5], "sockname": ["127.0.0.1", 80]}.get(name, default)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.heard += data
        self.writes += 1

    def can_write_eof(self) -> bool:
        return self._half_closes

    def write_eof(self) -> None:
        self.ended.append("half")

    def close(self) -> None:
        self.ended.append("closed")

    def abort(self) -> None:
        self.ended.append("aborted")

    def is_closing(self) -> bool:
        return bool({"closed", "aborted"} & set(self.ended))

    def is_reading(self) -> bool:
        return not self.paused

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def get_write_buffer_size(self) -> int:
        return 0
