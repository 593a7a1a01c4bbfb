"""The unit files: as systemd's own programs judge them, and in agreement with the daemon they start."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from syncd import daemon
from syncd.cli import MISCONFIGURED
from syncd.core.core import ACCOUNTS
from syncd.sections import Config
from tests.daemon import ROOT

pytestmark = pytest.mark.packaging

UNITS = ROOT / "systemd"
EXPOSURE_LIMIT = 15  # tenths, as systemd-analyze counts; what is left is what a server on a network needs

# What the daemon and the children it starts for photos cannot do without, and what they must not be able to do.
NEEDED = """
openat2 renameat2 syncfs fallocate fdatasync fsync sync_file_range copy_file_range sendfile inotify_add_watch
landlock_create_ruleset landlock_add_rule landlock_restrict_self unshare prctl setpriority setrlimit prlimit64
accept4 epoll_wait clone3 execve flock pidfd_open
"""
REFUSED = "mount pivot_root chroot chown fchown setuid setresuid bpf ptrace init_module reboot kexec_load settimeofday"


def run(argv: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, text=True, capture_output=True, timeout=60)


def settings(unit: str) -> list[tuple[str, str]]:
    """The lines of *unit*, in order; a word may come several times."""
    return re.findall(r"^(\w+)=(.*)$", (UNITS / unit).read_text(), re.MULTILINE)


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units in a folder of their own, starting a program that is there."""
    for name in ("syncd.service", "syncd.socket"):
        (tmp_path / name).write_text((UNITS / name).read_text().replace("/usr/bin/syncd", "/bin/true"))
    return tmp_path


def test_systemd_finds_no_mistake(units: Path) -> None:
    done = run(["systemd-analyze", "verify", "--man=no", units / "syncd.service", units / "syncd.socket"])
    ours = [line for line in done.stderr.splitlines() if "syncd" in line]  # it also looks at the machine's own
    assert (ours, done.returncode) == ([], 0)


def test_a_mistake_is_found(units: Path) -> None:
    unit = units / "syncd.service"
    unit.write_text(unit.read_text().replace("PrivateTmp=", "PrivatTmp="))
    assert "PrivatTmp" in run(["systemd-analyze", "verify", "--man=no", unit]).stderr


def test_what_the_service_is_exposed_to_stays_below_the_limit() -> None:
    argv = ["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_LIMIT}"]
    done = run([*argv, UNITS / "syncd.service"])
    assert done.returncode == 0, done.stdout


def members(word: str) -> set[str]:
    """The system calls that *word* of a SystemCallFilter stands for."""
    if not word.startswith("@"):
        return {word}
    found: set[str] = set()
    for line in run(["systemd-analyze", "syscall-filter", word]).stdout.splitlines()[1:]:
        if (name := line.strip()) and not name.startswith("#"):
            found |= members(name)
    return found


def test_the_filter_lets_through_what_the_daemon_needs_and_nothing_for_root() -> None:
    allowed: set[str] = set()
    for line in (value for word, value in settings("syncd.service") if word == "SystemCallFilter"):
        named = set().union(*map(members, line.removeprefix("~").split()))
        allowed = allowed - named if line.startswith("~") else allowed | named
    assert set(NEEDED.split()) - allowed == set()
    assert set(REFUSED.split()) & allowed == set()


def test_the_unit_and_the_daemon_agree() -> None:
    unit, defaults = dict(settings("syncd.service")), Config()
    state = defaults.server.state
    assert unit["ConditionPathExists"] == str(state / ACCOUNTS)
    assert unit["StateDirectory"] == state.name and state.parent == Path("/var/lib")
    assert unit["ReadWritePaths"] == f"-{defaults.storage.path}"
    assert unit["After"].split()[-1] == f"{str(defaults.storage.path)[1:].replace('/', '-')}.mount"
    assert int(unit["TimeoutStopSec"]) > daemon.FINISH_S + daemon.CUT_S
    assert unit["RestartPreventExitStatus"] == str(MISCONFIGURED)
    socket = settings("syncd.socket")
    assert [value for word, value in socket if word == "ListenStream"] == list(map(str, defaults.server.listen))
    assert ("Backlog", str(daemon.BACKLOG)) in socket


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives folders to somebody")
def test_the_user_and_the_folders_are_made_once_and_left_as_their_owner_made_them(tmp_path: Path) -> None:
    (tmp_path / "etc" / "syncd").mkdir(mode=0o755, parents=True)
    for _ in range(2):
        done = run(["systemd-sysusers", f"--root={tmp_path}", UNITS / "syncd.sysusers"])
        assert done.returncode == 0, done.stderr
    [line] = [one for one in (tmp_path / "etc" / "passwd").read_text().splitlines() if one.startswith("syncd:")]
    uid = int(line.split(":")[2])
    assert 0 < uid < 1000 and line.endswith("/var/lib/syncd:/usr/sbin/nologin")
    (tmp_path / "etc" / "syncd" / "syncd.conf").write_text("")
    (tmp_path / "srv").mkdir()

    def made() -> dict[str, tuple[int, int, int]]:
        done = run(["systemd-tmpfiles", f"--root={tmp_path}", "--create", UNITS / "syncd.tmpfiles"])
        assert done.returncode == 0, done.stderr
        found = {name: (tmp_path / name).stat() for name in ("etc/syncd", "etc/syncd/syncd.conf", "var/lib/syncd")}
        found["srv/syncd"] = (tmp_path / "srv" / "syncd").stat()
        return {name: (one.st_uid, one.st_gid, one.st_mode & 0o7777) for name, one in found.items()}

    assert made() == {
        "etc/syncd": (0, uid, 0o750),
        "etc/syncd/syncd.conf": (0, uid, 0o640),
        "var/lib/syncd": (uid, uid, 0o700),
        "srv/syncd": (uid, uid, 0o750),
    }
    (tmp_path / "srv" / "syncd").chmod(0o2770)
    os.chown(tmp_path / "srv" / "syncd", uid, 1234)
    assert made()["srv/syncd"] == (uid, 1234, 0o2770)
    # One that came from a backup is the service's to take over, as a whole; it looks at the owner of the folder alone.
    os.chown(tmp_path / "var" / "lib" / "syncd", 0, 0)
    assert made()["var/lib/syncd"] == (0, 0, 0o700)
