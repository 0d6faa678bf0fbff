"""The load generator: a closed loop of connections, each answer checked before the next question.

python -m bench.load http://127.0.0.1:8000 --wire chat --model bench-100-0 -c 16 --seconds 5
"""

import argparse
import asyncio
from collections import Counter
from collections.abc import Callable
from time import perf_counter
from typing import Final
from urllib.parse import urlsplit

import httptools
import msgspec
import uvloop
from msgspec import Struct

from bench.content import MARK
from bench.questions import Wire, question
from bench.verdicts import Judge

_MARK: Final = MARK.encode()
PATIENCE: Final = 60.0
"""Seconds after which an answer that does not come is given up, beyond the time of the run."""


class Task(Struct, frozen=True, kw_only=True):
    """What is asked: of whom, by how many at once, and for how long.

    A run ends after `seconds`, or else when `answers` were asked for. With `pieces`, each answer
    is a stream of so many.
    """

    port: int
    wire: Wire
    model: str
    concurrency: int
    pieces: int | None = None
    seconds: float | None = None
    answers: int | None = None
    headers: tuple[tuple[str, str], ...] = ()


class Outcome(Struct, frozen=True, kw_only=True):
    """What came of it; times in seconds, sorted. `first` is until the first word of a stream."""

    right: int
    faults: dict[str, int]
    elapsed: float
    octets: int
    latencies: list[float]
    first: list[float]


def quantile(times: list[float], share: float) -> float | None:
    """Give the time within which that share of the sorted `times` lies."""
    return times[min(len(times) - 1, int(len(times) * share))] if times else None


class _Run:
    """What the connections of one run share."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.judge = Judge(task.wire, pieces=task.pieces)
        self.asking = question(
            task.wire,
            task.model,
            stream=task.pieces is not None,
            host=f"127.0.0.1:{task.port}",
            headers=dict(task.headers),
        )
        self.begun = perf_counter()
        self.asked = 0
        self.right = 0
        self.octets = 0
        self.faults: Counter[str] = Counter()
        self.latencies: list[float] = []
        self.first: list[float] = []
        self.open: set[_Asker] = set()
        self.done = asyncio.get_running_loop().create_future()

    def wants_more(self) -> bool:
        """Tell whether there is still something to ask."""
        if self.task.answers is not None:
            return self.asked < self.task.answers
        return perf_counter() - self.begun < (self.task.seconds or 0)

    def left(self, asker: "_Asker") -> None:
        """Note that a connection is gone; the last one ends the run."""
        self.open.discard(asker)
        if not self.open and not self.done.done():
            self.done.set_result(None)


class _Asker(asyncio.Protocol):
    """One connection: asks, reads the answer, has it judged, asks again."""

    def __init__(self, run: _Run) -> None:
        self._run = run
        self._parser = httptools.HttpResponseParser(self)
        self._heard: list[bytes] = []
        self._waits = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # of TCP
        self._transport = transport
        self._run.open.add(self)

    def ask(self) -> None:
        if not self._run.wants_more():
            self._transport.close()
            return
        self._run.asked += 1
        self._heard = []
        self._first: float | None = None
        self._waits = True
        self._begun = perf_counter()
        self._transport.write(self._run.asking)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._run.faults["no HTTP"] += 1
            self._waits = False
            self._transport.abort()

    def on_body(self, body: bytes) -> None:
        if self._first is None and _MARK in body:
            self._first = perf_counter()
        self._heard.append(body)

    def on_message_complete(self) -> None:
        now = perf_counter()
        run, self._waits = self._run, False
        body = b"".join(self._heard)
        fault = run.judge.fault(self._parser.get_status_code(), body)
        if fault is None:
            run.right += 1
            run.octets += len(body)
            run.latencies.append(now - self._begun)
            if self._first is not None:
                run.first.append(self._first - self._begun)
        else:
            run.faults[fault] += 1
        if self._parser.should_keep_alive():
            self.ask()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's name
        if self._waits:
            self._run.faults["connection lost"] += 1
        self._run.left(self)


async def ask(task: Task, *, when_open: Callable[[], None] | None = None) -> Outcome:
    """Put a load on a server.

    All connections are opened first, then `when_open` is called, then all ask at once. One that
    the server closes is not replaced: it is either a fault, or counts as such for nobody.
    """
    loop = asyncio.get_running_loop()
    run = _Run(task)
    askers = []
    for _ in range(task.concurrency):
        try:
            _, asker = await loop.create_connection(lambda: _Asker(run), "127.0.0.1", task.port)
        except OSError:
            run.faults["no connection"] += 1
        else:
            askers.append(asker)
    if when_open is not None:
        when_open()
    run.begun = perf_counter()
    for asker in askers:
        asker.ask()
    try:
        if askers:
            await asyncio.wait_for(run.done, (task.seconds or 0) + PATIENCE)
    except TimeoutError:
        run.faults["no answer"] += len(run.open)
        for asker in list(run.open):
            asker.connection_lost(None)
    return Outcome(
        right=run.right,
        faults=dict(run.faults),
        elapsed=perf_counter() - run.begun,
        octets=run.octets,
        latencies=sorted(run.latencies),
        first=sorted(run.first),
    )


def _task() -> Task:
    options = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    options.add_argument("url", help="http://127.0.0.1:PORT")
    options.add_argument("--wire", type=Wire, choices=list(Wire), default=Wire.CHAT)
    options.add_argument("--model", default="bench-100-0")
    options.add_argument("--pieces", type=int, help="ask for streams, of so many pieces")
    options.add_argument("-c", "--concurrency", type=int, default=16)
    options.add_argument("--seconds", type=float, default=5.0)
    chosen = options.parse_args()
    return Task(
        port=urlsplit(chosen.url).port or 80,
        wire=chosen.wire,
        model=chosen.model,
        pieces=chosen.pieces,
        concurrency=chosen.concurrency,
        seconds=chosen.seconds,
    )


def _tell(outcome: Outcome) -> None:
    told = {
        "right": outcome.right,
        "faults": outcome.faults,
        "perSecond": round(outcome.right / outcome.elapsed, 1),
        "p50Ms": _ms(quantile(outcome.latencies, 0.5)),
        "p99Ms": _ms(quantile(outcome.latencies, 0.99)),
        "firstP50Ms": _ms(quantile(outcome.first, 0.5)),
    }
    print(msgspec.json.encode(told).decode())


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)


if __name__ == "__main__":
    _tell(uvloop.run(ask(_task())))
