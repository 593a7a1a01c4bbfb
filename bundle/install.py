"""A tree put into place: the program whole or not at all, configuration never overwritten."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from bundle import BundleError

# What a data disk and a folder of accounts have in them.
_PRECIOUS = ("volume-id", "accounts.db")


def install(tree: Path, destdir: Path, prefix: str) -> None:
    """Copy *tree* into *destdir*. The program that is there is replaced as a whole; to repeat it is safe.

    A file below /etc that is there already stays; if the new one differs it is put beside it as NAME.new, and said so.
    A folder that is there keeps its mode and time. Raises BundleError when files of people lie in the old program.
    """
    program = Path(prefix.lstrip("/")) / "lib" / "syncd"
    spare(destdir / program)
    inside = [path for path in sorted(tree.rglob("*")) if path != tree / program and tree / program not in path.parents]
    fresh = [path for path in (tree, *filter(_is_folder, inside)) if not (destdir / path.relative_to(tree)).is_dir()]
    for folder in fresh:
        (destdir / folder.relative_to(tree)).mkdir(parents=folder == tree)
    _swap(tree / program, destdir / program)
    for source in inside:
        if not _is_folder(source):
            place = destdir / source.relative_to(tree)
            _put(source, _beside(source, place) if source.is_relative_to(tree / "etc") else place)
    for folder in reversed(fresh):
        shutil.copystat(folder, destdir / folder.relative_to(tree))


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _swap(new: Path, place: Path) -> None:
    """Put the folder *new* at *place*, from where what was there goes away."""
    coming, going = beside(place)
    remove(coming, going)  # of an installation that was cut short
    shutil.copytree(new, coming, symlinks=True)
    if os.path.lexists(place):
        os.rename(place, going)
    os.rename(coming, place)
    remove(going)


def beside(program: Path) -> tuple[Path, Path]:
    """Where the program is while it is copied, and where the old one is until it is removed."""
    return program.with_name(".syncd.coming"), program.with_name(".syncd.going")


def spare(program: Path) -> None:
    """Raise BundleError if people's files lie in *program*, which would be removed as a whole."""
    if program.is_symlink():
        return
    for name in _PRECIOUS:
        for found in program.rglob(name):
            raise BundleError(
                f"{found} says that files or accounts of people lie in the program's own folder. Stop syncd, move them "
                "elsewhere, name that place in the settings, and try again"
            )


def remove(*folders: Path) -> None:
    """Remove folders as they are there; of a link, only the link."""
    for folder in folders:
        if folder.is_symlink():
            folder.unlink()
        elif folder.exists():
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
