"""What is to be done about a folder."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.client.decide_folder import FolderVerdict, Here, There, decide_folder, only_up_folder

AGREED = (There.NOTHING, There.LED, There.MADE)
EVERYTHING = list(itertools.product(Here, AGREED, There))
TABLE = [
    (Here.UNKNOWN, There.MADE, There.NOTHING, FolderVerdict.NOTHING),
    (Here.EMPTY, There.MADE, There.FILE, FolderVerdict.FORGET),
    (Here.FILE, There.MADE, There.MADE, FolderVerdict.NOTHING),
    (Here.NOTHING, There.MADE, There.MADE, FolderVerdict.REMOVE_THERE),
    (Here.NOTHING, There.NOTHING, There.MADE, FolderVerdict.MAKE_HERE),
    (Here.NOTHING, There.LED, There.MADE, FolderVerdict.MAKE_HERE),
    (Here.NOTHING, There.MADE, There.NOTHING, FolderVerdict.FORGET),
    (Here.NOTHING, There.MADE, There.LED, FolderVerdict.FORGET),
    (Here.FILE, There.MADE, There.NOTHING, FolderVerdict.FORGET),
    (Here.EMPTY, There.NOTHING, There.NOTHING, FolderVerdict.MAKE_THERE),
    (Here.EMPTY, There.LED, There.NOTHING, FolderVerdict.REMOVE_HERE),
    (Here.EMPTY, There.MADE, There.NOTHING, FolderVerdict.REMOVE_HERE),
    (Here.FULL, There.MADE, There.NOTHING, FolderVerdict.NOTHING),
    (Here.EMPTY, There.NOTHING, There.MADE, FolderVerdict.AGREE),
    (Here.FULL, There.NOTHING, There.LED, FolderVerdict.AGREE),
]


@pytest.mark.parametrize(("here", "agreed", "there", "verdict"), TABLE)
def test_the_table(here: Here, agreed: There, there: There, verdict: FolderVerdict) -> None:
    assert decide_folder(here, agreed, there) is verdict


@pytest.mark.parametrize(("here", "agreed", "there"), EVERYTHING)
def test_only_what_was_agreed_on_is_removed(here: Here, agreed: There, there: There) -> None:
    verdict = decide_folder(here, agreed, there)
    if verdict is FolderVerdict.REMOVE_HERE:
        assert here is Here.EMPTY and agreed is not There.NOTHING and there is There.NOTHING
    elif verdict is FolderVerdict.REMOVE_THERE:
        assert here is Here.NOTHING and agreed is There.MADE and there is There.MADE
    elif verdict is FolderVerdict.MAKE_THERE:
        assert here is Here.EMPTY and there is There.NOTHING
    elif verdict is FolderVerdict.MAKE_HERE:
        assert here is Here.NOTHING and there is There.MADE


def test_a_backup_only_goes_up() -> None:
    assert {only_up_folder(one) for one in FolderVerdict} == {
        FolderVerdict.AGREE,
        FolderVerdict.FORGET,
        FolderVerdict.MAKE_THERE,
        FolderVerdict.NOTHING,
    }


@given(
    has=st.lists(st.booleans(), min_size=2, max_size=4),
    agreed=st.lists(st.sampled_from((There.NOTHING, There.MADE)), min_size=4, max_size=4),
    made=st.booleans(),
    turns=st.lists(st.integers(0, 3), max_size=12),
)
def test_whoever_looks_in_whatever_order_an_empty_folder_is_everywhere_or_nowhere_in_the_end(
    has: list[bool], agreed: list[There], made: bool, turns: list[int]
) -> None:
    there = There.MADE if made else There.NOTHING
    everybody = list(range(len(has)))
    for one in [turn % len(has) for turn in turns] + everybody * 2:
        match decide_folder(Here.EMPTY if has[one] else Here.NOTHING, agreed[one], there):
            case FolderVerdict.AGREE:
                agreed[one] = there
            case FolderVerdict.FORGET:
                agreed[one] = There.NOTHING
            case FolderVerdict.MAKE_HERE | FolderVerdict.MAKE_THERE:
                has[one], there, agreed[one] = True, There.MADE, There.MADE
            case FolderVerdict.REMOVE_HERE | FolderVerdict.REMOVE_THERE:
                has[one], there, agreed[one] = False, There.NOTHING, There.NOTHING
            case FolderVerdict.NOTHING:
                raise AssertionError("nothing is unknown here, nor full")
    assert set(has) == {there is There.MADE}
