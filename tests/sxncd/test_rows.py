"""Every conformance case of the protocol page has a test that names it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROWS = {"1", "1b", *map(str, range(2, 33))}
TESTS = Path(__file__).parents[1]


def named_rows(source: str) -> set[str]:
    """The numbers in docstrings that begin with "Row", up to a colon."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            words = ast.get_docstring(node) or ""
            if re.match(r"Rows? \d", words):
                found.update(re.findall(r"\d+b?", words.partition(":")[0]))
    return found


def test_every_row_is_covered() -> None:
    # Those about the pages that people sign in on are with the tests of these pages.
    tests = [path for door in ("sxncd", "signin") for path in (TESTS / door).glob("test_*.py")]
    assert set().union(*(named_rows(path.read_text("utf-8")) for path in tests)) == ROWS
