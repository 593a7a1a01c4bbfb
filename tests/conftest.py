"""Daemons for tests: one to order, and shared ones for tests that keep to their own user."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from tests.daemon import Daemon, Sections

MakeDaemon = Callable[..., Daemon]


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[MakeDaemon]:
    """Order a running daemon: `daemon({"mobisync": {"access": "open"}})`. All end with the test."""
    made: list[Daemon] = []

    def make(sections: Sections | None = None) -> Daemon:
        made.append(Daemon(sections, tmp_path / f"daemon{len(made)}"))
        return made[-1].start()

    try:
        yield make
    finally:
        _close(made)


def _close(daemons: list[Daemon]) -> None:
    """Close all of *daemons* even when one fails to stop; then tell."""
    failed: list[AssertionError] = []
    for one in daemons:
        try:
            one.close()
        except AssertionError as exc:
            failed.append(exc)
    if failed:
        raise failed[0]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, None]:
    """A failed test shows what the daemons it could reach have written."""
    outcome: pytest.TestReport = (yield).get_result()
    if outcome.failed:
        for one in list(Daemon.alive):
            outcome.sections.append((f"daemon on port {one.port}", one.log_tail()))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rounds", type=int, default=20, help="how often the daemon is killed (make crash: 200)")
    parser.addoption("--examples", type=int, default=150, help="stories of devices that are tried (make soak: 10000)")
    parser.addoption("--sync-rounds", type=int, default=3, help="rounds of three folders in step (make soak: 50)")
    parser.addoption("--log-ins", type=int, default=60, help="log-ins that must leave nothing behind (make soak: 1000)")
    parser.addoption("--big-mib", type=int, default=512, help="size of the one big file (make soak: 2048)")
    parser.addoption("--soak-seconds", type=float, default=6.0, help="how long a crowd writes and reads at once")
