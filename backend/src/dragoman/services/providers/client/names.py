"""Host names and their addresses: asked for once at a time, and known for a short while."""

import asyncio
import socket
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, Protocol

from aiohappyeyeballs import AddrInfoType

_REMEMBERED: Final = 10.0
"""Seconds for which an answer is good: a name that moves is followed soon."""


class Asking(Protocol):
    """How names are asked for: `getaddrinfo` of an event loop."""

    async def __call__(
        self,
        host: str,
        port: int,
        *,
        type: int,  # noqa: A002 - its name
    ) -> Sequence[AddrInfoType]:
        """Give the addresses of a host. Raises `socket.gaierror`."""
        ...


class Lookup(Protocol):
    """What knows addresses."""

    async def addresses(self, host: str, port: int) -> Sequence[AddrInfoType]:
        """Give the addresses of a host, the best first. Raises `socket.gaierror`."""
        ...

    async def close(self) -> None:
        """Ask no longer."""
        ...


@lru_cache(maxsize=256)
def _number(host: str, port: int) -> tuple[AddrInfoType, ...]:
    """Give the address that is written as a number; nothing for a name. It asks nobody."""
    if "%" in host:
        return ()  # the number of a network card, which may change as an answer may
    numeric = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    try:
        return tuple(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=numeric))
    except socket.gaierror:
        return ()


class Names:
    """`Lookup` that asks `ask`. Use it inside one event loop."""

    def __init__(self, ask: Asking) -> None:
        self._ask = ask
        self._asked: dict[tuple[str, int], asyncio.Task[Sequence[AddrInfoType]]] = {}

    async def addresses(self, host: str, port: int) -> Sequence[AddrInfoType]:
        """Give the addresses of a host, the best first. Raises `socket.gaierror`."""
        if number := _number(host, port):
            return number
        task = self._asked.get((host, port))
        if task is None:
            task = asyncio.create_task(self._look_up(host, port))
            self._asked[host, port] = task
            task.add_done_callback(lambda done: self._answered((host, port), done))
        # Whoever gives up leaves it to the others who wait.
        await asyncio.wait((task,))
        if task.cancelled():
            raise ConnectionAbortedError("the client was closed")
        return task.result()

    async def _look_up(self, host: str, port: int) -> Sequence[AddrInfoType]:
        return await self._ask(host, port, type=socket.SOCK_STREAM)

    def _answered(self, name: tuple[str, int], task: asyncio.Task[Sequence[AddrInfoType]]) -> None:
        failed = task.cancelled() or task.exception() is not None
        if failed:
            self._asked.pop(name, None)
        else:
            task.get_loop().call_later(_REMEMBERED, self._asked.pop, name, None)

    async def close(self) -> None:
        """Ask no longer."""
        for task in self._asked.values():
            task.cancel()
        await asyncio.gather(*self._asked.values(), return_exceptions=True)
