"""A computer that keeps a folder in step: the real client as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from syncd.client.credentials import Pairing, save
from tests.client import ready
from tests.daemon import PASSWORD, ROOT, wait_until
from tests.sync.api import Api

Event = Mapping[str, Any]
RUN_S = 120.0
CLIENT = [sys.executable, "-m", "syncd.client"]


def folders_in(top: Path, but: str) -> set[str]:
    """Every folder below *top*, but for those below *but*; as of one moment, or looked at again."""
    while True:
        try:
            found = {str(one.relative_to(top)) for one in top.rglob("*") if one.is_dir() and not one.is_symlink()}
            return {path for path in found if path.split("/")[0] != but}
        except FileNotFoundError:
            continue  # somebody was just removing it


@dataclass(frozen=True, slots=True)
class Run:
    """How a client that has ended did."""

    code: int
    events: list[Event]
    stderr: str

    def paths(self, event: str) -> set[str]:
        """What *event* was told about."""
        return {one.get("path", "") for one in self.events if one["event"] == event}


@dataclass(slots=True)
class Laptop:
    """*url* is the server's, or that of something between."""

    url: str
    user: str
    home: Path
    name: str
    process: subprocess.Popen[str] | None = None
    events: list[Event] = field(default_factory=list)
    reader: threading.Thread | None = None

    @property
    def folder(self) -> Path:
        return self.home / self.name

    @property
    def credentials(self) -> Path:
        return self.home / f"{self.name}.json"

    @property
    def stderr(self) -> Path:
        return self.home / f"{self.name}.stderr"

    def made_known(self, person: Api) -> Laptop:
        """Make the folder, and the device on the server as pair() does; a server takes few log-ins in a minute."""
        self.folder.mkdir()
        answer = person.add_device(self.name)
        assert answer.status == 200, (answer.status, answer.body[:300])
        new = answer.json()
        save(self.credentials, Pairing(self.url, self.user, new["device"]["id"], new["device_token"]))
        return self

    def pair(self, password: str = PASSWORD) -> subprocess.CompletedProcess[str]:
        """Run `pair`."""
        words = ("pair", self.url, "--user", self.user, "--password-stdin", "--name", self.name)
        return self._run(*words, input=password + "\n")

    def _run(self, *words: str, input: str = "") -> subprocess.CompletedProcess[str]:
        return ready.run([*words, "--credentials", str(self.credentials)], input, RUN_S)

    def sync(self, *options: str) -> Run:
        """Bring the folder in step, once."""
        done = self._run("sync", str(self.folder), "--once", "--json", *options)
        assert "Traceback" not in done.stderr, done.stderr
        return Run(done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr)

    def synced(self, *options: str) -> Run:
        """The same; it has to succeed."""
        run = self.sync(*options)
        assert run.code == 0, (run.code, run.events, run.stderr)
        return run

    def start(self, *options: str) -> Laptop:
        """Keep the folder in step from now on."""
        assert self.process is None
        self.events = []
        with self.stderr.open("a") as stderr:
            self.process = subprocess.Popen(
                [*CLIENT, "sync", str(self.folder), "--json", "--credentials", str(self.credentials), *options],
                cwd=ROOT,
                text=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
            )
        self.reader = threading.Thread(target=self._read, args=(self.process, self.events), daemon=True)
        self.reader.start()
        return self

    @staticmethod
    def _read(process: subprocess.Popen[str], events: list[Event]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            if line.endswith("\n"):  # a killed one leaves half a line
                events.append(json.loads(line))

    def wait_for(self, event: str, path: str = "", count: int = 1, timeout_s: float = 30.0) -> None:
        """Until *event* was told *count* times."""
        wait_until(
            lambda: sum(one["event"] == event and one.get("path", "") == path for one in list(self.events)) >= count,
            f"{self.name} to tell {event} {path}; it told {self.events[-20:]}",
            timeout_s,
        )

    def ended(self) -> int:
        """Its exit code, once it has ended by itself."""
        assert self.process is not None
        code = self.process.wait(RUN_S)
        self._forget()
        return code

    def end(self, number: int = signal.SIGINT) -> int:
        """Send a signal; the exit code."""
        self.signal(number)
        return self.ended()

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        if self.process is not None:
            self.end(signal.SIGKILL)

    def _forget(self) -> None:
        assert self.process is not None and self.reader is not None and self.process.stdout is not None
        self.reader.join()
        self.process.stdout.close()
        self.process = None

    # --- the folder

    def write(self, path: str, content: bytes) -> Path:
        """Save *content* as editors do: aside, then renamed."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        new = file.with_name(f"{file.name}.part")
        new.write_bytes(content)
        try:
            new.replace(file)
        except IsADirectoryError:
            new.unlink()
            raise
        return file

    def read(self, path: str) -> bytes:
        return (self.folder / path).read_bytes()

    def has(self, path: str, content: bytes) -> bool:
        try:
            return self.read(path) == content
        except OSError:
            return False

    def remove(self, path: str) -> None:
        (self.folder / path).unlink()

    def rename(self, path: str, new: str) -> None:
        (self.folder / new).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).rename(self.folder / new)

    def age(self, *paths: str) -> None:
        """Make files a day old, so that their stat alone tells them unchanged."""
        for path in paths:
            found = (self.folder / path).stat()
            os.utime(self.folder / path, ns=(found.st_atime_ns, found.st_mtime_ns - 86_400 * 10**9))

    def tree(self) -> dict[str, bytes]:
        """Every plain file with its content, but for the client's own; as of one moment, or looked at again."""
        while True:
            try:
                return dict(self._files())
            except FileNotFoundError:
                continue  # the client was just removing it

    def folders(self) -> set[str]:
        """Every folder but for the client's own; as of one moment, or looked at again."""
        return folders_in(self.folder, ".syncd")

    def _files(self) -> Iterator[tuple[str, bytes]]:
        for file in sorted(self.folder.rglob("*")):
            path = file.relative_to(self.folder)
            if path.parts[0] != ".syncd" and file.is_file() and not file.is_symlink():
                yield str(path), file.read_bytes()
