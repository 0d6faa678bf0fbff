"""How a command ends: a line for the person at the terminal, an exit code for the script.

  0  done
  1  no answer came, or not all of it
  2  the configuration or the command line is wrong
  3  the data folder, or the database in it, cannot be used
  4  the address cannot be listened on
130  ended by Ctrl-C
"""

import contextlib
import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import Final, NoReturn

import click

FAILED: Final = 1
CONFIGURATION: Final = 2
STORAGE: Final = 3
BIND: Final = 4
INTERRUPTED: Final = 130  # 128 and the number of SIGINT, as shells have it


class CommandError(Exception):
    """A command cannot go on: the text says why, and what to do about it."""

    exit_code = FAILED


class WrongUsageError(CommandError):
    """What was typed makes no sense."""

    exit_code = CONFIGURATION


def ending_in_words(command: Callable[..., None]) -> Callable[..., None]:
    """Let `command` end with words and an exit code, never with a traceback unless asked for.

    The command gains the argument `traceback`, which asks.
    """

    @wraps(command)
    def run(*, traceback: bool, **options: object) -> None:
        try:
            command(**options)
            sys.stdout.flush()
        except BrokenPipeError:
            _reader_has_enough()
        except KeyboardInterrupt:
            leave(INTERRUPTED)
        except click.exceptions.Exit:
            raise
        except Exception as error:
            if traceback:
                raise
            message, code = in_words(error)
            click.echo(f"dragoman: {message}", err=True)
            leave(code)

    return run


def leave(code: int) -> NoReturn:
    """End the command with an exit code."""
    raise click.exceptions.Exit(code)


def in_words(error: Exception) -> tuple[str, int]:
    """Say what a person is told about an error, and which exit code stands for it."""
    # Help and completion, which never come here, need not wait for these.
    from dragoman.chat import DragomanError  # noqa: PLC0415
    from dragoman.config.errors import ConfigurationError  # noqa: PLC0415
    from dragoman.storage import StorageError  # noqa: PLC0415

    match error:
        case CommandError():
            return str(error), error.exit_code
        case ConfigurationError():
            return str(error), CONFIGURATION
        case StorageError():
            return str(error), STORAGE
        case DragomanError():
            return str(error), FAILED
        case _:
            mistake = f"a mistake in Dragoman itself ({type(error).__name__})"
            return f"{mistake}: please report it, with what --traceback shows", FAILED


def _reader_has_enough() -> None:
    """Be quiet after `| head` left: what is still buffered goes nowhere, not into an error."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
