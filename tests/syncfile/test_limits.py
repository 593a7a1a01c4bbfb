"""The daemon stays small, whatever passes through it, and nothing is left behind by who came and went."""

from __future__ import annotations

import hashlib
import http.client
import json
import secrets
import sqlite3
from collections.abc import Iterator

import pytest

from tests.conftest import MakeDaemon
from tests.daemon import PASSWORD, USER, Daemon, wait_until
from tests.limits.process import descriptors, forget_peak, memory_mib, threads
from tests.syncfile.client import Client, said

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

MIB = 1 << 20
PEAK_MIB = 96
LIST_GROWTH_MIB = 8
FILES = 100_000


@pytest.fixture
def big_mib(request: pytest.FixtureRequest) -> int:
    """`--big-mib`: size of the one big file."""
    value = request.config.getoption("--big-mib")
    assert isinstance(value, int)
    return value


@pytest.fixture
def log_ins(request: pytest.FixtureRequest) -> int:
    """`--log-ins`: how many come and go."""
    value = request.config.getoption("--log-ins")
    assert isinstance(value, int)
    return value


def served(daemon: MakeDaemon) -> tuple[Daemon, Client]:
    server = daemon({"media": {"workers": 1}})
    return server, Client(server.port, Client(server.port).log_in(USER, PASSWORD)["authid"], USER)


def test_a_big_file_goes_up_and_down_through_a_small_daemon(daemon: MakeDaemon, big_mib: int) -> None:
    server, person = served(daemon)
    tail = secrets.token_bytes(MIB + 7)
    sent = hashlib.sha256()

    def content() -> Iterator[bytes]:
        for piece in (*(bytes(MIB) for _ in range(big_mib - 1)), tail):
            sent.update(piece)
            yield piece

    forget_peak(server)
    size = (big_mib - 1) * MIB + len(tail)
    target = person.upload_target("big.bin")
    assert said(person.ask("POST", target, content(), {"Content-Length": str(size)}))["error_code"] == 1210
    assert person.details("big.bin")["size"] == str(size)
    link, got = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60), hashlib.sha256()
    link.request("GET", person.link("big.bin"))
    answer = link.getresponse()
    while piece := answer.read(MIB):
        got.update(piece)
    link.close()
    assert got.digest() == sent.digest()
    peak = memory_mib(server, "VmHWM")
    print(f"{big_mib} MiB up and down, peak {peak:.1f} MiB")
    assert peak <= PEAK_MIB


def test_log_ins_leave_nothing_behind(daemon: MakeDaemon, log_ins: int) -> None:
    server, person = served(daemon)

    def come_and_go(times: int) -> None:
        for _ in range(times):
            assert person.alive(person.log_in(USER, PASSWORD)["authid"])["error_code"] == 1020

    come_and_go(100)
    before = memory_mib(server), descriptors(server), threads(server)
    come_and_go(log_ins)
    wait_until(lambda: descriptors(server) <= before[1], "descriptors to be closed")
    assert threads(server) <= before[2]
    assert memory_mib(server) - before[0] < 2
    server.must("user", "passwd", USER, "--password-stdin", input="another password\n")
    server.stop()
    with sqlite3.connect(server.state / "accounts.db") as db:
        assert db.execute("SELECT count(*) FROM authids").fetchone() == (0,)
    db.close()


def test_a_list_of_very_many_files_costs_no_memory(daemon: MakeDaemon) -> None:
    """The rows alone are there: what is listed is what the index says."""
    server, person = served(daemon)
    person.upload("first", b"1")
    person.names("root")
    server.stop()
    with sqlite3.connect(server.storage / ".syncd" / "index.db") as db:
        db.execute(
            "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)"
            " INSERT INTO entries (user_id, path, parent, live, hash, size, disk_mtime_ns, changed_ms)"
            " SELECT user_id, printf('d%03d/a long name of a file %06d.txt', i / 500, i), printf('d%03d', i / 500), 1,"
            " hash, size, disk_mtime_ns, changed_ms FROM n, entries WHERE path = 'first'",
            (FILES,),
        )
        newest = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'entries'").fetchone()[0]
    db.close()
    with sqlite3.connect(server.state / "accounts.db") as db:
        db.execute("UPDATE volumes SET last = ?1, reserved = max(reserved, ?1)", (newest,))
    db.close()
    server.configure({"media": {"workers": 1}, "storage": {"delete_guard": 0}})
    server.start()  # its scan finds them all missing, and asks before it believes that
    wait_until(lambda: server.log.read_text().count("watch: scan: ") == 2, "the scan to end", 60)
    assert person.details("first")["size"] == "1"
    before = memory_mib(server)
    forget_peak(server)
    answer = person.ask("GET", f"/v1/folder?op=list&path=root&authid={person.authid}")
    found = json.loads(answer.body)
    assert len(found["details"]) == len(found["entries"]) == FILES + 1 + FILES // 500
    grown = memory_mib(server, "VmHWM") - before
    print(f"{len(answer.body) / MIB:.1f} MiB of list, {grown:.1f} MiB more memory")
    assert grown <= LIST_GROWTH_MIB
