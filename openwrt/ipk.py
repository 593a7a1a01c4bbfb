"""The format of an .ipk, as OpenWrt's ipkg-build makes it: a gzip'd tar of debian-binary, data.tar.gz, control.tar.gz.

The same content gives the same bytes: members in order of their names, one time, owner 0:0, gzip without a name.
"""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

MEMBERS = ("./debian-binary", "./data.tar.gz", "./control.tar.gz")

# OpenWrt's own lines. `default_postinst` makes the user, runs uci-defaults, enables and starts the service.
_SCRIPT = """\
#!/bin/sh
[ "${IPKG_NO_SCRIPT}" = "1" ] && exit 0
[ -s "${IPKG_INSTROOT}/lib/functions.sh" ] || exit 0
. "${IPKG_INSTROOT}/lib/functions.sh"
"""
SCRIPTS = {
    "postinst": _SCRIPT + "default_postinst $0 $@\n",
    "prerm": _SCRIPT + "default_prerm $0 $@\n",
}

NO_SCRIPTS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Control:
    """What a package says about itself; field names are OpenWrt's."""

    package: str
    version: str
    depends: tuple[str, ...]
    license: str
    section: str
    maintainer: str
    architecture: str
    description: str
    user: str = ""  # Require-User: name=uid:group=gid

    def text(self, installed_size: int, epoch: int) -> str:
        """The control file: fields in the order OpenWrt writes them. *installed_size* in bytes."""
        fields = {
            "Package": self.package,
            "Version": self.version,
            "Depends": ", ".join(self.depends),
            "Source": f"feeds/packages/net/{self.package}",
            "SourceName": self.package,
            "License": self.license,
            "Section": self.section,
            "Require-User": self.user,
            "SourceDateEpoch": str(epoch),
            "Maintainer": self.maintainer,
            "Architecture": self.architecture,
            "Installed-Size": str(installed_size),
            "Description": self.description.replace("\n", "\n "),
        }
        return "".join(f"{key}: {value}\n" for key, value in fields.items() if value)


@dataclass(frozen=True, slots=True)
class Payload:
    """What a package installs: data.tar.gz, the bytes of its files, and which of them are the owner's to change."""

    data: bytes
    installed: int
    conffiles: tuple[str, ...]


def payload(tree: Path, epoch: int) -> Payload:
    """The files in *tree*; what lies below /etc/config becomes conffiles."""
    files = [path for path in sorted(tree.rglob("*")) if path.is_file() and not path.is_symlink()]
    conffiles = tuple(f"/{path.relative_to(tree)}" for path in files if path.parent == tree / "etc/config")
    return Payload(_data(tree, epoch), sum(path.stat().st_size for path in files), conffiles)


def write(
    target: Path, content: Payload, control: Control, epoch: int, scripts: Mapping[str, str] = NO_SCRIPTS
) -> None:
    """Make the package *target* of *content*; *scripts* are added to the stock ones."""
    files = {"control": control.text(content.installed, epoch), **SCRIPTS, **scripts}
    if content.conffiles:
        files["conffiles"] = "".join(f"{path}\n" for path in content.conffiles)
    outer = {
        "./debian-binary": b"2.0\n",
        "./data.tar.gz": content.data,
        "./control.tar.gz": _control(files, epoch),
    }
    members = [(_member(name, epoch, size=len(data)), data) for name, data in outer.items()]
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(packed(members))


def packed(members: Iterable[tuple[tarfile.TarInfo, bytes]], level: int = 9) -> bytes:
    """A gzip'd tar of *members*, in that order."""
    out = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=out, mode="wb", filename="", compresslevel=level, mtime=0) as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT) as archive,
    ):
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def _data(tree: Path, epoch: int) -> bytes:
    members = [(_member("./", epoch, 0o755, tarfile.DIRTYPE), b"")]
    for path in sorted(tree.rglob("*")):
        name = f"./{path.relative_to(tree)}"
        if path.is_symlink():
            info, data = _member(name, epoch, 0o777, tarfile.SYMTYPE), b""
            info.linkname = str(path.readlink())
        elif path.is_dir():
            info, data = _member(f"{name}/", epoch, path.stat().st_mode & 0o7777, tarfile.DIRTYPE), b""
        else:
            data = path.read_bytes()
            info = _member(name, epoch, path.stat().st_mode & 0o7777, size=len(data))
        members.append((info, data))
    return packed(members)


def _control(files: Mapping[str, str], epoch: int) -> bytes:
    members = [(_member("./", epoch, 0o755, tarfile.DIRTYPE), b"")]
    for name, text in sorted(files.items()):
        mode = 0o644 if name in ("control", "conffiles") else 0o755
        members.append((_member(f"./{name}", epoch, mode, size=len(text.encode())), text.encode()))
    return packed(members)


def _member(name: str, epoch: int, mode: int = 0o644, kind: bytes = tarfile.REGTYPE, size: int = 0) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.mode, info.mtime, info.type, info.size = mode, epoch, kind, size
    return info
