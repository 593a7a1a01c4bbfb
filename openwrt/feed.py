"""OpenWrt cuts Python into packages: which module is in which, and which of them syncd asks for."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

DEPENDS = Path(__file__).with_name("depends.txt")
IPK_RELEASES = ("23.05", "24.10")  # later ones take .apk packages, which their own SDK makes

# From the feed's lang/python/python3. What is in none of these is in python3-light.
_PARTS = {
    "python3-asyncio": "asyncio",
    "python3-cgi": "cgi",
    "python3-cgitb": "cgitb",
    "python3-codecs": "unicodedata _codecs_cn _codecs_hk _codecs_iso2022 _codecs_jp _codecs_kr _codecs_tw",
    "python3-ctypes": "ctypes _ctypes",
    "python3-dbm": "dbm _dbm _gdbm",
    "python3-decimal": "decimal _decimal",
    "python3-distutils": "distutils",
    "python3-email": "email",
    "python3-lib2to3": "lib2to3",
    "python3-logging": "logging",
    "python3-lzma": "lzma _lzma",
    "python3-multiprocessing": "multiprocessing _multiprocessing _posixshmem",
    "python3-ncurses": "curses _curses _curses_panel",
    "python3-openssl": "ssl _ssl _hashlib",  # ssl.py itself is in python3-light, and of no use without the rest
    "python3-pydoc": "doctest pydoc pydoc_data",
    "python3-readline": "readline",
    "python3-sqlite3": "sqlite3 _sqlite3",
    "python3-unittest": "unittest",
    "python3-urllib": "urllib",
    "python3-uuid": "uuid _uuid",
    "python3-venv": "venv",
    "python3-xml": "xml xmlrpc pyexpat _elementtree",
    "in no package": "ensurepip idlelib tkinter turtle turtledemo test webbrowser",
}
_PACKAGES = {module: package for package, modules in _PARTS.items() for module in modules.split()}
LIGHT = "python3-light"


def package_of(module: str) -> str:
    """The package that holds the standard library's *module* (a.b.c counts as a)."""
    return _PACKAGES.get(module.partition(".")[0], LIGHT)


def parse(text: str) -> dict[str, frozenset[str]]:
    """What depends.txt says: package → releases."""
    lines = (line.split() for line in text.splitlines() if line and not line.startswith("#"))
    return {name: frozenset(releases) for name, *releases in lines}


def depends(release: str) -> tuple[str, ...]:
    """The packages needed on *release*, in alphabetical order."""
    return tuple(sorted(name for name, releases in parse(DEPENDS.read_text()).items() if release in releases))


def ipk_depends() -> tuple[str, ...]:
    """The packages an .ipk asks for: the same on every release that takes one."""
    [same] = {depends(release) for release in IPK_RELEASES}
    return same


def imports(source: str) -> Iterator[str]:
    """The modules that *source* imports anywhere, also late and in case of need; relative ones are left out."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module


def imported(sources: Iterable[Path]) -> set[str]:
    """The modules at the top that *sources* import."""
    return {name.partition(".")[0] for source in sources for name in imports(source.read_text(encoding="utf-8"))}


def missing(modules: Iterable[str], packages: Iterable[str]) -> dict[str, str]:
    """Which of the standard library's *modules* none of *packages* holds: module → package that does."""
    have = set(packages)
    return {name: package_of(name) for name in sorted(modules) if package_of(name) not in have}
