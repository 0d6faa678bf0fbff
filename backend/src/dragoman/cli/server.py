"""uvicorn, ended with care: the first signal lets replies finish, the second does not."""

import asyncio
import gc
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from signal import SIGINT, SIGTERM, signal
from socket import socket
from types import FrameType
from typing import Final

import click
import structlog
import uvicorn

from dragoman.api.edge import server_config
from dragoman.api.server import App

from .collecting import collect_seldom
from .descriptors import make_room
from .endings import CommandError, leave

_log: Final = structlog.get_logger("dragoman")

SIGNALS: Final = (SIGINT, SIGTERM)
DRAIN: Final = 30
"""Seconds that running replies may take after the server was told to end."""
GRACE: Final = 1.0
"""Seconds in which a request must notice that its client was left."""


class GracefulServer(uvicorn.Server):
    """A server that calls `ready` when it can be reached, and ends with 0 when it is told to.

    `forced_by` is the signal that ended it for good while replies were running, if one did.
    """

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready
        self._loop: asyncio.AbstractEventLoop | None = None
        self.forced_by: int | None = None

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Start; see `uvicorn.Server`."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        if self.started and not self.should_exit:
            collect_seldom()
            self._ready()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Heed the signals while serving. uvicorn's own would raise them again at the end."""
        before = {number: signal(number, self.handle_exit) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - a handler's
        """Begin to end; if that has begun, end at once."""
        if not self.should_exit:
            self.should_exit = True
            self._soon(self._say_what_is_left)
        elif self.forced_by is None:
            self.forced_by = sig
            self._soon(self._hang_up)

    def _soon(self, step: Callable[[], None]) -> None:
        """Do a step between two others: a signal comes in the middle of anything."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(step)

    def _say_what_is_left(self) -> None:
        running = len(self.server_state.tasks)
        _log.info("shutting_down", running=running)
        if running and sys.stderr.isatty():
            click.echo("Replies are being finished; Ctrl-C once more ends at once.", err=True)

    def _hang_up(self) -> None:
        """Leave the clients, so that their requests end as they do when a client leaves us."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        if self._loop is not None:
            self._loop.call_later(GRACE, self._cancel)

    def _cancel(self) -> None:
        for task in self.server_state.tasks:
            task.cancel()


def options(app: App, *, level: str) -> uvicorn.Config:
    """Make the options to serve `app` with, where the log has this level."""
    # uvicorn tells of every start and end; the greeting says that already.
    quieter = "warning" if level == "info" else level
    return server_config(app, log_level=quieter, drain=DRAIN)


def run_server(server: GracefulServer, listeners: list[socket]) -> None:
    """Run a server on sockets that listen already, and leave with the exit code of its end."""
    gc.freeze()  # all that is there by now stays, and need not be looked through
    gc.enable()
    make_room()
    try:
        server.run(listeners)
    except SystemExit as error:  # uvicorn's way to say that the application did not start
        raise CommandError("the server could not start: the log says why") from error
    if server.forced_by is not None:
        leave(128 + server.forced_by)
