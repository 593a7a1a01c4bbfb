"""What no app sends, and somebody else may: no 5xx, no growth, nothing stored that cannot be given back."""

from __future__ import annotations

import contextlib
import json
import re
import socket
from collections.abc import Callable

import pytest

from tests.daemon import USER, Daemon
from tests.limits.process import forget_peak, memory_mib
from tests.sxncd.app import JSON, UPDATE, App, ask, error_of

pytestmark = pytest.mark.slow

DEEP = 50_000


def body(settings: str, device: str = '"x"', saved: str = "1") -> bytes:
    """An update whose values are written out."""
    return f'{{"deviceName":{device},"savedTs":{saved},"settings":{settings}}}'.encode()


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (b"[" * (1 << 20), "there is too much in these settings; send them as a string"),
        (b"[" * DEEP, "the body is no JSON object in UTF-8"),
        (b'{"a":' * DEEP, "the body is no JSON object in UTF-8"),
        (body("[" * DEEP + "]" * DEEP), "the body is no JSON object in UTF-8"),
        (body("[" + "{}," * 300_000 + "{}]"), "there is too much in these settings; send them as a string"),
        (b'"' * 1_000_000, "the body is no JSON object in UTF-8"),
        (b'"\\' * 500_000, "the body is no JSON object in UTF-8"),
        (b'{"settings":"' + b"\\\\" * 400_000, "the body is no JSON object in UTF-8"),
        (b"\x00" * 1000, "the body is no JSON object in UTF-8"),
        (b"\xff\xfe{\x00}\x00", "the body is no JSON object in UTF-8"),
        (body('"\xff"').decode().encode("latin-1"), "the body is no JSON object in UTF-8"),
        (body('{"a":NaN}'), "the body is no JSON object in UTF-8"),
        (body('"x"', saved="Infinity"), "the body is no JSON object in UTF-8"),
        (body("9" * 5000), "the body is no JSON object in UTF-8"),
        (body("[1e999]"), "Invalid settings format"),
        (body("1e999"), "Invalid settings format"),
        (body('"\\ud800"'), "Invalid settings format"),
        (body('{"a":"\\udc00"}'), "Invalid settings format"),
        (body('"x"', saved="1e999"), "Invalid time value"),
        (body('"x"', saved="-" + "9" * 400), "Invalid time value"),
        (body('"x"', saved=f'"{"1" * 500_000}"'), "Invalid time value"),
        (body('"x"', saved='"\\ud800"'), "Invalid time value"),
        (body('"x"', device='"\\ud800"'), "Device name must not hold control characters or half a character"),
        (body('"x"', device='"a\\u0000"'), "Device name must not hold control characters or half a character"),
        (body('"x"', device='"\\u001b[2J"'), "Device name must not hold control characters or half a character"),
        (body('"x"', device=f'"{"d" * 100_000}"'), "Device name is too long; it may have 200 characters"),
    ],
    ids=range(26),
)
def test_what_no_app_sends_is_refused_and_changes_nothing(shared: App, sent: bytes, error: str) -> None:
    assert error_of(shared.post(sent)) == error
    assert shared.stored() == "stored"


def test_any_number_of_digits_is_a_time_and_quick(app: App) -> None:
    app.told(1, "x")
    assert app.post(body('"y"', saved=f'"2025-01-01T00:00:00.{"1" * 500_000}"', device='"pixel"')).status == 200


def test_of_doubled_keys_the_last_counts(app: App) -> None:
    answer = app.post(b'{"settings":"a","settings":"b","deviceName":"x","savedTs":5,"savedTs":6}')
    assert (answer.json()["data"], answer.json()["savedTs"]) == ("b", "1970-01-01T00:00:00.006Z")


@pytest.mark.parametrize("value", ["12345678901234567890", "-0.0", "1e300", '"\\u0000"', '{"a":{"a":{"b":[[[]]]}}}'])
def test_odd_values_come_back_as_they_were(app: App, value: str) -> None:
    answer = app.post(body(f"[{value}]", saved=str(7)))
    assert answer.json()["data"] == json.loads(f"[{value}]")
    assert app.told("1900-01-01", []) == ("existingNewer", json.loads(f"[{value}]"))


def raw(server: Daemon, *lines: str, content: bytes = b"") -> bytes:
    """What comes back for a request written by hand."""
    head = "\r\n".join((f"POST {UPDATE} HTTP/1.1", "Host: localhost", "Connection: close", *lines, "", ""))
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as link:
        link.sendall(head.encode("latin-1") + content)
        answer = b""
        while piece := link.recv(65536):
            answer += piece
    return answer


def test_two_keys_are_none(server: Daemon, shared: App) -> None:
    sent = body('"x"')
    lines = (f"Authorization: {shared.key}", "Content-Type: application/json", f"Content-Length: {len(sent)}")
    assert b" 200 " in raw(server, *lines, content=sent)
    for second in (shared.key, "x", ""):
        answer = raw(server, *lines, f"Authorization: {second}", content=sent)
        assert b" 400 " in answer.split(b"\r\n")[0]


@pytest.mark.parametrize(
    "line", ["Authorization: \xff\xfe", "Authorization: \t", "Authorization:", "authorization: B\xe4r x"]
)
def test_bytes_that_are_no_key(server: Daemon, line: str) -> None:
    answer = raw(server, line, "Content-Length: 0")
    assert b" 400 " in answer.split(b"\r\n")[0] and b"API key is" in answer


@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Length: 99999999999999999999",),
        ("Content-Length: -1",),
        ("Transfer-Encoding: chunked", "Content-Length: 5"),
        ("Transfer-Encoding: gzip",),
        ("Content-Length: 5", "Content-Encoding: gzip"),
    ],
)
def test_framing_that_is_broken(server: Daemon, shared: App, lines: tuple[str, ...]) -> None:
    answer = raw(
        server, f"Authorization: {shared.key}", "Content-Type: application/json", *lines, content=b"zz\r\n\r\n"
    )
    assert re.match(rb"HTTP/1\.[01] 4", answer), answer[:200]


def test_a_body_without_end_is_refused_before_it_is_held(server: Daemon, app: App) -> None:
    app.told(1, "x")
    forget_peak(server)
    before = memory_mib(server)
    sent = b'{"settings":"' + b"x" * (64 << 20)
    try:
        answer = app.post(sent)
        assert "at most" in error_of(answer, 413)
    except (BrokenPipeError, ConnectionResetError):
        pass  # it was told while it was still sending, and hung up on
    assert memory_mib(server, "VmHWM") - before < 24


def test_many_large_bodies_at_once_are_not_all_in_memory(server: Daemon, app: App) -> None:
    forget_peak(server)
    sent = body('"' + "x" * (1 << 20) + '"')
    lines = (f"POST {UPDATE} HTTP/1.1", "Host: localhost", f"Authorization: {app.key}", f"Content-Length: {3 << 20}")
    head = "\r\n".join((*lines, "Content-Type: application/json", "", "")).encode()
    links = [socket.create_connection(("127.0.0.1", server.port), timeout=60) for _ in range(60)]
    for link in links:
        link.settimeout(0.2)
        # All but the last byte, as far as the other side takes it.
        with contextlib.suppress(TimeoutError):
            link.sendall(head + b'{"a":"' + b"x" * ((3 << 20) - 7))
    assert memory_mib(server, "VmHWM") < 96
    for link in links:
        link.close()
    assert app.post(sent).status == 200


def test_thousands_of_devices_are_a_few_rows(server: Daemon, app: App) -> None:
    for number in range(250):
        assert app.on(f"d{number}").sync(1, "x").status == 200
    assert app.on("d249").told(2, "y") == ("incomingNewer", "y")
    assert app.on("d0").told(3, "z") == ("existingNewer", "y")


def test_calls_without_pause_are_told_to_wait(new_app: Callable[[], App]) -> None:
    wild, other = new_app(), new_app()
    answer = wild.sync(1, "x")
    for _ in range(3000):
        answer = wild.sync(1, "x")
        if answer.status != 200:
            break
    assert "wait" in error_of(answer, 429) and int(answer.header("Retry-After")) >= 1
    assert other.told(1, "x") == ("created", "x")


def test_the_key_of_an_app_opens_nothing_else(server: Daemon, shared: App) -> None:
    headers = {"Authorization": f"Bearer {shared.key}"}
    for target in ("/api/v1/auth/me", "/api/v1/sync/changes", "/api/v1/trash"):
        assert ask(server.port, "GET", target, None, headers).status == 401
    sent = json.dumps({"User": USER, "DeviceId": "x"}).encode()
    assert ask(server.port, "POST", "/folders", sent, {**headers, "Content-Type": JSON}).status == 401
    assert ask(server.port, "POST", f"/k/{shared.key}/folders", sent, {"Content-Type": JSON}).status == 401


def test_keys_of_phones_and_log_ins_are_no_keys_of_apps(server: Daemon) -> None:
    for key in (server.add_device(USER, "phone"), "desi", "correct horse 9"):
        assert error_of(App(server.port, key).sync(1, "x")) == "API key is invalid"
