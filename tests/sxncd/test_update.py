"""The conformance cases of the update call, over real sockets."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from datetime import datetime

import pytest

from tests.daemon import Daemon
from tests.sxncd.app import JSON, OLD, UPDATE, App, ask, error_of, key_of
from tests.sxncd.conftest import new_user

pytestmark = pytest.mark.slow

T1, T2, T25, T3 = (f"2025-01-0{day}T12:00:00.000Z" for day in "1234")
T4 = "2025-02-01T00:00:00.000Z"


def story(app: App) -> None:
    """Two devices, older and newer saves, as the original's end-to-end test tells it."""
    one, two = app.on("Device 1"), app.on("Device 2")
    assert one.told(T1, "of one") == ("created", "of one")
    assert two.told(T2, "of two") == ("existingNewer", "of one")
    assert one.stored() == "of one"
    assert two.told(T3, "of two") == ("incomingNewer", "of two")
    assert one.told(T25, "of one again") == ("existingNewer", "of two")
    assert one.told(T3, "anything") == ("none", "of two")
    assert two.stored() == "of two"


def test_two_devices_with_older_and_newer_saves(app: App) -> None:
    """Rows 1, 2, 3, 4, 5: the original's end-to-end story."""
    story(app)


def test_a_new_device_never_overwrites_with_its_first_call(app: App) -> None:
    """Row 1b"""
    app.told(T1, "stored")
    for number, when in enumerate((OLD, T1, T2)):
        assert app.on(f"new {number}").told(when, "other") == ("existingNewer", "stored")
    assert app.stored() == "stored"


def test_a_time_long_past_asks_for_what_is_stored(app: App) -> None:
    """Row 6"""
    app.told(T1, "stored")
    assert app.told(OLD, "mine") == ("existingNewer", "stored")


def test_objects_and_strings_of_the_same_settings(app: App) -> None:
    """Rows 7, 8, 9: the request says in which form the answer is"""
    app.told(T1, "text")
    value = {"a": [1, 2.5, None, True, "ü"], "b": {}}
    assert app.told(T2, value) == ("incomingNewer", value)
    assert app.told(T2, {"x": 1}) == ("none", value)
    action, text = app.told(T2, "x")
    assert (action, text) == ("none", '{"a":[1,2.5,null,true,"ü"],"b":{}}')
    app.told(T3, ' {"of": "another app"} ')
    assert app.told(T3, {"x": 1}) == ("none", {"of": "another app"})


@pytest.mark.parametrize("text", ["Zm9v/+==", "5", "null", '"quoted"', "{", "[NaN]", '{"a":1e}', "[" * 5000, "true"])
def test_text_that_is_no_object_is_given_as_it_is(app: App, text: str) -> None:
    """Row 10: never 400 because an object was sent"""
    app.told(T1, text)
    assert app.told(T1, {"x": 1}) == ("none", text)
    assert app.told(OLD, []) == ("existingNewer", text)


@pytest.mark.parametrize("value", [[], {}, [1, [2, {"a": []}]], {"": {"": [""]}}])
def test_arrays_and_empty_objects_are_settings(app: App, value: object) -> None:
    """Row 11"""
    assert app.told(T1, value) == ("created", value)
    assert app.told(OLD, [0]) == ("existingNewer", value)


@pytest.mark.parametrize(
    "text",
    [
        base64.b64encode(os.urandom(300)).decode(),
        "Grüße, 日本語, 🙂, \u0000\u0001\u001f\u007f\u2028 \"\\/ </script> 'x'",
        " leading and trailing \r\n\t",
        "\ufeffmark",
    ],
)
def test_strings_come_back_exactly(app: App, text: str) -> None:
    """Row 12"""
    assert app.told(T1, text) == ("created", text)
    assert app.stored() == text


def test_the_same_instant_however_it_is_written(app: App) -> None:
    """Row 13: with an offset, and without a zone (UTC)"""
    app.told("2025-06-01T12:00:00.000Z", "x")
    for when in (
        *("2025-06-01T17:30:00.000+05:30", "2025-06-01T12:00:00", "2025-06-01T12:00:00.000999"),
        *("2025-06-01T12:00:00Z", "2025-06-01 12:00", "Sun, 01 Jun 2025 12:00:00 GMT", 1748779200000),
    ):
        assert app.told(when, "y") == ("none", "x"), when


def test_times_without_zone_and_with_six_digits(app: App) -> None:
    """Row 14: as the client library sends local times"""
    app.told("2025-06-01T12:00:00.000100", "x")
    assert app.told("2025-06-01T12:00:00.123456", "y") == ("incomingNewer", "y")
    assert app.told("2025-06-01T12:00:00.123456", "z") == ("none", "y")
    assert app.told("2025-06-01T12:00:00.123999", "z") == ("none", "y")


@pytest.mark.parametrize(
    "saved",
    [
        *("yesterday", "2025-13-01", "2025-02-30T00:00:00Z", "2025-01-01T25:00:00Z", "2025-01-01T00:00:60Z", "T", " "),
        *("0000-01-01", "10000-01-01", "2025-01-01T00:00:00+24:00", "2025-01-01T00:00:00Z; DROP TABLE settings", "\0"),
        *(10**15, -(10**15), 10**400, 1e300, True, [], [1], {}, "２０２５-01-01", "2025-01-01T00:00:00.٣Z", "1"),
    ],
)
def test_nonsense_for_a_time_changes_nothing(app: App, saved: object) -> None:
    """Row 15: neither settings nor devices"""
    app.told(T1, "stored")
    new = app.on("new")
    assert error_of(new.sync(saved, "other")) == "Invalid time value"
    assert error_of(app.sync(saved, "other")) == "Invalid time value"
    assert new.told(T3, "other") == ("existingNewer", "stored")  # it was not made known by its mistakes


@pytest.mark.parametrize("headers", [{}, {"Authorization": ""}, {"Authorization": "  "}, {"Authorization": "Bearer "}])
def test_without_a_key(server: Daemon, headers: dict[str, str]) -> None:
    """Row 16"""
    for body in (b"", b"{", b"{}"):
        answer = ask(server.port, "POST", UPDATE, body, {"Content-Type": JSON, **headers})
        assert error_of(answer) == "API key is required"


@pytest.mark.parametrize("key", ["0" * 64, "x", "Bearer x", "Basic eDp5", "0" * 8000, "\u00ff"])
def test_with_an_unknown_key(server: Daemon, key: str) -> None:
    """Row 17: before anything else is looked at"""
    assert error_of(App(server.port, key).send({})) == "API key is invalid"


@pytest.mark.parametrize("settings", ["", None, False, 0, 0.0])
def test_without_settings(shared: App, settings: object) -> None:
    """Row 18"""
    assert error_of(shared.sync(T3, settings)) == "Settings are required"
    assert error_of(shared.send({"deviceName": "x", "savedTs": T1})) == "Settings are required"


@pytest.mark.parametrize("settings", [5, -1.5, True])
def test_settings_of_another_type(shared: App, settings: object) -> None:
    """Row 19"""
    assert error_of(shared.sync(T3, settings)) == "Invalid settings format"


@pytest.mark.parametrize("device", [None, "", 0, 5, True, ["x"], {"a": 1}])
def test_without_a_device_name(shared: App, device: object) -> None:
    """Row 20"""
    body = {"savedTs": T3, "settings": "x"}
    assert error_of(shared.send(body)) == "Device name is required"
    assert error_of(shared.send(body | {"deviceName": device})) == "Device name is required"


@pytest.mark.parametrize("saved", [None, "", False])
def test_without_a_time(shared: App, saved: object) -> None:
    """Row 21"""
    assert error_of(shared.sync(saved, "x")) == "Saved timestamp is required"
    assert error_of(shared.send({"deviceName": "x", "settings": "x"})) == "Saved timestamp is required"


@pytest.mark.parametrize("body", [b"{", b'"text"', b"5", b"null", b"\xff\xfe", b'{"a":1}x', b"{'a':1}", b"[NaN]", b"]"])
def test_a_body_that_is_no_json_object(shared: App, body: bytes) -> None:
    """Row 22: malformed"""
    assert error_of(shared.post(body)) == "the body is no JSON object in UTF-8"


@pytest.mark.parametrize("body", [b"", b" \r\n", b"[]", b'[{"settings":"x"}]'])
def test_a_body_without_fields(shared: App, body: bytes) -> None:
    """Row 22: empty, or an array"""
    assert error_of(shared.post(body)) == "Settings are required"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "?", None])
def test_a_body_of_another_type_is_not_looked_at(shared: App, kind: str | None) -> None:
    """Row 23"""
    assert error_of(shared.post(b'{"deviceName":"x","savedTs":1,"settings":"x"}', kind)) == "Settings are required"


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON", 'application/json; charset="UTF-8"'])
def test_types_that_are_json(shared: App, kind: str) -> None:
    assert error_of(shared.post(b'{"settings":"x"}', kind)) == "Device name is required"


@pytest.mark.parametrize("size", [90 << 10, 300_000, 1 << 20])
def test_large_settings(app: App, size: int) -> None:
    """Rows 24, 25: up to `[settings] max_kb`"""
    app.told(T1, "first")
    for number, text in enumerate(("x" * size, "ü" * (size // 2), '"' * size)):
        assert app.told(f"2025-03-0{number + 1}", text) == ("incomingNewer", text)


def test_larger_settings_are_refused_in_json(app: App) -> None:
    app.told(T1, "stored")
    for text in ("x" * ((1 << 20) + 1), "ü" * ((1 << 19) + 1), "x" * (4 << 20)):
        assert "at most" in error_of(app.sync(T2, text), 413)
    assert app.stored() == "stored"


def test_fields_nobody_knows_are_ignored(app: App) -> None:
    """Row 26"""
    answer = app.sync(T1, "x", version=3, **{"": None, "__proto__": {"a": 1}})
    assert answer.json()["action"] == "created"


def test_the_second_user_and_the_second_app(server: Daemon, new_app: Callable[[], App]) -> None:
    """Row 30: where the original fails"""
    for _ in range(2):
        story(new_app())
    user = new_user(server)
    for name in ("obtainium", "obtainium2"):
        story(App(server.port, key_of(server, user, name)))


def test_a_new_key_ends_the_old_one_and_keeps_the_settings(server: Daemon) -> None:
    """Row 32"""
    user = new_user(server)
    old = App(server.port, key_of(server, user))
    old.told(T1, "stored")
    new = App(server.port, key_of(server, user))
    assert error_of(old.sync(T2, "x")) == "API key is invalid"
    assert new.told(T2, "y") == ("incomingNewer", "y")


# Beyond the rows


def test_the_word_bearer_may_stand_before_the_key(app: App) -> None:
    for prefix in ("Bearer ", "bearer  ", " "):
        assert App(app.port, prefix + app.key).told(T1, "x")[1] == "x"


def test_the_answer_says_the_time_of_what_counts(app: App) -> None:
    assert app.sync("1900-01-01", "x").json()["savedTs"] == "1900-01-01T00:00:00.000Z"
    assert app.sync("9999-12-31T23:59:59.999999-00:00", "far").json()["savedTs"].startswith("20")  # now: tamed
    assert app.sync("0001-01-01T00:00:00Z", "y").json()["data"] == "far"


def test_a_clock_in_the_future_locks_nobody_out(app: App) -> None:
    laptop = app.on("laptop")
    app.told(T1, "first")
    laptop.told(T1, "first")
    answer = app.sync("2999-01-01T00:00:00Z", "from the future").json()
    assert answer["action"] == "incomingNewer"
    assert app.told("2999-01-01T00:00:00Z", "again") == ("none", "from the future")
    assert laptop.told(answer["savedTs"], "imported") == ("none", "from the future")
    later_ms = round(datetime.fromisoformat(answer["savedTs"]).timestamp() * 1000) + 1
    assert laptop.told(later_ms, "changed") == ("incomingNewer", "changed")
