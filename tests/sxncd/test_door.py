"""The other addresses and methods, what a page shows, and a door that is closed."""

from __future__ import annotations

import json
import re
import signal
import socket

import pytest

from tests.conftest import MakeDaemon
from tests.daemon import USER, Daemon, wait_until
from tests.sxncd.app import JSON, UPDATE, App, ask, error_of, key_of
from tests.sxncd.conftest import APPS

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "target",
    ["/api/v1/sync/update/", "/API/v1/Sync/UPDATE", "/Api/V1/sync/update/", "//api/v1//sync/update", f"{UPDATE}?a=b"],
)
def test_the_call_by_other_spellings(app: App, target: str) -> None:
    body = json.dumps({"deviceName": "x", "savedTs": 1, "settings": "y"}).encode()
    answer = ask(app.port, "POST", target, body, {"Authorization": app.key, "Content-Type": JSON})
    assert (answer.status, answer.json()["action"]) == (200, "created")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND"])
@pytest.mark.parametrize("target", [UPDATE, f"{UPDATE}/", UPDATE.upper()])
def test_the_call_by_other_methods(server: Daemon, method: str, target: str) -> None:
    answer = ask(server.port, method, target)
    assert answer.status == 405 and answer.header("Allow") == "POST"
    assert not answer.header("Access-Control-Allow-Origin")
    if method != "HEAD":
        assert error_of(answer, 405) == "use POST here"


@pytest.mark.parametrize("target", ["/api/v1", "/api/v1/", "/api/v1/swagger.json"])
def test_the_description_by_other_methods(server: Daemon, target: str) -> None:
    answer = ask(server.port, "POST", target)
    assert answer.header("Allow") == "GET, HEAD"
    error_of(answer, 405)


def test_addresses_of_nobody_are_the_other_doors(server: Daemon) -> None:
    for target in ("/api/v1/sync/updates", "/api/v1/sync/update/x", "/api/v1/nothing", "/api/v1/swagger-ui-init.js"):
        answer = ask(server.port, "POST", target)
        assert (answer.status, answer.header("Content-Type")) == (404, "application/problem+json"), target


@pytest.mark.parametrize("target", ["/api/v1/", "/api/v1"])
def test_a_page_for_people(server: Daemon, target: str) -> None:
    """Row 27"""
    answer = ask(server.port, "GET", target)
    assert answer.status == 200 and answer.header("Content-Type") == "text/html; charset=utf-8"
    text = answer.body.decode()
    assert "<h1>SxncD API</h1>" in text and "POST /api/v1/sync/update" in text and "incomingNewer" in text
    assert "<code>Authorization</code> header" in text
    policy = answer.header("Content-Security-Policy")
    assert policy.startswith("default-src 'none'; style-src 'sha256-") and "unsafe" not in policy
    assert "<script" not in text and not re.search(r'(src|href)="(?!/api/v1/swagger\.json")', text)


def test_a_document_for_programs(server: Daemon) -> None:
    answer = ask(server.port, "GET", "/api/v1/swagger.json")
    document = answer.json()
    assert answer.status == 200 and document["swagger"] == "2.0"
    call = document["paths"]["/sync/update"]["post"]
    assert document["basePath"] + "/sync/update" == UPDATE
    assert set(call["responses"]) == {"200", "400", "413", "429"}
    shapes = document["definitions"]
    used = set(re.findall(r'"#/definitions/(\w+)"', answer.body.decode()))
    assert used == set(shapes)
    assert shapes["Save"]["required"] == ["deviceName", "savedTs", "settings"]


def test_answers_have_the_shape_that_is_described(server: Daemon, app: App) -> None:
    shapes = ask(server.port, "GET", "/api/v1/swagger.json").json()["definitions"]
    good, bad = app.sync(1, {"a": 1}).json(), app.sync("x", {}).json()
    assert set(good) == set(shapes["Outcome"]["properties"]) and set(bad) == set(shapes["Failure"]["properties"])
    assert good["action"] in shapes["Outcome"]["properties"]["action"]["enum"]


def test_ten_calls_without_a_session_hang_nobody(server: Daemon, app: App) -> None:
    """Row 31"""
    for _ in range(10):
        assert ask(server.port, "GET", "/refresh?app=obtainium").status < 500
    assert app.told(1, "x") == ("created", "x")


def test_without_an_app_the_door_is_closed_and_says_how_it_opens(daemon: MakeDaemon) -> None:
    server = daemon({"media": {"workers": 1}})
    assert "[app:NAME]" in error_of(App(server.port, "x").sync(1, "y"))
    assert "[app:NAME]" in server.cli("key", "add", USER, "obtainium").stderr


def test_an_app_is_added_and_taken_away_while_the_daemon_runs(daemon: MakeDaemon) -> None:
    server = daemon(APPS)
    app = App(server.port, key_of(server, USER))
    assert app.told(1, "x") == ("created", "x")
    reload(server, {"app:thunder": {}}, "thunder")
    assert error_of(app.sync(2, "y")) == "API key is invalid"
    assert "no [app:obtainium]" in server.must("key", "list")
    reload(server, {"app:obtainium": {}, "app:more": {}, "settings": {"max_kb": 64}}, "more")
    assert app.told(2, "y") == ("incomingNewer", "y")
    assert "64 KiB" in error_of(app.sync(3, "y" * (64 << 10) + "y"), 413)


def reload(server: Daemon, sections: dict[str, dict[str, object]], name: str) -> None:
    """SIGHUP, and wait until a key for *name* can be made."""
    assert server.process is not None
    server.configure(sections)
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: server.cli("key", "add", USER, name).returncode == 0, "the new configuration")


def test_no_disk_is_needed(daemon: MakeDaemon) -> None:
    server = daemon(APPS)
    app = App(server.port, key_of(server, USER))
    server.storage.rename(server.root / "elsewhere")
    assert server.health() == 503
    assert app.told(1, "x") == ("created", "x")
    app = App(server.port, key_of(server, USER))
    assert app.told(2, "y") == ("incomingNewer", "y")
    (server.root / "elsewhere").rename(server.storage)


def test_keys_are_in_no_log_and_no_answer(daemon: MakeDaemon) -> None:
    server = daemon({**APPS, "server": {"log_level": "debug"}})
    key = key_of(server, USER)
    app = App(server.port, key)
    app.told(1, "the secret of anna")
    wrong = app.sync("x", {"a": "the secret of bob"})
    App(server.port, "0123456789abcdef" * 4).sync(1, "x")
    ask(server.port, "POST", f"{UPDATE}?key={key}", b"", {"Authorization": "Bearer " + key})
    with socket.create_connection(("127.0.0.1", server.port)) as link:
        link.sendall(
            f"POST {UPDATE} HTTP/1.1\r\nHost: x\r\nAuthorization: {key}\r\nContent-Length: -1\r\n\r\n".encode()
        )
        assert link.recv(4096)
    log = server.log.read_text()
    assert f"POST '{UPDATE}'" in log
    for secret in (key, "0123456789abcdef" * 4, "the secret"):
        assert secret not in log and secret.encode() not in wrong.body
