"""Having a turn answered, from the question to its end, whether or not anybody listens."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing, suppress
from typing import TypeAlias

from dragoman.chat import Failure, LLMCancelledError, ResponseEnd, UpstreamError
from dragoman.services.llm_service import stream_ai_response
from dragoman.services.providers import Batch
from dragoman.services.turns import Turn
from dragoman.storage import Mishap, State, StorageError

Blame: TypeAlias = Callable[[Exception], Mishap]
"""From an error to what is stored of it."""


async def answer(turn: Turn, blame: Blame) -> None:
    """Ask a turn's model, and end the turn, once, by what became of that.

    What went wrong is the turn's `failure`, also an end that cannot be stored; nothing is raised.
    Cancelled, it ends the turn as interrupted: the server goes away under it.
    """
    try:
        await _hear(turn)
    except asyncio.CancelledError:
        with suppress(StorageError):
            await turn.finish(State.INTERRUPTED, failure=_shutdown(turn))
        raise
    except StorageError:
        return  # the turn knows, and its end is owed
    except LLMCancelledError as error:
        await _fail(turn, State.CANCELLED, error)
    except Exception as error:  # noqa: BLE001 - it is stored, and told to whoever listens
        await _fail(turn, State.ERROR, error, blame(error))


async def _hear(turn: Turn) -> None:
    async with turn.speaking(), aclosing(stream_ai_response(turn.request, turn.candidate)) as said:
        async for batch in said:
            if turn.ended:  # it is only read on, so that its connection can be kept
                continue
            turn.hear(batch)
            end = _end_in(batch)
            if end is not None:
                await turn.finish(State.COMPLETE, end=end)


def _end_in(batch: Batch) -> ResponseEnd | None:
    return next((event for event in batch if isinstance(event, ResponseEnd)), None)


async def _fail(turn: Turn, state: State, error: Exception, mishap: Mishap | None = None) -> None:
    with suppress(StorageError):
        await turn.finish(state, error=mishap, failure=error)


def _shutdown(turn: Turn) -> Exception:
    facts = Failure(reason="server_shutdown", message="Dragoman is shutting down")
    provider, model = turn.candidate.provider, turn.candidate.model.id
    return provider.map_error(UpstreamError(facts), model=model)
