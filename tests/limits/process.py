"""What the kernel says of a running daemon."""

from __future__ import annotations

import os
from pathlib import Path

from tests.daemon import Daemon


def pid_of(daemon: Daemon) -> int:
    assert daemon.process is not None
    return daemon.process.pid


def memory_mib(daemon: Daemon, what: str = "VmRSS") -> float:
    """VmRSS now, or VmHWM, the peak since forget_peak."""
    status = Path(f"/proc/{pid_of(daemon)}/status").read_text()
    [line] = [one for one in status.splitlines() if one.startswith(what)]
    return int(line.split()[1]) / 1024


def forget_peak(daemon: Daemon) -> None:
    Path(f"/proc/{pid_of(daemon)}/clear_refs").write_text("5")


def descriptors(daemon: Daemon) -> int:
    return len(os.listdir(f"/proc/{pid_of(daemon)}/fd"))


def threads(daemon: Daemon) -> int:
    return len(os.listdir(f"/proc/{pid_of(daemon)}/task"))


def written_bytes(daemon: Daemon) -> int:
    """What it caused to be written to disks so far."""
    lines = Path(f"/proc/{pid_of(daemon)}/io").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("write_bytes")).split()[1])


def libraries(daemon: Daemon) -> set[str]:
    """File names of the shared objects it has loaded."""
    lines = Path(f"/proc/{pid_of(daemon)}/maps").read_text().splitlines()
    return {line.rpartition("/")[2] for line in lines if ".so" in line}
