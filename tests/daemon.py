"""The real program as a child process: own disk, own state, own port.

For tests, crash tests and benchmarks alike; it knows nothing of pytest. Whoever starts one ends it
with close() or a `with` block, and what is forgotten is killed when the interpreter exits.
"""

from __future__ import annotations

import atexit
import errno
import functools
import http.client
import itertools
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Self, TypeVar

from syncd.cli.wishes import granted
from syncd.config import load
from syncd.core.admin.people import AddDevice, AddUser, RevokeDevice
from syncd.core.admin.wish import Wish

ROOT = Path(__file__).resolve().parent.parent
USER = "desi"
PASSWORD = "correct horse 9"
FROM_SOURCE = (sys.executable, "-m", "syncd")
START_S = 30.0  # a router's flash is slow, a shared test machine is slower
STOP_S = 30.0
POLL_S = 0.02
TAIL_LINES = 60
PORTS = range(10_000, 32_000)  # the kernel gives outgoing connections those from 32768 on
BCRYPT_COST = 4  # the least that bcrypt takes; a box calibrates its own, see tests/cli/test_init.py

Sections = Mapping[str, Mapping[str, object]]
Found = TypeVar("Found")
R = TypeVar("R")
_ports = itertools.islice(itertools.cycle(PORTS), random.randrange(len(PORTS)), None)


def wait_until(check: Callable[[], Found], what: str, timeout_s: float = 20.0) -> Found:
    """The first true answer of *check*; raises AssertionError naming *what* when none comes in time."""
    deadline = time.monotonic() + timeout_s
    while not (found := check()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout_s:g} s in vain: {what}")
        time.sleep(POLL_S)
    return found


def free_port() -> int:
    """A loopback port nobody listens on now, and nobody else is likely to take before we do.

    The kernel's own choice goes to whoever asks next, be it an outgoing connection. So ports come from below those it
    chooses from, one after the other, and each process of tests begins somewhere else.
    """
    while True:
        port = next(_ports)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as exc:
                if exc.errno != errno.EADDRINUSE:
                    raise
            else:
                return port


def _written(value: object) -> str:
    """*value* as the configuration file spells it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


class Daemon:
    """One `syncd serve`.

    *sections* are the configuration's, {"mobisync": {"access": "open"}}; address and folders are filled in.
    *syncd* is the command that is tried, without its verb; it may take *start_s* seconds to start.
    """

    alive: set[Daemon] = set()

    def __init__(
        self,
        sections: Sections | None = None,
        root: Path | None = None,
        syncd: Sequence[str] = FROM_SOURCE,
        start_s: float = START_S,
    ) -> None:
        self._syncd = syncd
        self._start_s = start_s
        self._own_root = root is None
        self.root = root or Path(tempfile.mkdtemp(prefix="syncd-test-"))
        self.storage = self.root / "storage"
        self.state = self.root / "state"
        self.conf = self.root / "syncd.conf"
        self.log = self.root / "stderr.txt"
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.storage.mkdir(parents=True, exist_ok=True)
        self.configure(sections or {})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def tree(self, user: str = USER) -> Path:
        """The folder of *user*, for names that are folder names already (small ASCII letters and digits)."""
        return self.storage / user

    def configure(self, sections: Sections) -> None:
        """Write the configuration; a running daemon sees it at its next start. It may say where state and disk are."""
        own: dict[str, dict[str, object]] = {
            "server": {"listen": f"127.0.0.1:{self.port}", "state": self.state},
            "storage": {"path": self.storage},
        }
        for name, values in sections.items():
            own.setdefault(name, {}).update(values)
        self.state, self.storage = Path(str(own["server"]["state"])), Path(str(own["storage"]["path"]))
        lines = []
        for name, options in own.items():
            lines.append(f"[{name}]")
            lines.extend(f"{key} = {_written(value)}" for key, value in options.items())
            lines.append("")
        self.conf.write_text("\n".join(lines), encoding="utf-8")

    def cli(self, *args: str, input: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run `syncd ARGS… --config <this one's>`; the exit status is the caller's to judge."""
        return subprocess.run(
            [*self._syncd, *args, "--config", str(self.conf)],
            input="" if input is None else input,
            cwd=ROOT,
            text=True,
            capture_output=True,
            timeout=120,
            check=False,
        )

    def must(self, *args: str, input: str | None = None) -> str:
        """The standard output of a command that has to succeed; raises AssertionError with its words if not."""
        done = self.cli(*args, input=input)
        if done.returncode != 0:
            raise AssertionError(f"syncd {' '.join(args)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def init(self, user: str = USER, password: str = PASSWORD) -> None:
        """Prepare the disk and the first account: a copy of what `syncd init` made once in this process.

        Passwords are hashed at the lowest cost in it, because tests log in by the thousand, and the key that signs
        tokens is left out, so that each box makes its own. The volume has the same id in all copies. Another program
        than the one from source does it itself.
        """
        if self._syncd != FROM_SOURCE or self.state.exists() or any(self.storage.iterdir()):
            self._run_init(user, password)
            return
        made = _prepared(user, password)
        shutil.copytree(made / "state", self.state)
        for folder in (made / "storage").iterdir():
            shutil.copytree(folder, self.storage / folder.name)

    def _run_init(self, user: str, password: str) -> None:
        self.must("init", "--user", user, "--password-stdin", input=f"{password}\n")

    def prepare_template(self, user: str, password: str) -> None:
        """Make what init() copies, by the command itself."""
        self.must("init")
        with closing(sqlite3.connect(self.state / "accounts.db")) as db, db:
            db.execute("INSERT INTO meta (key, value) VALUES ('bcrypt_cost', ?)", (str(BCRYPT_COST),))
        self._run_init(user, password)
        (self.state / "signing.key").unlink()

    def start(self) -> Self:
        """Start serving and return once `/healthz` says 200; a first start prepares the disk before."""
        if not self.state.exists() or not any(self.state.iterdir()):
            self.init()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self._syncd, "serve", "--config", str(self.conf)],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        Daemon.alive.add(self)
        try:
            wait_until(self._is_ready, "the daemon to answer /healthz", self._start_s)
        except AssertionError as exc:
            self.kill()
            raise AssertionError(f"{exc}\n{self.log_tail()}") from None
        return self

    def _is_ready(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"the daemon ended with status {self.process.returncode}")
        return self.health() == 200

    def health(self) -> int | None:
        """The status of `/healthz`; None while nothing listens."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            link.request("GET", "/healthz")
            return link.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            link.close()

    def stop(self) -> None:
        """SIGTERM; raises AssertionError unless the daemon ends by itself, in time, with status 0."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still running {STOP_S:g} s after SIGTERM\n{self.log_tail()}") from None
        self._forget()
        if status != 0:
            raise AssertionError(f"ended with status {status} after SIGTERM\n{self.log_tail()}")

    def kill(self) -> None:
        """SIGKILL, as a power cut would; returns when the process is gone."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self._forget()

    def restart(self) -> Self:
        self.stop()
        return self.start()

    def close(self) -> None:
        """Stop, and remove the folder if it was made here. The folder goes even when stopping fails."""
        try:
            self.stop()
        finally:
            self.kill()
            if self._own_root:
                shutil.rmtree(self.root, ignore_errors=True)

    def _forget(self) -> None:
        self.process = None
        Daemon.alive.discard(self)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def log_tail(self) -> str:
        """The last lines the daemon wrote."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-TAIL_LINES:])

    def wish(self, wanted: Wish[R]) -> R:
        """What the command line does for its owner, without starting a program for it; raises SyncError as it does."""
        return granted(load(self.conf).config, wanted)

    def add_user(self, name: str, password: str | None = PASSWORD) -> None:
        """Make an account; None gives one without a password."""
        self.wish(AddUser(name, password))

    def add_device(self, user: str, name: str) -> str:
        """The key of a new device of *user*, for `/k/<key>/…`."""
        return self.wish(AddDevice(user, name)).key

    def revoke_device(self, user: str, name: str) -> None:
        self.wish(RevokeDevice(name, user))


@functools.cache
def _prepared(user: str, password: str) -> Path:
    """The folder with the storage and the state that init() copies; it goes when this process ends."""
    template = Daemon()
    atexit.register(template.close)
    template.prepare_template(user, password)
    return template.root


@atexit.register
def _end_forgotten() -> None:
    for daemon in list(Daemon.alive):
        daemon.kill()
