"""The daemon stays small: at idle, with twenty uploads and two hundred connections, and after a thousand files."""

from __future__ import annotations

import socket

import pytest

from tests.conftest import MakeDaemon
from tests.daemon import USER, Daemon, wait_until
from tests.faults.test_kill import JPEG
from tests.limits.crowd import upload_at_once
from tests.limits.process import descriptors, forget_peak, libraries, memory_mib, threads
from tests.phone import Phone

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

IDLE_MIB = 40
PEAK_MIB = 96
GROWTH_MIB = 2


def served(daemon: MakeDaemon) -> tuple[Daemon, Phone]:
    server = daemon({"media": {"workers": 1}})
    key = server.add_device(USER, "phone")
    server.restart()  # as a box that was switched on, not one that was set up a second ago
    return server, Phone(f"{server.url}/k/{key}", USER, "phone-1")


def test_idle_daemon_is_small(daemon: MakeDaemon) -> None:
    server, phone = served(daemon)
    assert phone.folders().status == 200
    assert memory_mib(server) <= IDLE_MIB
    loaded = libraries(server)
    assert not [name for name in loaded if name.startswith(("_imaging", "_bcrypt", "_ssl", "libssl"))]


def test_twenty_big_uploads_and_two_hundred_connections(daemon: MakeDaemon) -> None:
    server, phone = served(daemon)
    idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(200)]
    for link in idle:
        link.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert link.recv(4096).startswith(b"HTTP/1.1 200")
    forget_peak(server)
    assert upload_at_once(phone, 20, 200) == [200] * 20
    assert memory_mib(server, "VmHWM") <= PEAK_MIB
    for link in idle:
        link.close()


def test_a_thousand_uploads_leave_nothing_behind(daemon: MakeDaemon) -> None:
    server, phone = served(daemon)

    def upload(first: int, last: int) -> None:
        for number in range(first, last):
            assert phone.upload(f"{number}.jpg", JPEG + number.to_bytes(4, "big") * 500).status == 200

    upload(0, 200)
    before = memory_mib(server), descriptors(server), threads(server)
    upload(200, 1200)
    assert memory_mib(server) - before[0] < GROWTH_MIB
    wait_until(lambda: descriptors(server) <= before[1], "descriptors to be closed")
    assert threads(server) <= before[2] + 1  # a thread that waits for a media process comes and goes
