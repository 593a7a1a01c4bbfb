"""A small box is asked for less."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

import pytest

from syncd.capacity import capacity_for, usable_memory
from tests.conftest import MakeDaemon
from tests.daemon import USER, wait_until
from tests.limits.crowd import MIB, upload_at_once
from tests.limits.process import forget_peak, memory_mib
from tests.phone import Phone

ROUTER_PEAK_MIB = 80  # of 128: the system itself needs the rest
AFTERWARDS_MIB = 44


@pytest.mark.parametrize("smaller, larger", [(64, 128), (128, 159), (159, 160), (160, 512), (511, 512), (512, 65536)])
def test_more_memory_never_means_less_of_anything(smaller: int, larger: int) -> None:
    few, many = capacity_for(smaller * MIB), capacity_for(larger * MIB)
    for what in ("threads", "connections", "uploads", "jobs", "cache_kib"):
        assert 0 < getattr(few, what) <= getattr(many, what)


def group(folder: Path, **limits: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in limits.items():
        (folder / f"memory.{name}").write_text(f"{text}\n")


def test_the_narrowest_of_the_groups_around_us_counts(tmp_path: Path) -> None:
    proc, groups = tmp_path / "proc", tmp_path / "groups"
    group(groups, max=str(512 * MIB))
    group(groups / "system.slice", max="max", high="max")
    group(groups / "system.slice" / "syncd.service", max=str(256 * MIB), high=str(192 * MIB))
    (proc / "self").mkdir(parents=True)
    (proc / "self" / "cgroup").write_text("3:cpu:/\n0::/system.slice/syncd.service\n")
    assert usable_memory(proc, groups) == 192 * MIB
    (proc / "self" / "cgroup").write_text("0::/system.slice\n")
    assert usable_memory(proc, groups) == 512 * MIB


@pytest.mark.parametrize("said", ["", "3:memory:/a\n", "0::/gone\n", "0::/../../etc\n"])
def test_without_such_groups_the_machine_counts(tmp_path: Path, said: str) -> None:
    (tmp_path / "self").mkdir()
    (tmp_path / "self" / "cgroup").write_text(said)
    assert usable_memory(tmp_path, tmp_path) == usable_memory(tmp_path / "none")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_router_of_128_mib_takes_a_crowd(daemon: MakeDaemon) -> None:
    """More phones at once than it has room for: all are served in turn, and it stays within its means."""
    server = daemon({"server": {"memory_mb": 128}, "media": {"workers": 1}})
    phone = Phone(f"{server.url}/k/{server.add_device(USER, 'phone')}", USER, "phone-1")
    server.restart()
    forget_peak(server)
    with contextlib.ExitStack() as idle:
        for _ in range(300):
            idle.enter_context(socket.create_connection(("127.0.0.1", server.port)))
        assert upload_at_once(phone, 20, 20) == [200] * 20
    assert memory_mib(server, "VmHWM") <= ROUTER_PEAK_MIB
    assert "128 MiB of memory: 192 connections, 6 uploads at once" in server.must("status")
    wait_until(lambda: memory_mib(server) <= AFTERWARDS_MIB, "memory to be given back")
