"""A folder goes with the last thing that was in it, unless somebody made it."""

from __future__ import annotations

from dataclasses import replace
from itertools import takewhile

from syncd.core.plans import Ground, Plan
from syncd.db import entries
from syncd.db.records import FolderChange, Gone, Place, Step
from syncd.disk.staging import STAGING
from syncd.model import TRASH_DIR

AT_ONCE = 500  # folders per question


async def with_emptied(ground: Ground, plan: Plan) -> Plan:
    """*plan*, each step with the folders that it may leave empty and that must not stay then."""
    left = [left_by(step) for step in plan.steps]
    if not any(left):
        return plan
    made = await _made(ground, plan, {folder for folders in left for folder in folders if folder[1] != TRASH_DIR})
    steps = tuple(
        replace(step, emptied=step.emptied + tuple(takewhile(lambda folder: folder not in made, folders)))
        for step, folders in zip(plan.steps, left, strict=True)
    )
    return replace(plan, steps=steps)


def left_by(step: Step) -> tuple[Place, ...]:
    """The folders that may be empty once *step* was carried out, the deepest first. Pure."""
    place = step.source or (step.emptied[-1] if step.emptied else ())
    if not place or place[: len(STAGING)] == STAGING:
        return ()
    top = 2 if place[1] == TRASH_DIR else 1  # the home, and the trash as a whole, stay
    folders = (place[:depth] for depth in range(len(place) - 1, top, -1))
    return tuple(takewhile(lambda folder: step.target is None or step.target[: len(folder)] != folder, folders))


async def _made(ground: Ground, plan: Plan, folders: set[Place]) -> set[Place]:
    """Which of *folders* were made by somebody."""
    if not folders:
        return set()
    changed = (record for step in plan.steps for record in step.records if isinstance(record, Gone | FolderChange))
    user_id = next(changed).user_id  # a plan is one user's
    paths = {"/".join(folder[1:]): folder for folder in folders}
    names, found = sorted(paths), set[str]()
    for start in range(0, len(names), AT_ONCE):
        found |= await entries.made_among(ground.index, user_id, names[start : start + AT_ONCE])
    return {paths[path] for path in found}
