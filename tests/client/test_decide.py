"""What is to be done about a path."""

from __future__ import annotations

import itertools

import pytest

from syncd.client.decide import Lately, Verdict, decide, is_mass, only_up

TABLE = [
    (None, None, None, Verdict.FORGET),
    (None, "A", None, Verdict.FORGET),
    ("A", None, "A", Verdict.AGREE),
    ("A", "A", "A", Verdict.AGREE),
    ("A", "B", "A", Verdict.AGREE),
    (None, None, "A", Verdict.FETCH),
    ("A", "A", "B", Verdict.FETCH),
    (None, "A", "B", Verdict.FETCH),
    ("A", "A", None, Verdict.DELETE_HERE),
    ("A", None, None, Verdict.SEND),
    ("B", "A", "A", Verdict.SEND),
    ("B", "A", None, Verdict.SEND),
    (None, "A", "A", Verdict.DELETE_THERE),
    ("B", "A", "C", Verdict.CLASH),
    ("A", None, "B", Verdict.CLASH),
]


@pytest.mark.parametrize(("local", "base", "remote", "verdict"), TABLE)
def test_the_table(local: str | None, base: str | None, remote: str | None, verdict: Verdict) -> None:
    assert decide(local, base, remote) is verdict


@pytest.mark.parametrize(("local", "base", "remote"), list(itertools.product((None, "A", "B", "C"), repeat=3)))
def test_what_only_one_side_has_is_never_removed(local: str | None, base: str | None, remote: str | None) -> None:
    verdict = decide(local, base, remote)
    if verdict is Verdict.DELETE_HERE:
        assert local == base and remote is None
    elif verdict is Verdict.DELETE_THERE:
        assert remote == base and local is None
    elif verdict is Verdict.FETCH:
        assert local in (None, base)
    elif verdict is Verdict.SEND:
        assert remote in (None, base)


def test_a_backup_only_goes_up() -> None:
    assert {only_up(one) for one in Verdict} == {
        Verdict.AGREE,
        Verdict.FORGET,
        Verdict.SEND,
        Verdict.CLASH,
        Verdict.NOTHING,
    }


def test_many_deletions_are_many_in_number_and_in_share() -> None:
    assert not is_mass(100, 100)
    assert is_mass(101, 101)
    assert not is_mass(200, 1000)
    assert is_mass(201, 1000)


def test_what_was_deleted_lately_counts_for_ten_minutes_or_until_a_person_agrees() -> None:
    lately = Lately()
    lately.add(0.0, 50)
    lately.add(500.0, 60)
    assert [lately.count(now_s) for now_s in (599.0, 601.0, 1101.0)] == [110, 60, 0]
    lately.add(2000.0, 5)
    lately.agreed_to()
    assert lately.count(2000.0) == 0
