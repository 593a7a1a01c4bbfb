"""`syncd conflicts`, with a daemon running and without."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.box import refused
from tests.daemon import Daemon
from tests.sync.conftest import logged_in, new_laptop

pytestmark = pytest.mark.slow


def disputed(box: Daemon) -> str:
    """Two laptops write one file; where the second one's version is kept."""
    person = logged_in(box)
    first, second = new_laptop(person, "first"), new_laptop(person, "second")
    assert first.api.put("a/plan.txt", b"the first").status == 201
    copy: str = second.api.put("a/plan.txt", b"the second").json()["path"]
    return copy


@pytest.mark.parametrize("runs", [True, False], ids=["daemon", "in process"])
def test_a_conflict_is_shown_and_ended_for_either_side(tmp_path: Path, runs: bool) -> None:
    with Daemon(root=tmp_path) as box:
        copy = disputed(box)
        if not runs:
            box.stop()
        [one] = json.loads(box.must("conflicts", "list", "--json"))
        assert (one["path"], one["device"], one["copy"]) == ("a/plan.txt", "second", copy)
        assert f"the version of second is {copy}" in box.must("conflicts", "list")
        assert "takes the file's place" in box.must("conflicts", "resolve", str(one["id"]), "client_wins")
        assert (box.tree() / "a" / "plan.txt").read_bytes() == b"the second"
        assert (box.tree() / ".trash" / "a" / "plan.txt").read_bytes() == b"the first"
        assert not (box.tree() / copy).exists()
        assert box.must("conflicts", "list") == "there are no conflicts\n"
        assert "resolved already" in refused(box, "conflicts", "resolve", str(one["id"]), "keep_both")


def test_what_is_no_conflict_is_refused(box: Daemon) -> None:
    assert "see: syncd conflicts list" in refused(box, "conflicts", "resolve", "99", "keep_both")
    refused(box, "conflicts", "resolve", "1", "nobody_wins", code=2)
    assert "nobody" in refused(box, "conflicts", "list", "nobody")
