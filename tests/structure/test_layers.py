"""Imports run one way: the table here is the one in ARCHITECTURE.md, read off the source itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# From the top down. Each may import those in the rows below it, and itself; neighbours in a row don't know each other.
LAYERS = (
    ("__main__",),
    ("cli",),
    ("daemon", "client"),
    ("app",),
    ("dialects",),
    ("web",),
    ("workers",),
    ("core",),
    ("db", "disk", "media"),
    ("model", "errors", "config", "clock", "capacity", "sections", "modules", "options", "ini", "lean", "systemd"),
)
GROUND = LAYERS[-1]  # these may know each other
CLIENT_MAY = {"model", "errors", "clock"}  # the folder client runs on other machines, without the server

OUTSIDE = {
    "aiohttp": {"daemon", "app", "dialects", "web", "client"},
    "aiosqlite": {"db"},
    "PIL": {"media"},
    "xml": {"web"},
}


def imports(source: str, package: str) -> Iterator[str]:
    """The full name of everything *source* imports, anywhere in it; *package* is where it lies."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def wrong(source: str, package: str, layer: str) -> list[str]:
    """The imports of *source*, a module of *layer*, that may not be."""
    return [name for name in imports(source, package) if not allowed(name, layer)]


def allowed(name: str, layer: str) -> bool:
    top, *rest = name.split(".")
    if top != "syncd":
        return layer in OUTSIDE.get(top, {layer})
    if not rest or rest[0] in (layer, "__version__"):
        return True
    if layer == "client":
        return rest[0] in CLIENT_MAY
    return row(rest[0]) > row(layer) or (rest[0] in GROUND and layer in GROUND)


def row(layer: str) -> int:
    """How far down *layer* lies; a module that is in no row fails here."""
    return next(index for index, names in enumerate(LAYERS) if layer in names)


def modules() -> Iterator[tuple[Path, str, str]]:
    """Each module with its package and its layer."""
    for path in sorted((ROOT / "syncd").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts != ("syncd", "__init__"):
            yield path, ".".join(parts[:-1]), parts[1]


@pytest.mark.parametrize("path, package, layer", list(modules()), ids=lambda value: str(value).removeprefix(f"{ROOT}/"))
def test_imports_run_downwards(path: Path, package: str, layer: str) -> None:
    assert wrong(path.read_text(), package, layer) == []


@pytest.mark.parametrize(
    ("source", "layer"),
    [
        ("import syncd.web.keys", "core"),
        ("from syncd import web", "core"),
        ("from syncd.disk import root", "db"),
        ("from ..disk import root", "db"),
        ("def f():\n    from syncd.dialects.sync import g", "web"),
        ("from syncd.db import entries", "config"),
        ("from syncd.core.feed import Feed", "client"),
        ("import aiohttp", "core"),
        ("from aiohttp import web", "workers"),
        ("import aiosqlite", "core"),
        ("from PIL import Image", "workers"),
        ("import xml.etree.ElementTree", "dialects"),
    ],
)
def test_an_import_upwards_or_sideways_is_seen(source: str, layer: str) -> None:
    assert wrong(source, f"syncd.{layer}", layer)


@pytest.mark.parametrize(
    ("source", "layer"),
    [
        ("from syncd.model import Entry", "db"),
        ("from syncd.db import entries", "core"),
        ("from .feed import Feed", "core"),
        ("from syncd import __version__", "web"),
        ("from syncd.client.folder import Folder", "cli"),
        ("from syncd.errors import SyncError", "model"),
        ("import json", "db"),
    ],
)
def test_an_import_downwards_is_free(source: str, layer: str) -> None:
    assert not wrong(source, f"syncd.{layer}", layer)
