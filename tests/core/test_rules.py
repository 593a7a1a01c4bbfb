"""The rules that are plain functions."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.conflicts import EVERYTHING, NOTHING, Knowledge, Verdict, decide
from syncd.core.names import candidates, fold, home_of, shortened
from syncd.core.reconcile import is_mass_deletion
from syncd.core.throttle import Throttle, wait_after
from syncd.errors import BadName, TooManyAttempts
from syncd.model import NAME_BYTES, TreePath, check_name

H, OTHER = b"wanted", b"other"


@pytest.mark.parametrize("known", [False, True])
def test_content_that_meets_nothing_is_free_to_come(known: bool) -> None:
    assert decide(None, H, known) is Verdict.FREE


@pytest.mark.parametrize("known", [False, True])
def test_content_that_meets_itself_is_there_already(known: bool) -> None:
    assert decide(H, H, known) is Verdict.SAME


def test_content_replaces_the_version_that_was_known() -> None:
    assert decide(OTHER, H, known=True) is Verdict.KNOWN


def test_content_clashes_with_a_version_that_was_not_known() -> None:
    assert decide(OTHER, H, known=False) is Verdict.CLASH


@pytest.mark.parametrize("known", [False, True])
def test_what_is_gone_need_not_be_deleted(known: bool) -> None:
    assert decide(None, None, known) is Verdict.SAME


def test_a_deletion_takes_the_version_that_was_known() -> None:
    assert decide(H, None, known=True) is Verdict.KNOWN


def test_a_deletion_clashes_with_a_version_that_was_not_known() -> None:
    assert decide(H, None, known=False) is Verdict.CLASH


@pytest.mark.parametrize(
    ("knowledge", "seq", "covered"),
    [
        (Knowledge(base=H), None, True),
        (Knowledge(base=OTHER), 1, False),
        (Knowledge(base=OTHER, cursor=9), 1, False),  # a base that was named outweighs a cursor
        (Knowledge(cursor=5), 5, True),
        (Knowledge(cursor=5), 6, False),
        (Knowledge(cursor=5), None, False),  # nobody was told of what the index does not have
        (EVERYTHING, None, True),
        (NOTHING, 1, False),
    ],
)
def test_what_was_known(knowledge: Knowledge, seq: int | None, covered: bool) -> None:
    assert knowledge.covers(H, seq) is covered


def test_a_taken_name_gets_a_number() -> None:
    assert list(islice(candidates("a.jpg"), 3)) == ["a.jpg", "a (2).jpg", "a (3).jpg"]
    assert list(islice(candidates("README"), 2)) == ["README", "README (2)"]


@given(st.text(min_size=1, max_size=300), st.integers(1, 40))
def test_numbered_names_differ_and_fit(name: str, count: int) -> None:
    try:
        check_name(name)
    except BadName:
        return
    found = list(islice(candidates(name), count))
    assert len(set(found)) == count
    assert all(len(one.encode()) <= NAME_BYTES for one in found[1:])


def test_shortening_keeps_the_extension_and_whole_characters() -> None:
    short = shortened("ä" * 200 + ".jpeg")
    assert short.endswith("ä.jpeg")
    assert len(short.encode()) <= NAME_BYTES


@pytest.mark.parametrize(
    "text",
    ["", "/", "a//b", "../x", "a/..", "./a", "a\\b", "a\0b", "a\nb", "/etc/passwd", ".trash/x", ".SYNCD/x",
     "a/" * 80 + "a", "x" * 256, "\ud800", "/".join(["x" * 200] * 30)],
)  # fmt: skip
def test_paths_that_are_none(text: str) -> None:
    with pytest.raises(BadName):
        TreePath.parse(text)


@given(st.text(max_size=60))
def test_a_parsed_path_never_leaves_the_tree(text: str) -> None:
    try:
        path = TreePath.parse(text)
    except BadName:
        return
    assert path == TreePath.parse(str(path))
    assert not {"", ".", ".."} & set(path.parts)
    assert not any("/" in part or "\0" in part for part in path.parts)


def test_traps_of_compatibility_forms_stay_names() -> None:
    assert TreePath.parse("．．／etc").parts == ("．．／etc",)  # full-width on purpose


def test_users_differ_by_more_than_case() -> None:
    assert fold("Ännä") == fold("ÄNNÄ ")
    assert home_of(" Anna ") == "anna"
    for name in ("", ".", "..", "a/b", ".hidden", "a\0"):
        with pytest.raises(BadName):
            home_of(name)


@pytest.mark.parametrize(
    ("gone", "files", "held"),
    [
        (0, 0, False),
        (1, 2, False),
        (20, 30, False),
        (21, 30, True),
        (199, 1000, False),
        (201, 1000, True),
        (1000, 10**6, True),
    ],
)
def test_mass_deletions_wait(gone: int, files: int, held: bool) -> None:
    assert is_mass_deletion(gone, files, 1000) is held


def test_five_mistakes_are_free_then_waits_double() -> None:
    assert [wait_after(count) for count in (0, 4, 5, 6, 7, 30)] == [0, 0, 1, 2, 4, 300]


def test_a_guesser_waits_and_others_do_not() -> None:
    now = [0.0]
    throttle = Throttle(lambda: now[0])
    for _ in range(6):
        throttle.require("anna", "10.0.0.9")
        throttle.failed("anna", "10.0.0.9")
        now[0] += 1
    with pytest.raises(TooManyAttempts) as caught:
        throttle.require("anna", "10.0.0.9")
    assert 0 < caught.value.retry_s <= 2
    throttle.require("anna", "10.0.0.1")
    throttle.require("bert", "10.0.0.9")


def test_what_tries_nothing_out_does_not_count() -> None:
    throttle = Throttle(lambda: 0.0)
    for number in range(500):
        throttle.require("anna", "10.0.0.9")
        throttle.succeeded("anna", "10.0.0.9")
        throttle.require(f"new {number}", f"10.0.1.{number}")
        throttle.joined()
    for _ in range(30):
        throttle.require("a newcomer", "10.0.0.9")
        throttle.joined()
    with pytest.raises(TooManyAttempts):
        throttle.require("a newcomer", "10.0.0.9")


def test_an_address_has_thirty_attempts_a_minute() -> None:
    now = [0.0]
    throttle = Throttle(lambda: now[0])
    for number in range(30):
        throttle.require(f"user {number}", "10.0.0.9")
    with pytest.raises(TooManyAttempts):
        throttle.require("another", "10.0.0.9")
    now[0] = 61
    throttle.require("another", "10.0.0.9")
