"""Debian's archive, for machines other than this one: packages and sources fetched without touching the host's apt.

All of it lies in one folder below `build/`, the lists and what was fetched; apt checks every signature and hash.
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.daemon import ROOT

BUILD = ROOT / "build" / "packaging"
MIRROR = "http://deb.debian.org/debian"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
FETCH_S = 300


def made(folder: Path, fill: Callable[[Path], None]) -> Path:
    """*folder*, filled by *fill* if it is not there yet: whole or not at all, and by one of us at a time."""
    with alone(folder):
        if not folder.exists():
            new = folder.with_name(f"{folder.name}.new")
            shutil.rmtree(new, ignore_errors=True)
            new.mkdir()
            fill(new)
            new.rename(folder)
    return folder


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Nobody else is in here for the same *folder*; another test run may share it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@dataclass(frozen=True, slots=True)
class Archive:
    """One release of Debian (`bookworm`) as a machine of *architecture* (`arm64`) with nothing installed sees it."""

    release: str
    architecture: str
    with_sources: bool = False

    @property
    def folder(self) -> Path:
        return BUILD / "apt" / f"{self.release}-{self.architecture}{'-sources' * self.with_sources}"

    def packages(self, folder: Path, *names: str) -> None:
        """Fetch *names* and all they depend on, as .deb files into *folder*; raises CalledProcessError."""
        (folder / "partial").mkdir()
        quiet = ("--yes", "--no-install-recommends", "--download-only")
        self._fetch(folder, "install", *quiet, f"-oDir::Cache::archives={folder}", *names)

    def single(self, folder: Path, *names: str) -> None:
        """Fetch *names* alone, as .deb files into *folder*."""
        self._fetch(folder, "download", *names)

    def sources(self, folder: Path, *names: str) -> None:
        """Fetch the source packages *names* into *folder*."""
        self._fetch(folder, "source", "--download-only", "--only-source", *names)

    def _fetch(self, folder: Path, *words: str) -> None:
        with alone(self.folder):
            self._refresh()
            self._apt(*words, cwd=folder)

    def _refresh(self) -> None:
        """Fetch the lists, once."""
        stamp = self.folder / "lists-are-here"
        if stamp.exists():
            return
        for part in ("state/lists/partial", "cache/archives/partial"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        (self.folder / "status").touch()
        kinds = ("deb", "deb-src") if self.with_sources else ("deb",)
        origin = f"[signed-by={KEYRING}] {MIRROR} {self.release} main"
        (self.folder / "sources.list").write_text("".join(f"{kind} {origin}\n" for kind in kinds))
        self._apt("update", cwd=self.folder)
        stamp.touch()

    def _apt(self, *words: str, cwd: Path) -> None:
        command = ["apt-get", "-qq", *self._options(), *words]
        subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, timeout=FETCH_S, check=True)

    def _options(self) -> Sequence[str]:
        settings = {
            "Dir::State": self.folder / "state",
            "Dir::State::status": self.folder / "status",
            "Dir::Cache": self.folder / "cache",
            "Dir::Cache::pkgcache": "packages.bin",  # images for containers turn these two off: seconds for each call
            "Dir::Cache::srcpkgcache": "sources.bin",
            "Dir::Etc::sourcelist": self.folder / "sources.list",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "APT::Architecture": self.architecture,
            "APT::Architectures": self.architecture,
            "APT::Sandbox::User": "root",  # apt's own user may not reach this folder
            "Acquire::Languages": "none",
            "Debug::NoLocking": "true",
        }
        return [f"-o{key}={value}" for key, value in settings.items()]


def unpack(packages: Path, root: Path) -> None:
    """Lay the files of all .deb in *packages* out below *root*; no script of theirs is run."""
    for package in sorted(packages.glob("*.deb")):
        subprocess.run(["dpkg-deb", "--extract", str(package), str(root)], check=True, timeout=FETCH_S)
