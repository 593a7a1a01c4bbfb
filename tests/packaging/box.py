"""A Debian of its own, booted with its own systemd: made once and kept in build/, each box writes beside it."""

from __future__ import annotations

import fcntl
import itertools
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.daemon import ROOT, wait_until
from tests.packaging.archive import MIRROR

CACHE = ROOT / "build" / "debian"
PACKAGES = ("systemd", "python3", "python3-pil")
BOOT_S = 60.0
HALT_S = 60
# What every newer systemd-nspawn lets through by itself, as a machine without a container does.
LANDLOCK = "landlock_create_ruleset landlock_add_rule landlock_restrict_self"

_numbers = itertools.count()


def base(suite: str) -> Path:
    """The root folder of a small Debian *suite*; whoever asks first makes it, which takes a minute or two."""
    CACHE.mkdir(parents=True, exist_ok=True)
    made = CACHE / f"{suite}-{'-'.join(PACKAGES)}"
    with (CACHE / f"{suite}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            coming = CACHE / f"{suite}.coming"
            subprocess.run(["rm", "-rf", "--one-file-system", coming], check=True)
            argv = ["mmdebstrap", "--quiet", "--mode=root", "--variant=apt", f"--include={','.join(PACKAGES)}"]
            argv += ["--dpkgopt=force-unsafe-io", "--aptopt=Acquire::Languages none", suite, str(coming), MIRROR]
            done = subprocess.run(argv, text=True, capture_output=True)
            assert done.returncode == 0, done.stderr
            coming.rename(made)
    return made


class Box:
    """A root folder that may be written to; commands run in it by run() once it is booted, else by chroot()."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._nspawn: subprocess.Popen[bytes] | None = None
        self._leader = 0

    def path(self, place: str) -> Path:
        """Where *place*, an absolute path in the box, is on this machine."""
        return self.root / place.lstrip("/")

    def boot(self) -> None:
        """Start its systemd, and wait until that has started everything; the network is this machine's."""
        nspawn = ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--resolv-conf=off", "--console=pipe"]
        name = f"--machine=syncd-{os.getpid()}-{next(_numbers)}"
        argv = ["setpriv", "--pdeathsig", "TERM", *nspawn, f"--system-call-filter={LANDLOCK}", name]
        self._nspawn = subprocess.Popen(
            [*argv, f"--directory={self.root}", "--boot"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},  # newer ones boot with nothing else
            start_new_session=True,
        )
        wait_until(self._is_up, "the box to boot", BOOT_S)

    def _is_up(self) -> bool:
        assert self._nspawn is not None
        assert self._nspawn.poll() is None, f"systemd-nspawn ended with status {self._nspawn.returncode}"
        children = Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children").read_text().split()
        if not children:
            return False
        self._leader = int(children[0])
        if os.readlink(f"/proc/{self._leader}/ns/pid") == os.readlink("/proc/self/ns/pid"):
            return False  # a helper that prepares the box; this machine's own systemd would answer
        return self.run("systemctl", "is-system-running").stdout.strip() in ("running", "degraded")

    def halt(self) -> None:
        """Shut it down in order, or by force if that takes too long."""
        if self._nspawn is None:
            return
        self._nspawn.send_signal(signal.SIGTERM)
        try:
            self._nspawn.wait(HALT_S)
        except subprocess.TimeoutExpired:
            os.kill(self._leader, signal.SIGKILL)  # the first process of its namespace: all others go with it
            self._nspawn.wait(HALT_S)
        self._nspawn = None

    def run(self, *argv: str, input: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command in the booted box, as root; its status is the caller's to judge."""
        return _run("nsenter", f"--target={self._leader}", "--all", *argv, input=input)

    def must(self, *argv: str, input: str = "") -> str:
        """The standard output of a command that has to succeed."""
        done = self.run(*argv, input=input)
        assert done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
        return done.stdout

    def chroot(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the box that is not booted: no systemd, no /proc."""
        return _run("chroot", str(self.root), *argv, input="")


def _run(*argv: str, input: str) -> subprocess.CompletedProcess[str]:
    env = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "DEBIAN_FRONTEND": "noninteractive",
        "LC_ALL": "C.UTF-8",
    }
    return subprocess.run(argv, input=input, text=True, capture_output=True, env=env, timeout=100)


@contextmanager
def box(suite: str, folder: Path) -> Iterator[Box]:
    """A box of *suite* that keeps what is written in the empty *folder*; ended and unmounted at the end."""
    root, upper, work = folder / "root", folder / "upper", folder / "work"
    for one in (root, upper, work):
        one.mkdir()
    options = f"lowerdir={base(suite)},upperdir={upper},workdir={work}"
    subprocess.run(["mount", "-t", "overlay", "-o", options, "syncd-test", root], check=True)
    made = Box(root)
    try:
        yield made
    finally:
        try:
            made.halt()
        finally:
            subprocess.run(["umount", "--lazy", root], check=True)
