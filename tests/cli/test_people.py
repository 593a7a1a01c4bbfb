"""Accounts and devices from the command line, with a daemon running and without."""

from __future__ import annotations

import http.client
import json

import pytest

from tests.cli.box import refused
from tests.conftest import MakeDaemon
from tests.daemon import PASSWORD, USER, Daemon

pytestmark = pytest.mark.slow


def users(box: Daemon) -> dict[str, dict[str, object]]:
    return {one["name"]: one for one in json.loads(box.must("user", "list", "--json"))}


def new_key(box: Daemon) -> str:
    """The key of a new device that is called phone."""
    key: str = json.loads(box.must("device", "add", USER, "phone", "--json"))["key"]
    return key


def test_accounts_come_and_go(box: Daemon) -> None:
    box.must("user", "add", "Maya", "--password-stdin", input=f"{PASSWORD}\n")
    box.must("user", "add", "kids", "--no-password")
    assert [(one["home"], one["has_password"], one["role"]) for one in users(box).values()] == [
        (USER, True, "admin"),
        ("kids", False, "user"),
        ("maya", True, "user"),
    ]
    assert "kids" in box.must("user", "list")
    assert "has a new password" in box.must("user", "passwd", "kids", "--password-stdin", input=f"{PASSWORD}\n")
    assert users(box)["kids"]["has_password"]
    said = box.must("user", "remove", "MAYA", "--yes")
    assert said == f"user Maya was removed; the files stay in {box.storage / 'maya'}\n"
    assert "Maya" not in users(box)


def test_a_password_is_made_up_when_nobody_can_be_asked(box: Daemon) -> None:
    said = box.must("user", "add", "guest")
    [line] = [line for line in said.splitlines() if line.startswith("password: ")]
    assert len(line.split()[1]) == 16


def test_what_a_confused_person_types_is_refused_in_one_line(box: Daemon) -> None:
    assert f"there is a user '{USER.upper()}' already" in refused(box, "user", "add", USER.upper())
    assert "must not contain" in refused(box, "user", "add", "a/b")
    assert "dot" in refused(box, "user", "add", ".hidden")
    assert "must not be empty" in refused(box, "user", "add", "")
    assert "8 to 256" in refused(box, "user", "add", "bob", "--password-stdin", input="short\n")
    assert "no password came" in refused(box, "user", "add", "bob", "--password-stdin", input="")
    assert "see: syncd user list" in refused(box, "user", "passwd", "nobody")
    assert "add --yes" in refused(box, "user", "remove", USER)
    refused(box, "user", "add", "bob", "--no-password", "--password-stdin", code=2)
    refused(box, "user", "add", "anna", "smith", code=2)
    assert list(users(box)) == [USER]


def test_a_folder_that_is_taken_is_not_given_away_unless_adopted(box: Daemon) -> None:
    (box.storage / "old").mkdir()
    (box.storage / "old" / "photo.jpg").write_bytes(b"x")
    assert "the folder old was taken" in box.must("user", "add", "old", "--no-password")
    assert users(box)["old"]["home"] == "old (2)"
    box.must("user", "remove", "old", "--yes")
    assert "1 file found" in box.must("user", "add", "old", "--no-password", "--adopt")
    assert users(box)["old"]["home"] == "old"


def test_devices_come_and_go(box: Daemon) -> None:
    added = json.loads(box.must("device", "add", USER, "Desi's phone", "--json"))
    assert added["address"] == f"{box.url}/k/{added['key']}"
    assert (added["device"]["name"], added["device"]["kind"]) == ("Desi's phone", "phone")
    said = box.must("device", "add", USER, "pad", "--kind", "tablet")
    assert f"{box.url}/k/" in said and "▄" in said
    [phone, pad] = json.loads(box.must("device", "list", USER, "--json"))
    assert (phone["user"], phone["id"], pad["kind"]) == (USER, added["device"]["id"], "tablet")
    assert "pad" in box.must("device", "list")
    box.must("device", "revoke", USER, "PAD")
    box.must("device", "revoke", phone["id"])
    assert json.loads(box.must("device", "list", "--json")) == []


def test_devices_that_are_not_there_or_not_meant_are_refused(box: Daemon) -> None:
    assert "see: syncd user list" in refused(box, "device", "add", "nobody", "phone")
    assert "see: syncd device list" in refused(box, "device", "revoke", USER, "phone")
    # A name alone could be anybody's.
    new_key(box)
    assert "there is no device 'phone'" in refused(box, "device", "revoke", "phone")
    refused(box, "device", "add", USER, "phone", "--kind", "fridge", code=2)
    assert "in quotes" in refused(box, "device", "revoke", USER, "Desi's", "phone", code=2)
    new_key(box)
    assert "say which" in refused(box, "device", "revoke", USER, "phone")


def test_a_revoked_key_is_dead_at_once_while_the_daemon_runs(daemon: MakeDaemon) -> None:
    box = daemon()
    key = new_key(box)

    def folders() -> int:
        link = http.client.HTTPConnection("127.0.0.1", box.port, timeout=10)
        try:
            body = json.dumps({"User": USER, "DeviceId": "phone"})
            link.request("POST", f"/k/{key}/folders", body, {"Content-Type": "application/json"})
            return link.getresponse().status
        finally:
            link.close()

    assert folders() == 200
    box.must("device", "revoke", USER, "phone")
    assert folders() == 401
