"""Fixtures of the core's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.core.household import Household, opened


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Household]:
    """An open core with the user anna."""
    async with opened(tmp_path) as made:
        yield made
