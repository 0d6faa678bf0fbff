"""Waiting for what nobody tells."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def wait_until(look: Callable[[], Awaitable[T]], wanted: T, *, within: float = 5.0) -> T:
    """Look again and again, until what is seen is what is wanted."""
    async with asyncio.timeout(within):
        while (seen := await look()) != wanted:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.02)
    return seen
