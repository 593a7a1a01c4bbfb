"""A question to the person at the terminal, while everything else goes on."""

from __future__ import annotations

import asyncio
import sys


async def agrees(question: str) -> bool:
    """Did the answer to *question* begin with 'y'?"""
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[str] = loop.create_future()
    print(question, end="", file=sys.stderr, flush=True)

    def readable() -> None:
        if not answered.done():
            answered.set_result(sys.stdin.readline())

    loop.add_reader(sys.stdin.fileno(), readable)
    try:
        return (await answered).strip().lower().startswith("y")
    finally:
        loop.remove_reader(sys.stdin.fileno())
