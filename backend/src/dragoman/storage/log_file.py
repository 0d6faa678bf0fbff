"""SQLite's write-ahead log, looked at from outside: whether some of it is missing.

SQLite takes a log that is too short for one whose last writer died in mid-sentence, and goes on
without the rest. After a crash that is right. If somebody cut the log, what people were told is
stored would be gone without a word. The index beside the log remembers how long it was.
The format: https://www.sqlite.org/walformat.html
"""

import struct
from pathlib import Path
from typing import Final, NamedTuple

_LOG_HEADER: Final = 32
_FRAME_HEADER: Final = 24
_INDEX_HEADER: Final = 48
# isInit, szPage, mxFrame, the salts; then, after both copies, how far the database has it all.
_INDEX: Final = struct.Struct("=12x B x H I 12x 8s 8x")
_BACKFILLED: Final = struct.Struct("=I")
_SALTS: Final = slice(16, 24)


class _Index(NamedTuple):
    frames: int
    page: int
    salts: bytes
    backfilled: int


def is_cut(database: Path) -> bool:
    """Tell whether frames are missing that a process of this very boot had committed.

    Call it while nobody has the database open. After a new boot the index tells nothing: it was
    only in memory.
    """
    index = _read_index(database.with_name(f"{database.name}-shm"))
    if index is None or index.frames <= index.backfilled:
        return False
    log = database.with_name(f"{database.name}-wal")
    try:
        with log.open("rb") as file:
            header = file.read(_LOG_HEADER)
        size = log.stat().st_size
    except FileNotFoundError:
        return True
    whole = _LOG_HEADER + index.frames * (_FRAME_HEADER + index.page)
    return size < whole or header[_SALTS] != index.salts


def _read_index(path: Path) -> _Index | None:
    try:
        with path.open("rb") as file:
            content = file.read(2 * _INDEX_HEADER + _BACKFILLED.size)
    except FileNotFoundError:
        return None
    if len(content) < 2 * _INDEX_HEADER + _BACKFILLED.size:
        return None
    first, second = content[:_INDEX_HEADER], content[_INDEX_HEADER : 2 * _INDEX_HEADER]
    valid, page, frames, salts = _INDEX.unpack(first)
    if first != second or not valid:  # it was being written
        return None
    (backfilled,) = _BACKFILLED.unpack(content[2 * _INDEX_HEADER :])
    return _Index(frames, page if page != 1 else 1 << 16, salts, backfilled)
