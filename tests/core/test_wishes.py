"""Wishes are named by text: every name is right, and none is missing."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

from syncd.core.admin import WISHES, kind_of
from syncd.core.admin.wish import Wish


@pytest.mark.parametrize("module", WISHES)
def test_every_wish_of_a_module_is_named(module: str) -> None:
    here = f"syncd.core.admin.{module}"
    kinds = [kind for kind in vars(import_module(here)).values() if isinstance(kind, type) and issubclass(kind, Wish)]
    assert {kind.__name__ for kind in kinds if kind.__module__ == here} == set(WISHES[module])


def test_a_wish_is_found_by_its_name() -> None:
    assert kind_of("AddUser").__name__ == "AddUser"
    with pytest.raises(KeyError):
        kind_of("Wish")


def test_no_wish_is_loaded_before_somebody_has_one() -> None:
    script = "import sys, syncd.daemon; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], text=True, capture_output=True, check=True)
    assert not {f"syncd.core.admin.{module}" for module in WISHES} & set(done.stdout.split())
