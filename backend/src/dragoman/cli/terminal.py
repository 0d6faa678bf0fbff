"""The two streams of a terminal: replies go to one, what is said about them to the other."""

import asyncio
from collections.abc import Callable, Mapping
from io import TextIOWrapper
from types import TracebackType
from typing import Final, Self, TextIO, final

QUIET: Final = 0.3  # seconds before anything is said about waiting
BEAT: Final = 0.5  # seconds between two looks at what is being waited for

_CLEAR: Final = "\r\x1b[K"
_DIM, _PLAIN = "\x1b[2m", "\x1b[0m"
# A model's words may not move the cursor, set a title or paste: only lines and tabs pass.
_HARMLESS: Final = {
    code: None for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"
}


@final
class Terminal:
    """Where a chat is written: replies to `out`, all else to `err`.

    If `err` is a terminal, there is a line of status on it; it is dim unless `environ` has
    `NO_COLOR`. A reply that goes to a terminal is freed from control characters, one that goes to
    a file is left as it is.
    """

    def __init__(self, out: TextIO, err: TextIO, *, environ: Mapping[str, str]) -> None:
        self._out = out
        self._err = err
        self._shows = out.isatty()
        self.live = err.isatty() and environ.get("TERM") != "dumb"
        self._coloured = self.live and not environ.get("NO_COLOR")
        self._status = False
        self._open_line = False

    def say(self, text: str) -> None:
        """Write the next words of a reply."""
        if self._shows:
            text = text.translate(_HARMLESS)
        if text:
            self.clear_status()
            self._out.write(text)
            self._out.flush()
            self._open_line = not text.endswith("\n")

    def end_line(self) -> None:
        """End the line that a reply left open, if it did."""
        if self._open_line:
            self._out.write("\n")
            self._out.flush()
            self._open_line = False

    def note(self, text: str) -> None:
        """Write a line about the conversation."""
        self.clear_status()
        self._err.write(f"{self._dim(text)}\n")
        self._err.flush()

    def status(self, text: str) -> None:
        """Write the passing line, in the place of the last."""
        self._err.write(f"{_CLEAR}{self._dim(text)}")
        self._err.flush()
        self._status = True

    def clear_status(self) -> None:
        """Take the passing line away."""
        if self._status:
            self._err.write(_CLEAR)
            self._err.flush()
            self._status = False

    def _dim(self, text: str) -> str:
        return f"{_DIM}{text}{_PLAIN}" if self._coloured and text else text


@final
class Waiting:
    """Says what is being waited for, and how long, until it is `over`; only to a live terminal.

    The first word comes after `quiet` seconds, the next every `beat`.
    """

    def __init__(
        self,
        terminal: Terminal,
        words: Callable[[], str],
        *,
        quiet: float = QUIET,
        beat: float = BEAT,
    ) -> None:
        self._terminal = terminal
        self._words = words
        self._quiet = quiet
        self._beat = beat
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        if self._terminal.live:
            self._task = asyncio.create_task(self._tell())
        return self

    def over(self) -> None:
        """Stop saying it."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
            self._terminal.clear_status()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.over()

    async def _tell(self) -> None:
        clock = asyncio.get_running_loop().time
        begun = clock()
        await asyncio.sleep(self._quiet)
        while True:
            seconds = int(clock() - begun)
            self._terminal.status(self._words() + (f" {seconds} s" if seconds else ""))
            await asyncio.sleep(self._beat)


def sayable(*streams: TextIO) -> None:
    """Let the streams take any character: what their encoding lacks becomes a question mark."""
    for stream in streams:
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
