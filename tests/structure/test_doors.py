"""Handlers are named by text, so that a door is loaded only when somebody comes through it: every name is right."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

DOORS = Path(__file__).parents[2] / "syncd" / "dialects"


def named() -> Iterator[tuple[str, str]]:
    for package in sorted(DOORS.glob("*/__init__.py")):
        for name in re.findall(r'\bon\("([^"]*)"\)', package.read_text()):
            yield package.parent.name, name


@pytest.mark.parametrize(("door", "name"), sorted(named()))
def test_names_a_handler(door: str, name: str) -> None:
    module, _, function = name.rpartition(".")
    found = getattr(import_module(f"syncd.dialects.{door}.{module}"), function)
    assert inspect.iscoroutinefunction(found)
    assert len(inspect.signature(found).parameters) == 1


def test_nothing_of_a_door_is_loaded_before_somebody_comes() -> None:
    listed = subprocess.run(
        [sys.executable, "-c", "import sys, syncd.app; print(*sys.modules)"], text=True, capture_output=True, check=True
    ).stdout.split()
    modules = {f"syncd.dialects.{door}.{name.partition('.')[0]}" for door, name in named()}
    assert modules and not modules & set(listed)
