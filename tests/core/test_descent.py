"""Everything below a folder is told of once, also the folders that merely lead to something."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from syncd.core import descent, folders
from syncd.core.descent import Descent, Thing
from syncd.model import Entry
from tests.core.household import Household, at

# What sorts before, at and behind "/", so that neighbours come between a folder and what is in it.
names = st.text(alphabet="a!/0é", min_size=1, max_size=9).map(
    lambda text: "/".join(part for part in text.split("/") if part)
)
trees = st.dictionaries(names.filter(bool), st.booleans(), max_size=12)


def row(path: str, is_file: bool) -> Entry:
    return Entry(1, 1, path, True, b"h" * 32 if is_file else None, 7 if is_file else None, None, None, 1, 0)


def above(path: str) -> set[str]:
    parts = path.split("/")
    return {"/".join(parts[:depth]) for depth in range(1, len(parts))}


@given(trees, st.sampled_from(["", "a", "a/a", "!"]))
def test_a_walk_by_path_finds_what_a_look_at_everything_finds(tree: dict[str, bool], folder: str) -> None:
    leading = {one for path in tree for one in above(path)}
    files = {path for path, is_file in tree.items() if is_file and path not in leading}
    made = {path for path, is_file in tree.items() if not is_file}
    inside = f"{folder}/" if folder else ""
    found = [
        *(Thing(path, 7) for path in files),
        *(Thing(path, None) for path in made | {one for path in files | made for one in above(path)}),
    ]
    wanted = sorted((one for one in found if one.path.startswith(inside)), key=lambda one: one.path)
    walk = Descent(folder)
    told = [
        thing
        for path in sorted(files | made)
        if path.startswith(inside)
        for thing in walk.step(row(path, path in files))
    ]
    assert sorted(told, key=lambda one: one.path) == wanted


async def test_pages_make_no_difference(house: Household) -> None:
    for number in range(0, 2 * folders.PAGE, 7):
        await house.put(f"a/{number % 5}/{number:04}", b"1")
    await folders.make(house.core, house.user, at("a/empty"))
    found = [one async for page in descent.below(house.core, house.user) for one in page]
    assert len(found) == len({one.path for one in found})
    assert [one.path for one in found if one.size is None] == ["a", *(f"a/{number}" for number in range(5)), "a/empty"]
    assert sum(one.size or 0 for one in found) == len(range(0, 2 * folders.PAGE, 7))
