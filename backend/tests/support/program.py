"""The program as a person runs it: a process with pipes, or at a terminal of its own."""

import asyncio
import fcntl
import os
import pty
import re
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

PATIENCE = 60.0
"""Seconds to wait for what must come, on a machine that is busy with other things."""

DRAGOMAN = (sys.executable, "-m", "dragoman")


def variables(folder: Path, **more: str) -> dict[str, str]:
    """The environment of a person who configured nothing else."""
    return {"HOME": str(folder), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", **more}


async def eventually(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something is so; fail if it never is."""
    for _ in range(int(PATIENCE / 0.1)):
        if await is_so():
            return
        await asyncio.sleep(0.1)
    raise AssertionError("it never came to be so")


@dataclass(frozen=True)
class Ended:
    """How a program ended, and what it wrote."""

    code: int
    out: str
    err: str


async def run(*arguments: str, folder: Path, stdin: bytes | None = None, **environ: str) -> Ended:
    """Run a command to its end; without `stdin`, its standard input is empty."""
    async with started(*arguments, folder=folder, stdin=stdin is not None, **environ) as process:
        async with asyncio.timeout(PATIENCE):
            out, err = await process.communicate(stdin)
    return Ended(process.returncode or 0, out.decode(), err.decode())


@asynccontextmanager
async def started(
    *arguments: str,
    folder: Path,
    stdin: bool = False,
    program: tuple[str, ...] = DRAGOMAN,
    **environ: str,
) -> AsyncIterator[Process]:
    """Start a command in `folder`, and make sure that it ends."""
    process = await asyncio.create_subprocess_exec(
        *program,
        *arguments,
        cwd=folder,
        env=variables(folder, **environ),
        stdin=PIPE if stdin else DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        yield process
    finally:
        await _end(process)


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.kill()
    if process.stdin is not None:
        process.stdin.close()
    await process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            await stream.read()


@dataclass(frozen=True)
class Serving:
    """A server that is ready."""

    process: Process
    url: str
    greeting: str

    async def end(self, *signals: signal.Signals) -> Ended:
        """Send signals, one after the other, and give the end."""
        for number in signals:
            self.process.send_signal(number)
            await asyncio.sleep(0.3)
        async with asyncio.timeout(PATIENCE):
            out, err = await self.process.communicate()
        return Ended(self.process.returncode or 0, self.greeting + out.decode(), err.decode())


@asynccontextmanager
async def serving(
    *arguments: str, folder: Path, program: tuple[str, ...] = DRAGOMAN, **environ: str
) -> AsyncIterator[Serving]:
    """Run `dragoman serve` on a free port until the test is over."""
    command = ("serve", "--port", "0", *arguments)
    async with started(*command, folder=folder, program=program, **environ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        greeting = ""
        async with asyncio.timeout(PATIENCE):
            while "\n  Models" not in greeting:
                line = (await process.stdout.readline()).decode()
                assert line, (await process.stderr.read()).decode()
                greeting += line
        found = re.search(r"http://\S+", greeting)
        assert found is not None
        yield Serving(process, found[0], greeting)


@dataclass
class Terminal:
    """A terminal with a program in it: `seen` is all that it wrote, \\r\\n as \\n."""

    process: Process
    master: int
    seen: str = ""
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self.master, keys.encode())

    async def press_ctrl_c(self) -> None:
        """Press Ctrl-C at a prompt, as late as a person would: Python's `input` misses a signal
        that comes just before it begins to wait for the next key.
        """
        await asyncio.sleep(0.5)
        before = len(self.seen)
        for _ in range(3):  # a person whom nothing answers presses once more
            self.type("\x03")
            for _ in range(40):
                await asyncio.sleep(0.1)
                if len(self.seen) > before or self.process.returncode is not None:
                    return

    async def until(self, text: str, *, times: int = 1) -> str:
        """Wait until `text` was written so often; give all that was."""
        try:
            async with asyncio.timeout(PATIENCE):
                while self.seen.count(text) < times:
                    self._more.clear()
                    await self._more.wait()
        except TimeoutError:
            raise AssertionError(f"{text!r} never came, only: {self.seen!r}") from None
        return self.seen

    async def ended(self) -> int:
        """Wait until the program has ended; give its exit code."""
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()

    def read(self) -> None:
        try:
            chunk = os.read(self.master, 65536)
        except OSError:  # Linux's way to say that nobody has the terminal open any more
            chunk = b""
        if not chunk:
            asyncio.get_running_loop().remove_reader(self.master)
        self.seen += chunk.decode("utf-8", "replace").replace("\r\n", "\n")
        self._more.set()


@asynccontextmanager
async def at_a_terminal(*arguments: str, folder: Path, **environ: str) -> AsyncIterator[Terminal]:
    """Run a command at a terminal of its own: what is typed there reaches it, Ctrl-C too."""
    master, slave = pty.openpty()
    fcntl.fcntl(master, fcntl.F_SETFL, fcntl.fcntl(master, fcntl.F_GETFL) | os.O_NONBLOCK)
    try:
        process = await asyncio.create_subprocess_exec(
            *DRAGOMAN,
            *arguments,
            cwd=folder,
            env=variables(folder, TERM="xterm", **environ),
            preexec_fn=lambda: os.login_tty(slave),
        )
    finally:
        os.close(slave)
    terminal = Terminal(process, master)
    asyncio.get_running_loop().add_reader(master, terminal.read)
    try:
        yield terminal
    finally:
        await _end(process)
        asyncio.get_running_loop().remove_reader(master)
        os.close(master)
