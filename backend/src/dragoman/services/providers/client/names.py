"""Host names and their addresses: asked for once at a time, and known for a short while."""

import asyncio
import socket
from collections.abc import Sequence
from typing import Final

from aiohappyeyeballs import AddrInfoType

_REMEMBERED: Final = 10.0
"""Seconds for which an answer is good: a name that moves is followed soon."""


class Names:
    """The addresses of hosts. Make it inside a running event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._asked: dict[tuple[str, int], asyncio.Task[Sequence[AddrInfoType]]] = {}

    async def addresses(self, host: str, port: int) -> Sequence[AddrInfoType]:
        """Give the addresses of a host, the best first. Raises `socket.gaierror`."""
        try:
            # A number is no name: this asks nobody.
            numeric = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
            return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=numeric)
        except socket.gaierror:
            pass
        task = self._asked.get((host, port))
        if task is None:
            task = self._loop.create_task(self._look_up(host, port))
            self._asked[host, port] = task
            task.add_done_callback(lambda done: self._answered((host, port), done))
        # Whoever gives up leaves it to the others who wait.
        return await asyncio.shield(task)

    async def _look_up(self, host: str, port: int) -> Sequence[AddrInfoType]:
        return await self._loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)

    def _answered(self, name: tuple[str, int], task: asyncio.Task[Sequence[AddrInfoType]]) -> None:
        failed = task.cancelled() or task.exception() is not None
        if failed:
            self._asked.pop(name, None)
        else:
            self._loop.call_later(_REMEMBERED, self._asked.pop, name, None)

    async def close(self) -> None:
        """Ask no longer."""
        for task in self._asked.values():
            task.cancel()
        await asyncio.gather(*self._asked.values(), return_exceptions=True)
