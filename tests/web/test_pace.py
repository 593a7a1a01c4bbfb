"""A client that drips bytes is as good as silent."""

from __future__ import annotations

import pytest

from syncd.web import bodies
from syncd.web.bodies import Pace, Stalled


def test_a_window_that_brought_little_ends_the_upload(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("syncd.web.bodies.time.monotonic", lambda: now[0])
    pace = Pace()
    for _ in range(70):  # a slow but honest phone
        now[0] += 1
        pace.took(2000)
    now[0] += bodies.WINDOW_S
    with pytest.raises(Stalled):
        pace.took(1)
