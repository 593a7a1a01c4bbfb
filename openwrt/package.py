"""An .ipk taken apart, for whoever looks at one."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from openwrt.ipk import MEMBERS


class BadContainer(ValueError):
    """Not even the outer form of an .ipk."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a tar, with its content; that of a folder or link is empty."""

    info: tarfile.TarInfo
    data: bytes

    @property
    def path(self) -> str:
        """Where it goes on the router: "/usr/bin/syncd"."""
        return "/" + self.info.name.removeprefix(".").strip("/")


@dataclass(frozen=True, slots=True)
class Package:
    """What is in the file *name*; *streams* are the three gzip streams as they are, outer one first."""

    name: str
    size: int
    outer: tuple[Member, ...]
    control: tuple[Member, ...]
    data: tuple[Member, ...]
    streams: tuple[bytes, bytes, bytes]

    @property
    def members(self) -> tuple[Member, ...]:
        return self.outer + self.control + self.data

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """The control file's fields in order; a continued line belongs to the field above it."""
        found: list[tuple[str, str]] = []
        for line in self.text("control").splitlines():
            if line.startswith(" ") and found:
                found[-1] = (found[-1][0], f"{found[-1][1]}\n{line}")
            else:
                key, _, value = line.partition(": ")
                found.append((key, value))
        return tuple(found)

    def field(self, key: str) -> str:
        """The value of a field; empty if there is none."""
        return dict(self.fields).get(key, "")

    def text(self, control: str) -> str:
        """The file *control* of the control part; empty if there is none."""
        found = [member.data for member in self.control if member.info.name == f"./{control}"]
        return found[0].decode("utf-8", "replace") if found else ""

    def file(self, path: str) -> Member | None:
        """What is installed at *path*."""
        return next((member for member in self.data if member.path == path), None)

    @property
    def files(self) -> tuple[Member, ...]:
        """The plain files that are installed."""
        return tuple(member for member in self.data if member.info.isreg())


Rule = Callable[[Package], Iterator[str]]  # what is wrong with a package, a line for each


def read(name: str, data: bytes) -> Package:
    """Take apart the content *data* of the file *name*; raises BadContainer."""
    outer = _unpacked(data)
    found = {member.info.name: member.data for member in outer}
    if missing := set(MEMBERS) - set(found):
        raise BadContainer(f"without {', '.join(sorted(missing))}")
    inner, control = found["./data.tar.gz"], found["./control.tar.gz"]
    return Package(name, len(data), outer, _unpacked(control), _unpacked(inner), (data, inner, control))


def _unpacked(data: bytes) -> tuple[Member, ...]:
    if data.startswith(b"!<arch>"):
        raise BadContainer("an ar archive, as Debian's; OpenWrt takes a gzip'd tar")
    try:
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(data)), mode="r:") as archive:
            return tuple(Member(info, _content(archive, info)) for info in archive)
    except (OSError, EOFError, zlib.error, tarfile.TarError) as exc:
        raise BadContainer(f"not a gzip'd tar: {exc}") from exc


def _content(archive: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    stream = archive.extractfile(info) if info.isreg() else None
    return stream.read() if stream else b""
