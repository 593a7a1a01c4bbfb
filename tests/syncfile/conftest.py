"""A daemon as installed but for registration, and people at its door, each with an account of their own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest

from tests.daemon import Daemon, Sections
from tests.syncfile.client import Client

_numbers = itertools.count(1)

Newcomer = Callable[..., Client]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    sections: Sections = {"accounts": {"registration": "open"}, "media": {"workers": 1}}
    with Daemon(sections, tmp_path_factory.mktemp("syncfile")) as daemon:
        yield daemon


def joined(server: Daemon, name: str, source: str) -> Client:
    """Somebody who has registered and logged in."""
    stranger = Client(server.port, source=source)
    assert stranger.register(name)["error_code"] == 1000
    return Client(server.port, stranger.log_in(name)["authid"], name, source)


@pytest.fixture
def name() -> str:
    """A name nobody has; none is the beginning of another."""
    return f"sf{next(_numbers)}x"


@pytest.fixture
def stranger(server: Daemon) -> Client:
    """Somebody from an address of their own, without an account."""
    return Client(server.port, source=_source())


@pytest.fixture
def person(server: Daemon, name: str) -> Client:
    """Somebody with an account, logged in."""
    return joined(server, name, _source())


def _source() -> str:
    """A loopback address that nobody came from: tests are not to use up each other's log-in attempts."""
    return f"127.0.1.{next(_numbers) % 250 + 1}"
