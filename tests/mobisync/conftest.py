"""The daemons the phone's door is judged on, and phones to judge with.

Each test has a nickname of its own, so that tests share a daemon without meeting each other.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from tests.daemon import Daemon
from tests.phone import Phone

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def open_daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A closed home network: nicknames make accounts, and everybody may register."""
    sections = {"mobisync": {"access": "open"}, "accounts": {"registration": "open"}}
    with Daemon(sections, tmp_path_factory.mktemp("open")) as daemon:
        yield daemon


@pytest.fixture(scope="session")
def token_daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """As installed: nothing set. It has one account, `desi`."""
    with Daemon({}, tmp_path_factory.mktemp("token")) as daemon:
        yield daemon


@pytest.fixture(scope="session")
def known_daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """Known names only (`desi` with a password, `nora` without), and every other setting off its default."""
    mobisync = {
        "access": "known",
        "delete_all": "off",
        "other_files": "keep",
        "documents_to_trash": True,
    }
    with Daemon({"mobisync": mobisync, "uploads": {"max_gb": 1}}, tmp_path_factory.mktemp("known")) as daemon:
        daemon.add_user("nora", None)
        yield daemon


@pytest.fixture
def nickname() -> str:
    """A name nobody has; none is the beginning of another."""
    return f"nick{next(_numbers)}x"


@pytest.fixture
def phone(open_daemon: Daemon, nickname: str) -> Phone:
    """A first-generation phone of a person nobody has seen before."""
    return Phone(open_daemon.url, nickname, "phone-1", generation=1)


@pytest.fixture
def nora(known_daemon: Daemon, nickname: str) -> Phone:
    """A phone of the passwordless account, with a device of its own."""
    return Phone(known_daemon.url, "nora", f"of-{nickname}", generation=1)
