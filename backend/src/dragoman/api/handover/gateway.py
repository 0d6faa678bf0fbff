"""The outermost layer of a worker that keeps nothing: what it cannot answer is handed over."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Final

import structlog

from dragoman.api.errors import Message, Problem, Receive, Scope, Send, problem_of, send_problem
from dragoman.api.relay import Ear, Meter
from dragoman.api.server import App, Boundary
from dragoman.services.routing import Elsewhere

from .link import Link, LinkBrokenError, LinkRefusedError

if TYPE_CHECKING:
    from dragoman.api.record import Record

_log: Final = structlog.get_logger("dragoman")

_RESTARTING: Final = Problem(
    503,
    "STORAGE_ERROR",
    "worker_restarting",
    "the part of the server that keeps conversations is being started again: try again in 5 s",
    retry_after=5.0,
)
_LOST: Final = Problem(
    503,
    "UNKNOWN",
    "worker_lost",
    "the part of the server that keeps conversations ended while it was answering: look whether "
    "your request had an effect before you repeat it",
)


class Gateway:
    """Lets `app` answer, and hands over to `link` whatever it says is `Elsewhere`.

    `life` is entered while the server runs. The log has no line of a request that was handed over:
    the owner writes it.
    """

    def __init__(
        self,
        app: App,
        link: Link,
        *,
        meter: Meter,
        life: Callable[[], AbstractAsyncContextManager[object]],
    ) -> None:
        self._app = app
        self._link = link
        self._life = life
        self._restarting = Boundary(_saying(_RESTARTING), explain=problem_of, meter=meter)
        self._lost = Boundary(_saying(_LOST), explain=problem_of, meter=meter)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the server's own start and end."""
        match scope["type"]:
            case "lifespan":
                await self._live(receive, send)
            case "http":
                heard: list[Message] = []
                if not await self._is_answered(scope, _remembering(receive, heard), send):
                    await self._hand_over(scope, _again(receive, heard), send)
            case _:
                await self._app(scope, receive, send)

    async def _is_answered(self, scope: Scope, receive: Receive, send: Send) -> bool:
        try:
            await self._app(scope, receive, send)
        except Elsewhere:
            return False
        return True

    async def _hand_over(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._link(scope, receive, send)
        except LinkRefusedError:
            await self._restarting(scope, receive, send)
        except LinkBrokenError as error:
            if error.begun:  # the server hangs up: what was told is not to be taken for all
                _log.warning("handover_broke_off", route=f"{scope['method']} {scope['path']}")
            else:
                await self._lost(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        """Live as long as the server: ASGI's lifespan."""
        await receive()
        async with self._life():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


def _remembering(receive: Receive, heard: list[Message]) -> Receive:
    """Give a `receive` of which all is put down that is heard."""

    async def hear() -> Message:
        message = await receive()
        heard.append(message)
        return message

    return _Remembering(receive, hear, heard) if isinstance(receive, Ear) else hear


def _again(receive: Receive, heard: list[Message]) -> Receive:
    """Give a `receive` that begins with what was heard already."""
    known = iter(heard)

    async def hear() -> Message:
        for message in known:
            return message
        return await receive()

    return hear


class _Remembering(Ear):
    """`hear`, with the departures of `ear`.

    Who awaits a departure has begun to answer, and needs nothing that was `heard` again.
    """

    __slots__ = ("_ear", "_hear", "_heard")

    def __init__(self, ear: Ear, hear: Receive, heard: list[Message]) -> None:
        super().__init__(ear.loop)
        self._ear = ear
        self._hear = hear
        self._heard = heard

    def __call__(self) -> Awaitable[Message]:
        """Receive the next message; see ASGI."""
        return self._hear()

    def then(self, step: Callable[[], None] | None) -> None:
        """Call `step` when the client leaves; see `Ear`."""
        self._heard.clear()
        self._ear.then(step)


def _saying(problem: Problem) -> App:
    async def say(scope: Scope, _: Receive, send: Send) -> None:
        record: Record = scope["state"]["record"]
        record.fail(problem.reason)
        tongue = scope["state"]["tongue"]
        await send_problem(send, problem, request_id=record.request_id, tongue=tongue)

    return say
