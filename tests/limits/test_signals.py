"""Signals and the service manager: what runs is finished, what changed is taken over."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests import samples
from tests.conftest import MakeDaemon
from tests.daemon import PASSWORD, ROOT, USER, Daemon, free_port, wait_until
from tests.faults.witness import staged
from tests.limits.manager import managed, manager
from tests.limits.process import pid_of
from tests.phone import Phone

pytestmark = pytest.mark.slow

# As systemd does it: the socket is descriptor 3, and LISTEN_PID names the process that it is meant for.
HAND_OVER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""


def test_sigterm_finishes_a_running_upload(daemon: MakeDaemon) -> None:
    server = daemon()
    phone = Phone(f"{server.url}/k/{server.add_device(USER, 'phone')}", USER, "phone-1")
    content = samples.photo()
    exchange, end = phone.begin_upload("x.jpg", len(content))
    exchange.send(content[:5000])
    wait_until(lambda: staged(server), "the upload to be staged")
    os.kill(pid_of(server), signal.SIGTERM)
    wait_until(lambda: server.health() is None, "the daemon to take no new connection")
    exchange.send(content[5000:] + end)
    assert exchange.answer().status == 200
    assert server.process is not None
    assert server.process.wait(30) == 0
    assert (server.tree() / "phone-1" / "2024" / "5" / "x.jpg").read_bytes() == content


def test_sighup_takes_over_what_can_change(daemon: MakeDaemon) -> None:
    server = daemon({"accounts": {"registration": "closed"}})
    phone = Phone(server.url, "newcomer", "phone-1")
    assert phone.register(PASSWORD).status == 403
    server.configure({"accounts": {"registration": "open"}})
    os.kill(pid_of(server), signal.SIGHUP)
    wait_until(lambda: phone.register(PASSWORD).status == 200, "registration to be open")
    server.conf.write_text("[accounts]\nregistration = perhaps\n")
    os.kill(pid_of(server), signal.SIGHUP)
    wait_until(lambda: "perhaps" in server.log_tail(), "the refusal in the log")
    assert Phone(server.url, "another", "phone-1").register(PASSWORD).status == 200


def test_second_daemon_on_one_state_is_refused(daemon: MakeDaemon) -> None:
    server = daemon()
    second = server.cli("serve", "--set", f"server.listen=127.0.0.1:{free_port()}")
    assert second.returncode == 1
    assert len(second.stderr.strip().splitlines()) == 1
    assert "another syncd is running" in second.stderr


def test_unmarked_volume_is_refused_with_the_command_that_marks_it(tmp_path: Path) -> None:
    server = Daemon(root=tmp_path / "box")
    refused = server.cli("serve")
    assert refused.returncode == 1
    assert "syncd init" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
    assert list(server.storage.iterdir()) == []


def test_a_box_that_has_had_two_disks_starts_without_either(daemon: MakeDaemon) -> None:
    """The one that was served last is waited for, however many were served before."""
    server = daemon()
    server.stop()
    first, second = server.storage, server.root / "second"
    second.mkdir()
    server.configure({"storage": {"path": second}})
    assert server.cli("init").returncode == 0
    (second / ".syncd").rename(server.root / "elsewhere")
    with managed(server, server.root, watchdog_s=0):
        wait_until(lambda: server.health() == 503, "the daemon to answer")
        (first / ".syncd").rename(second / ".syncd")
        assert server.health() == 503  # not the one it waits for
        (second / ".syncd").rename(first / ".syncd")
        (server.root / "elsewhere").rename(second / ".syncd")
        wait_until(lambda: server.health() == 200, "the daemon to find its disk")


def test_port_in_use_names_the_setting(daemon: MakeDaemon) -> None:
    server = daemon()
    other = Daemon(root=server.root / "other")
    other.init()
    refused = other.cli("serve", "--set", f"server.listen=127.0.0.1:{server.port}")
    assert refused.returncode == 1
    assert "[server] listen" in refused.stderr


@pytest.mark.parametrize("host", ["192.0.2.77", "[2001:db8::77]"])
def test_an_address_that_the_box_does_not_have_yet_is_waited_for(daemon: MakeDaemon, host: str) -> None:
    """The network of a box may come up long after the daemon, which must be there by then."""
    server = daemon()
    server.stop()
    server.configure({"server": {"listen": f"127.0.0.1:{server.port}, {host}:{server.port}"}})
    server.start()
    assert server.health() is not None
    assert f"{host.strip('[]')} is no address of this box now" in server.log_tail()


def test_a_manager_that_does_not_listen_ends_nothing(daemon: MakeDaemon, tmp_path: Path) -> None:
    server = daemon()
    server.stop()
    with managed(server, tmp_path, watchdog_s=0.3) as child:
        wait_until(lambda: "does not hear WATCHDOG=1" in server.log_tail(), "the second try")
        assert server.health() is not None and child.poll() is None


def test_service_manager_is_told_and_may_hand_over_sockets(daemon: MakeDaemon, tmp_path: Path) -> None:
    server = daemon()
    server.stop()
    with manager(tmp_path) as heard, socket.create_server(("127.0.0.1", 0)) as handed:
        port = handed.getsockname()[1]
        serve = ["-m", "syncd", "serve", "--config", str(server.conf)]
        child = subprocess.Popen(
            [sys.executable, "-c", HAND_OVER, str(handed.fileno()), *serve],
            cwd=ROOT,
            pass_fds=[handed.fileno()],
            stderr=subprocess.DEVNULL,
            env={
                **os.environ,
                "NOTIFY_SOCKET": str(tmp_path / "notify"),
                "WATCHDOG_USEC": "300000",
                "LISTEN_FDS": "1",
            },
        )
        try:
            assert {heard.recv(4096), heard.recv(4096)} == {b"READY=1", b"WATCHDOG=1"}
            with socket.create_connection(("127.0.0.1", port)) as link:
                link.sendall(b"GET /setup_info HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert link.recv(4096).startswith(b"HTTP/1.1 200")
            child.terminate()
            while (said := heard.recv(4096)) == b"WATCHDOG=1":
                continue
            assert said == b"STOPPING=1"
            assert child.wait(30) == 0
        finally:
            child.kill()
            child.wait()
