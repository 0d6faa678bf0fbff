"""From a gateway to the owner: one request over, its answer back, and each end's leaving told."""

import asyncio
from pathlib import Path
from typing import Final

from dragoman.api.errors import Receive, Scope, Send

from .frames import Kind, answer_message, ask, body_frame, read_frame

PATIENCE: Final = 5.0
"""Seconds that an owner may take until it takes a request: long enough to be started anew."""


class LinkRefusedError(Exception):
    """The owner did not take the request: nothing was done of it."""


class LinkBrokenError(Exception):
    """The owner took the request and hung up; `begun` tells whether its answer had begun."""

    def __init__(self, *, begun: bool) -> None:
        super().__init__("the answer broke off" if begun else "no answer came")
        self.begun = begun


class Link:
    """Hands requests over to the owner that listens at `path`."""

    def __init__(self, path: Path, *, patience: float = PATIENCE) -> None:
        self._path = path
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the owner answer one request.

        When the client leaves, the owner is told, and this returns. Raises `LinkRefusedError` and
        `LinkBrokenError`.
        """
        reader, writer = await self._reach(scope)
        asking = asyncio.create_task(_ask_on(receive, writer))
        try:
            await _tell(reader, send)
        except LinkBrokenError:
            if not (asking.done() and asking.result()):
                raise
        finally:
            asking.cancel()
            writer.close()

    async def _reach(self, scope: Scope) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Ask the owner. What waits while it is being started anew is taken when it is back."""
        writer = None
        is_taken = False
        try:
            async with asyncio.timeout(self._patience):
                reader, writer = await asyncio.open_unix_connection(str(self._path))
                writer.write(ask(scope))
                first = await read_frame(reader)
            is_taken = first is not None and first.kind is Kind.TAKEN
        except (OSError, TimeoutError) as error:
            raise LinkRefusedError from error
        finally:
            if not is_taken and writer is not None:
                writer.transport.abort()
        if not is_taken:
            raise LinkRefusedError
        return reader, writer


async def _ask_on(receive: Receive, writer: asyncio.StreamWriter) -> bool:
    """Pass the request's body on, and hang up when the client leaves; tell whether it did."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            writer.transport.abort()
            return True
        writer.write(body_frame(message))
        try:
            await writer.drain()
        except OSError:
            return False


async def _tell(reader: asyncio.StreamReader, send: Send) -> None:
    """Pass the answer on. Raises `LinkBrokenError`."""
    begun = False
    while (heard := await read_frame(reader)) is not None:
        begun = True
        await send(answer_message(heard))
        if heard.kind is Kind.END:
            return
    raise LinkBrokenError(begun=begun)
