"""Repeating an action in the background."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress


@asynccontextmanager
async def repeating(action: Callable[[], Awaitable[object]], every_s: float) -> AsyncIterator[None]:
    """Call `action` every `every_s` seconds inside `async with`."""

    async def repeat() -> None:
        while True:
            await asyncio.sleep(every_s)
            await action()

    running = asyncio.create_task(repeat())
    try:
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
