"""What a stream costs that says nothing: memory for each, both connections included."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from msgspec import Struct

from bench.content import MARK
from bench.processes import processor_time, resident_memory
from bench.questions import question
from bench.report import table
from bench.systems import BenchError, System
from bench.works import BURST

MODEL: Final = "bench-2-600000"
"""Two pieces, ten minutes apart; but for the opening, nothing comes while it is measured."""
_SETTLE: Final = 2.0
_WATCH: Final = 5.0


class Idle(Struct, frozen=True):
    """Memory in MB without streams and with them, KB for each, and CPU time of an idle second."""

    system: str
    streams: int
    before: float
    after: float
    each: float
    cpu_ms_per_second: float


async def measure(system: System, streams: int) -> Idle:
    """Open streams, let them fall silent, and look."""
    pid = system.pid
    if pid is None:
        raise BenchError(f"{system.name}: its process is not known")
    await _open(system, 20, close=True)  # what the first request loads is no stream's
    await asyncio.sleep(_SETTLE)
    before = resident_memory(pid)
    writers = await _open(system, streams, close=False)
    await asyncio.sleep(_SETTLE)
    used = processor_time(pid)
    await asyncio.sleep(_WATCH)
    used = processor_time(pid) - used
    after = resident_memory(pid)
    for writer in writers:
        writer.close()
    each = (after - before) * 1024 / streams
    return Idle(system.name, streams, before, after, each, used / _WATCH * 1000)


async def _open(system: System, streams: int, *, close: bool) -> list[asyncio.StreamWriter]:
    wire, _ = system.asked_in(BURST)
    asking = question(wire, MODEL, stream=True, host=f"127.0.0.1:{system.port}")
    writers = []
    for _ in range(streams):
        reader, writer = await asyncio.open_connection("127.0.0.1", system.port)
        writer.write(asking)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        if not head.startswith(b"HTTP/1.1 200") or MARK.encode() in head:
            raise BenchError(f"{system.name} did not open a stream: {head[:80]!r}")
        writers.append(writer)
    if close:
        for writer in writers:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
    return writers


def written(found: Sequence[Idle]) -> str:
    """Give the table."""
    titles = ("system", "streams", "MB without", "MB with", "KB each", "CPU ms per idle second")
    return table(
        titles,
        (
            (
                one.system,
                one.streams,
                f"{one.before:.1f}",
                f"{one.after:.1f}",
                f"{one.each:.1f}",
                f"{one.cpu_ms_per_second:.1f}",
            )
            for one in found
        ),
    )
