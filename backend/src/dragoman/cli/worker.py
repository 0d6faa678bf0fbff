"""A worker's end of the wire to its supervisor: it says when it is ready, and hears when to end."""

import asyncio
from collections.abc import Callable
from enum import Enum
from signal import SIGTERM
from socket import socket
from types import FrameType
from typing import final

import structlog
import uvicorn

from .accepting import Accepting, Shares
from .server import GracefulServer

_log = structlog.get_logger("dragoman")

READY = b"r"


class Order(Enum):
    """What a supervisor tells: to end when the replies are finished, or at once."""

    END = b"e"
    FORCE = b"f"


@final
class WorkerServer(GracefulServer):
    """A server that is ended by orders on `wire`, and at once when whoever gives them is gone.

    Of the signals it heeds SIGTERM alone, and only as the first order: Ctrl-C reaches every process
    of a terminal, and service managers signal every one of theirs, so that a second signal says
    nothing here. `number` is which of the workers it is, from 1, and `shares` how many connections
    each has. `ready` is called when it can be reached.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        wire: socket,
        *,
        number: int,
        shares: Shares,
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        def tell() -> None:
            wire.send(READY)
            ready()

        super().__init__(config, tell)
        self._wire = wire
        self._number = number
        self._shares = shares
        self._accepting: Accepting | None = None

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Start; see `uvicorn.Server`."""
        self._wire.setblocking(False)  # noqa: FBT003 - it takes no keyword
        loop = asyncio.get_running_loop()
        loop.add_reader(self._wire, self._heed)
        self._accepting = Accepting(
            sockets or (),
            lambda connection: loop.connect_accepted_socket(self._protocol, connection),
            lambda: len(self.server_state.connections),
            shares=self._shares,
            worker=self._number - 1,
        )
        await super().startup([])  # uvicorn would take every connection that it can get
        if self.started:
            self._accepting.begin()

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """End; see `uvicorn.Server`."""
        if self._accepting is not None:
            self._accepting.end()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end, if that has not begun."""
        if sig == SIGTERM and not self.should_exit:
            super().handle_exit(sig, frame)

    def _protocol(self) -> asyncio.Protocol:
        return self.config.http_protocol_class(  # type: ignore[call-arg]  # uvicorn's own protocols
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )

    def _heed(self) -> None:
        try:
            orders = self._wire.recv(16)
        except BlockingIOError:
            return
        except OSError:
            orders = b""
        if not orders:
            asyncio.get_running_loop().remove_reader(self._wire)
        if not self.should_exit:
            super().handle_exit(SIGTERM, None)
        if not orders or Order.FORCE.value in orders:
            super().handle_exit(SIGTERM, None)

    def _say_what_is_left(self) -> None:
        _log.info("shutting_down", running=len(self.server_state.tasks))


Work = Callable[[socket], None]
"""What a worker does, from its beginning to its end, with its end of the wire."""
