"""Every conformance case of the protocol page has a test that names it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROWS = set(range(1, 72))


def named_rows(source: str) -> set[int]:
    """The numbers in docstrings that begin with "Row"."""
    found: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            words = ast.get_docstring(node) or ""
            if re.match(r"Rows? \d", words):
                found.update(int(number) for number in re.findall(r"\d+", words))
    return found


def test_every_row_is_covered() -> None:
    covered = [named_rows(path.read_text("utf-8")) for path in Path(__file__).parent.glob("test_*.py")]
    assert set().union(*covered) == ROWS
