"""The control socket: strange callers, callers that leave, and what a killed daemon left behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.cli.wishes import reach
from tests.conftest import MakeDaemon
from tests.daemon import ROOT, USER, Daemon, wait_until

pytestmark = pytest.mark.slow


@contextlib.contextmanager
def caller(box: Daemon) -> Iterator[socket.socket]:
    link = reach(box.state)
    assert link is not None
    with link:
        yield link


def answers(box: Daemon, line: bytes) -> dict[str, object]:
    """The last thing the daemon says to *line*."""
    with caller(box) as link:
        link.sendall(line)
        with link.makefile("rb") as said:
            found: dict[str, object] = json.loads(said.readlines()[-1])
    return found


def test_only_its_owner_can_open_it_and_it_goes_with_the_daemon(daemon: MakeDaemon) -> None:
    box = daemon()
    path = box.state / "control.sock"
    assert path.stat().st_mode & 0o777 == 0o600
    box.stop()
    assert not path.exists()


def test_what_a_killed_daemon_left_is_in_nobodys_way(daemon: MakeDaemon) -> None:
    box = daemon()
    box.kill()
    assert (box.state / "control.sock").exists()
    assert USER in box.must("user", "list")
    box.start()
    assert json.loads(box.must("status", "--json"))["daemon"]


def test_a_state_folder_deeper_than_a_socket_path_may_be(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    with Daemon(root=deep) as box:
        assert json.loads(box.must("status", "--json"))["daemon"]


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"hello\n",
        b"[]\n",
        b'{"wish": "NoSuch", "arguments": {}}\n',
        b'{"wish": "ListUsers"}\n',
        b'{"wish": "ListUsers", "arguments": []}\n',
        b'{"wish": "ListUsers", "arguments": {"no": 1}}\n',
        b'{"wish": "FindUser", "arguments": {}}\n',
        b'{"wish": "FindUser", "arguments": {"name": 7}}\n',
        b'{"wish": "RestoreTrashed", "arguments": {"ids": [true]}}\n',
        b"[" * 60_000 + b"\n",
        b"x" * 70_000 + b"\n",
    ],
)
def test_a_strange_request_is_answered_and_harms_nobody(box_of_all: Daemon, line: bytes) -> None:
    assert answers(box_of_all, line)["error"] == "bad_request"
    assert answers(box_of_all, b'{"wish": "ListUsers", "arguments": {}}\n')["result"]


@pytest.fixture(scope="module")
def box_of_all() -> Iterator[Daemon]:
    with Daemon() as box:
        yield box


def big(box: Daemon) -> None:
    """A file that takes a while to read but no room."""
    folder = box.tree() / "phone"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(4):
        with (folder / f"{number}.bin").open("wb") as out:
            out.truncate(256 << 20)


@pytest.mark.parametrize("runs", [True, False], ids=["daemon", "in process"])
def test_ctrl_c_ends_a_scan_cleanly(daemon: MakeDaemon, runs: bool) -> None:
    box = daemon()
    if not runs:
        box.stop()
    big(box)
    argv = [sys.executable, "-m", "syncd", "scan", "--config", os.fspath(box.conf)]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout and child.stderr
        assert "reading the tree" in child.stderr.readline()
        child.send_signal(signal.SIGINT)
        assert child.wait(60) == 130
        assert (child.stdout.read(), child.stderr.read().strip()) == ("", "")
    # The next is not told that one is running.
    wait_until(lambda: box.cli("scan").returncode == 0, "the scan to be free again")


def test_a_second_long_wish_is_told_to_wait(daemon: MakeDaemon) -> None:
    box = daemon()
    big(box)
    with caller(box) as link, link.makefile("rb") as said:
        link.sendall(b'{"wish": "ScanTrees", "arguments": {}}\n')
        assert b"reading the tree" in said.readline()
        assert "running already" in box.cli("check").stderr
    box.stop()
