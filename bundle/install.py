"""A tree put into place: the program whole or not at all, configuration never overwritten."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def install(tree: Path, destdir: Path, prefix: str) -> None:
    """Copy *tree* into *destdir*. The program that is there is replaced as a whole; to repeat it is safe.

    A file below /etc that is there already stays; if the new one differs it is put beside it as NAME.new, and said so.
    """
    program = Path(prefix.lstrip("/")) / "lib" / "syncd"
    _folders(tree, destdir, program.parent)
    _swap(tree / program, destdir / program)
    for source in sorted(tree.rglob("*")):
        place = source.relative_to(tree)
        if place == program or program in place.parents or (source.is_dir() and not source.is_symlink()):
            continue
        _folders(tree, destdir, place.parent)
        _put(source, _beside(source, destdir / place) if place.parts[0] == "etc" else destdir / place)
    _times(tree, destdir)


def _folders(tree: Path, destdir: Path, place: Path) -> None:
    """Make the folder *place* and those above it, as *tree* has them; one that is there keeps its mode."""
    for folder in (*reversed(place.parents), place):
        if not (destdir / folder).is_dir():
            (destdir / folder).mkdir(parents=folder == Path("."))
            shutil.copymode(tree / folder, destdir / folder)


def _swap(new: Path, place: Path) -> None:
    """Put the folder *new* at *place*, from where what was there goes away."""
    coming, going = place.with_name(".syncd.coming"), place.with_name(".syncd.going")
    _remove(coming, going)  # of an installation that was cut short
    shutil.copytree(new, coming, symlinks=True)
    if place.exists():
        os.rename(place, going)
    os.rename(coming, place)
    _remove(going)


def _remove(*folders: Path) -> None:
    for folder in folders:
        if folder.exists():
            shutil.rmtree(folder)


def _beside(source: Path, place: Path) -> Path:
    """Where a file of the configuration goes."""
    if not os.path.lexists(place) or _content(place) == _content(source):
        return place
    print(f"{place} is kept as it is; what comes with this version is {place.name}.new beside it")
    return place.with_name(place.name + ".new")


def _content(path: Path) -> bytes:
    return os.fsencode(os.readlink(path)) if path.is_symlink() else path.read_bytes()


def _put(source: Path, place: Path) -> None:
    """Copy with mode and time; whoever reads *place* sees the old file or the new one."""
    coming = place.with_name(f".{place.name}.coming")
    coming.unlink(missing_ok=True)
    shutil.copy2(source, coming, follow_symlinks=False)
    os.replace(coming, place)


def _times(tree: Path, destdir: Path) -> None:
    """Filling a folder changed its time; in a fresh *destdir* all are put back. Those of a system stay."""
    if destdir != Path("/"):
        for folder in (tree, *(path for path in tree.rglob("*") if path.is_dir() and not path.is_symlink())):
            shutil.copystat(folder, destdir / folder.relative_to(tree))
