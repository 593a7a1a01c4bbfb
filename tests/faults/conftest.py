"""Option of the fault tests: how many rounds the long ones take."""

from __future__ import annotations

import pytest


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> int:
    """`--rounds`: 20 in `make test`, 200 in `make crash`."""
    value = request.config.getoption("--rounds")
    assert isinstance(value, int)
    return value
