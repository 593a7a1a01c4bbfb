"""Keeping a folder in step: once, or until somebody says stop."""

from __future__ import annotations

import asyncio

from syncd.client.engine import Engine
from syncd.client.follow import Link, catch_up, follow
from syncd.client.local import Local
from syncd.client.trouble import Away

IN_STEP, NOT_IN_STEP = 0, 1
TRIES = 4  # of a path before --once gives it up: most of what fails passes by itself


async def once(engine: Engine) -> int:
    """Bring both sides in step and return the exit code. Raises Away, Refused, Unpaired, Lost."""
    await catch_up(engine)
    await engine.scan()
    engine.dirty |= engine.state.unsettled()
    while True:
        await engine.reconcile()
        if engine.options.dry:
            return IN_STEP if not engine.waiting else NOT_IN_STEP
        await catch_up(engine)
        if engine.dirty:
            continue
        if engine.is_settled:
            await engine.in_step()
            return IN_STEP
        if engine.fewest_tries >= TRIES:
            _tell_what_failed(engine)
            return NOT_IN_STEP
        await engine.wake.wait()


def _tell_what_failed(engine: Engine) -> None:
    for path in sorted(engine.waiting.keys() - engine.told_failed):
        engine.tell.say("error", path, "it kept changing, or the server did not take it; try again")


async def forever(engine: Engine) -> None:
    """Keep both sides in step. Raises Refused, Unpaired, Lost."""
    link = Link(engine)
    engine.dirty |= engine.state.unsettled()
    tasks = [
        asyncio.ensure_future(follow(engine, link)),
        asyncio.ensure_future(Local(engine).run()),
        asyncio.ensure_future(_reconciling(engine, link)),
        asyncio.ensure_future(engine.consent.answering()),
    ]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _reconciling(engine: Engine, link: Link) -> None:
    while True:
        await engine.wake.wait()
        try:
            await engine.reconcile()
            if engine.is_settled:
                await engine.in_step()
        except Away as exc:
            delay = link.broke(exc)
            engine.wake.clear()
            try:
                async with asyncio.timeout(delay):
                    await engine.wake.wait()
            except TimeoutError:
                engine.wake.set()
