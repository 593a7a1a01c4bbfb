"""A prepared disk without a daemon, and one with: every verb has to work on both."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon import Daemon


@pytest.fixture(params=["in process", "daemon"])
def box(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Daemon]:
    """A box with the user desi; the daemon runs in half of the tests."""
    made = Daemon(root=tmp_path)
    made.init()
    if request.param == "daemon":
        made.start()
    try:
        yield made
    finally:
        made.close()


def refused(box: Daemon, *args: str, input: str | None = None, code: int = 1) -> str:
    """What a command that must fail says: one line, no traceback."""
    done: subprocess.CompletedProcess[str] = box.cli(*args, input=input)
    assert done.returncode == code, (args, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    if code == 1:
        assert len(done.stderr.splitlines()) == 1, done.stderr
    return done.stderr
