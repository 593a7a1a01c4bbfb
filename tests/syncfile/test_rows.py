"""Every conformance case of the protocol page has a test that names it."""

from __future__ import annotations

from pathlib import Path

from tests.mobisync.test_rows import named_rows

ROWS = set(range(1, 50))


def test_every_row_is_covered() -> None:
    covered = [named_rows(path.read_text("utf-8")) for path in Path(__file__).parent.glob("test_*.py")]
    assert set().union(*covered) == ROWS
