"""The keyboard: lines as somebody types them."""

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, final


class Keyboard(Protocol):
    """Where lines come from."""

    def read_line(self, prompt: str) -> str:
        """Show `prompt`, give the line that is typed. Raises `EOFError` at the end of input."""
        ...

    @property
    def unfinished(self) -> bool:
        """Whether something stood in the line that Ctrl-C has just ended."""
        ...


@final
class TtyKeyboard:
    """The terminal's keyboard, with editing and history where there is a readline library.

    The prompt goes to standard output if that is a terminal, else to standard error.
    """

    _buffer: Callable[[], str]

    def __init__(self) -> None:
        self._buffer = str
        if sys.stdout.isatty():
            with suppress(ImportError):  # not every Python has it; it gives `input` its editing
                import readline  # noqa: PLC0415

                self._buffer = readline.get_line_buffer

    def read_line(self, prompt: str) -> str:
        """Give the next line; see `Keyboard.read_line`."""
        if sys.stdout.isatty():
            return input(prompt)
        sys.stderr.write(prompt)
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        return line.removesuffix("\n")

    @property
    def unfinished(self) -> bool:
        """Whether something stood in the line that Ctrl-C ended."""
        return bool(self._buffer().strip())
