"""What LuCI may ask: whatever was typed stays data, passwords stay off command lines, and every answer is JSON."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon import Daemon
from tests.packaging.openwrt import SHELLS
from tests.packaging.rpcd import APP, SCRIPT, Rpcd
from tests.signin.browser import Browser

pytestmark = pytest.mark.packaging

PASSWORD = "-x  'a' \"b\" $(touch pwned) `touch pwned` $HOME; %s\\n\\0 100% schöne Grüße 写真 🙂 --config=/x"
NAME = 'a\'b "c" $(touch pwned) `touch pwned` ; * ünï'


@pytest.fixture(params=SHELLS)
def rpcd(tmp_path: Path, request: pytest.FixtureRequest) -> Rpcd:
    """With a program that notes how it was called."""
    return Rpcd(tmp_path / "rpcd", request.param, None)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with Daemon(root=tmp_path_factory.mktemp("luci")) as running:
        yield running


@pytest.fixture
def real(tmp_path: Path, daemon: Daemon) -> Rpcd:
    """With syncd itself, under the shell that routers have."""
    return Rpcd(tmp_path / "rpcd", "ash", daemon)


def names(rpcd: Rpcd) -> set[str]:
    users = rpcd.call("users")["users"]
    assert isinstance(users, list)
    return {one["name"] for one in users}


def test_what_may_be_asked_is_what_the_acl_names(rpcd: Rpcd) -> None:
    methods = set(json.loads(rpcd.run("list")))
    acl = json.loads((APP / "root/usr/share/rpcd/acl.d/luci-app-syncd.json").read_text())["luci-app-syncd"]
    reading, writing = (set(acl[group]["ubus"]["syncd"]) for group in ("read", "write"))
    assert reading | writing == methods
    assert reading == {"status", "users", "devices", "check"}
    menu = json.loads((APP / "root/usr/share/luci/menu.d/luci-app-syncd.json").read_text())
    assert menu["admin/services/syncd"]["depends"]["acl"] == ["luci-app-syncd"]


@pytest.mark.parametrize(
    ("method", "given", "called"),
    [
        ("status", {}, ["status", "--json"]),
        ("users", {}, ["user", "list", "--json"]),
        ("devices", {}, ["device", "list", "--json"]),
        ("init", {"name": "NAME", "password": "a"}, ["init", "--user", "NAME", "--password-stdin"]),
        ("user_add", {"name": "NAME", "password": "a"}, ["user", "add", "NAME", "--password-stdin"]),
        ("user_passwd", {"name": "NAME", "password": "a"}, ["user", "passwd", "NAME", "--password-stdin"]),
        ("user_remove", {"name": "NAME"}, ["user", "remove", "NAME", "--yes"]),
        ("device_add", {"user": "NAME", "name": "NAME"}, ["device", "add", "NAME", "NAME", "--json"]),
        ("device_revoke", {"id": "NAME"}, ["device", "revoke", "NAME"]),
    ],
)
def test_what_was_typed_is_one_argument_and_a_password_is_none(
    rpcd: Rpcd, method: str, given: dict[str, str], called: list[str]
) -> None:
    given = {key: value.replace("NAME", NAME) for key, value in given.items()}
    if "password" in given:
        given["password"] = PASSWORD
    assert "error" not in rpcd.call(method, **given)
    assert rpcd.noted == ([one.replace("NAME", NAME) for one in called], PASSWORD + "\n" if "password" in given else "")
    assert not (rpcd.folder / "pwned").exists()


@pytest.mark.parametrize("name", ["--config=/tmp/other", "-h", "--", "a\nb", "", None])
def test_what_is_no_name_is_refused_before_anything_is_called(rpcd: Rpcd, name: str | None) -> None:
    for method in ("user_add", "user_remove", "init"):
        assert set(rpcd.call(method, name=name, password="long enough")) == {"error"}
    assert set(rpcd.call("device_add", user="anna", name=name)) == {"error"}
    assert set(rpcd.call("device_revoke", id=name)) == {"error"}
    assert rpcd.noted == ([], "")


def test_a_password_of_two_lines_is_refused(rpcd: Rpcd) -> None:
    assert "error" in rpcd.call("user_add", name="carla", password="two\nlines")
    assert rpcd.noted == ([], "")


def test_status_says_how_it_is(real: Rpcd, daemon: Daemon) -> None:
    status = real.call("status")["status"]
    assert isinstance(status, dict)
    assert status["volume"] == "ok"
    assert status["storage"] == str(daemon.storage)
    assert "sandbox" in status["daemon"]


def test_a_user_is_made_gets_another_password_and_goes(real: Rpcd, daemon: Daemon) -> None:
    before = names(real)
    assert "was added" in str(real.call("user_add", name=NAME, password="something else")["text"])
    assert "already" in str(real.call("user_add", name=NAME, password=PASSWORD).get("error"))
    assert "has a new password" in str(real.call("user_passwd", name=NAME, password=PASSWORD)["text"])
    assert "/signout" in Browser(daemon.url).sign_in(NAME, PASSWORD).html
    assert names(real) == before | {NAME}
    assert "was removed" in str(real.call("user_remove", name=NAME)["text"])
    assert names(real) == before
    assert PASSWORD not in real.typed.read_text()


def test_a_phone_gets_an_address_that_works_until_it_ends(real: Rpcd, daemon: Daemon) -> None:
    answer = real.call("device_add", user="desi", name="desi's phone <b>")["device"]
    assert isinstance(answer, dict)
    assert "/k/" in answer["address"]
    [device] = [one for one in _devices(real) if one["id"] == answer["device"]["id"]]
    assert device["name"] == "desi's phone <b>"
    assert "error" in real.call("device_add", user="nobody", name="phone")
    assert "error" in real.call("device_add", user="desi", name="--kind=computer")
    assert "was revoked" in str(real.call("device_revoke", id=device["id"])["text"])
    assert device["id"] not in {one["id"] for one in _devices(real)}
    assert "error" in real.call("device_revoke", id=device["id"])


def _devices(rpcd: Rpcd) -> list[dict[str, object]]:
    devices = rpcd.call("devices")["devices"]
    assert isinstance(devices, list)
    return devices


def test_the_service_is_started_and_ended(rpcd: Rpcd) -> None:
    for action in ("start", "stop", "restart"):
        assert "text" in rpcd.call("service", action=action)
    assert rpcd.service.with_name("service.calls").read_text().split() == [
        *("can_start", "start"),
        "stop",
        *("can_start", "restart"),
    ]
    for other in ("enable", "", "start; reboot", "boot"):
        assert "error" in rpcd.call("service", action=other)


def test_a_start_with_bad_settings_says_what_is_wrong(rpcd: Rpcd) -> None:
    rpcd.complain('/etc/config/syncd: [trash] keep_days: "soon" is \\ no number\n')
    assert rpcd.call("service", action="start") == {
        "error": '/etc/config/syncd: [trash] keep_days: "soon" is \\ no number'
    }
    assert "start" not in rpcd.service.with_name("service.calls").read_text().split()
    assert "text" in rpcd.call("service", action="stop")


def test_nonsense_is_answered_in_json_too(rpcd: Rpcd) -> None:
    assert "error" in json.loads(rpcd.run("call", "user_add", input="{ no json"))
    assert "error" in json.loads(rpcd.run("call", "reboot", input="{}"))
    assert rpcd.run("unknown") == ""


def test_shellcheck_finds_nothing() -> None:
    # SC3043: OpenWrt's shell has "local". SC1091: jshn.sh is not here.
    done = subprocess.run(
        ["shellcheck", "-s", "dash", "-e", "SC3043,SC1091", SCRIPT], capture_output=True, text=True, check=False
    )
    assert done.stdout == ""
