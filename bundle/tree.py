"""A complete tree of files for one target: what a package holds, and what an installation copies."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from bundle import ROOT, BundleError, bytecode, libraries, lock, wheels
from bundle.files import DROP_IN, FILES, LAUNCHER, RENDERED_SETTINGS, SETTINGS, System, placed
from bundle.targets import Target

_RELEASES = {"3.11": "23.05 and 24.10", "3.13": "25.12"}  # of OpenWrt, by the Python they have
_SYSTEM = ("/", "/home", "/opt", "/root", "/tmp", "/usr", "/var")  # may be disks, but nobody unplugs them
_HOMES = ("/home/", "/root/", "/run/user/")  # what ProtectHome=yes of the unit hides
_PYTHON_PACKAGE: dict[System, str] = {"systemd": "python3", "openwrt": "python3-light"}


# What syncd is made of; setup.cfg has them, too.
_KINDS = frozenset((".py", ".sql", ".json", ".css", ".js", ".svg"))


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted. *python* is the minor version it will run under, *interpreter* the path of that Python there;
    *storage* the folder on the data disk, None for the default."""

    system: System
    target: Target
    python: str
    prefix: str = "/usr"
    interpreter: str = "/usr/bin/python3"
    storage: str | None = None
    wheels: Path = wheels.CACHE


def fill(root: Path, order: Order, host_machine: str, epoch: int) -> None:
    """Fill the empty folder *root*; every file and folder gets the time *epoch*, in seconds.

    Raises BundleError and OSError.
    """
    program = root / order.prefix.lstrip("/") / "lib" / "syncd"
    _program(program, order, host_machine)
    _write(root, placed(LAUNCHER, order.prefix), launcher(order).encode(), 0o755)
    for file in FILES[order.system]:
        data = (ROOT / file.source).read_bytes()
        if not file.is_configuration and order.prefix != "/usr":
            data = data.replace(LAUNCHER.encode(), placed(LAUNCHER, order.prefix).encode())
        _write(root, placed(file.place, order.prefix), data, file.mode)
    if order.system == "openwrt":
        link = root / SETTINGS.lstrip("/")
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(RENDERED_SETTINGS)
    elif order.storage is not None:
        _storage(root, order.storage)
    normalise(root, epoch)


def _program(folder: Path, order: Order, host_machine: str) -> None:
    """The libraries, syncd itself, and what Python runs first."""
    python = order.target.wheels_for(order.python)
    fetched = wheels.fetch(order.target, python, lock.pins(order.target, python), order.wheels)
    libraries.unpack(fetched, folder, order.target)
    libraries.strip(folder, order.target.machine, host_machine)
    libraries.verify(folder, order.target)
    shutil.copytree(ROOT / "syncd", folder / "syncd", ignore=_foreign)
    if order.system == "openwrt":
        bytecode.replace_sources(folder, f"{order.prefix}/lib/syncd", order.python)
    (folder / "LICENSES").write_text(libraries.licences(fetched), encoding="utf-8")
    main = (ROOT / "bundle" / "main.py").read_text()
    (folder / "__main__.py").write_text(
        main.replace("@PYTHON@", order.python).replace("@HINT@", _hint(order)), encoding="utf-8"
    )


def _hint(order: Order) -> str:
    """What to do when another Python runs it."""
    if order.system == "systemd":
        return "install the package made for this release of your system, or run make install again"
    releases = _RELEASES.get(order.python, "a newer release")
    return f"this package is for OpenWrt {releases}; on another release take the package made for that"


def is_own(path: Path) -> bool:
    """Is the file *path* below syncd/ a part of it? What editors and merges leave there is not."""
    return path.suffix in _KINDS and not any(part == "__pycache__" or part.startswith(".") for part in path.parts)


def _foreign(folder: str, names: list[str]) -> set[str]:
    """Of the *names* in *folder*, those that are no part of syncd."""
    hidden = {name for name in names if name == "__pycache__" or name.startswith(".")}
    return hidden | {name for name in names if not ((Path(folder) / name).is_dir() or is_own(Path(name)))}


def launcher(order: Order) -> str:
    """The text of the command `syncd`."""
    text = (ROOT / "bundle" / "launcher.sh").read_text()
    for mark, value in {
        "@INTERPRETER@": order.interpreter,
        "@PREFIX@": order.prefix,
        "@PACKAGE@": _PYTHON_PACKAGE[order.system],
        "@SETTINGS@": (ROOT / "openwrt/files/launcher.sh").read_text() if order.system == "openwrt" else "",
    }.items():
        text = text.replace(mark, value)
    return text


def _storage(root: Path, storage: str) -> None:
    """Name the folder of the data disk in the settings, and let the service write there."""
    settings = root / SETTINGS.lstrip("/")
    text = settings.read_text()
    default = "#path = /srv/syncd\n"
    if text.count(default) != 1:
        raise BundleError("etc/syncd.conf no longer has its line for [storage] path")
    settings.write_text(text.replace(default, f"path = {storage}\n"))
    _write(root, DROP_IN, drop_in(storage, mount_point(storage)).encode(), 0o644)


def mount_point(storage: str) -> str:
    """Where the disk of *storage* is mounted now, or *storage* itself if that is on the system's own."""
    for folder in (Path(storage), *Path(storage).parents):
        if str(folder) not in _SYSTEM and folder.is_mount():
            return str(folder)
    return storage


def drop_in(storage: str, writable: str) -> str:
    """Lets the service write below *writable*.

    Not a folder of a disk but the disk as a whole: systemd lays a mount over a folder, and then `umount` of the disk
    succeeds and says nothing, while the service still holds it and writes to it.
    """
    quoted = writable.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    lines = [
        "# Made by make install STORAGE=...: the service may write there. It waits for it by itself and says so to",
        "# those who ask meanwhile; RequiresMountsFor= would stop it whenever the disk is unplugged.",
        "[Service]",
        f'ReadWritePaths="-{quoted}"',
    ]
    if f"{storage}/".startswith(_HOMES):
        lines.append("ProtectHome=no")
    return "\n".join(lines) + "\n"


def _write(root: Path, place: str, data: bytes, mode: int) -> None:
    path = root / place.lstrip("/")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.chmod(mode)


def normalise(root: Path, epoch: int) -> None:
    """The same modes and times whoever made it, and when: an executable file stays one."""
    for path in sorted(root.rglob("*"), reverse=True):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        os.utime(path, (epoch, epoch), follow_symlinks=False)
    root.chmod(0o755)
    os.utime(root, (epoch, epoch))
