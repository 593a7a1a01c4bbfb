"""A daemon with two apps that the tests of a module share, and a new user for each who asks."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest

from syncd.core.admin.people import AddUser
from tests.daemon import Daemon, Sections
from tests.sxncd.app import App, key_of

APPS: Sections = {
    "app:obtainium": {"title": "Obtainium"},
    "app:obtainium2": {},
    "media": {"workers": 1},
}

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with Daemon(APPS, tmp_path_factory.mktemp("sxncd")) as daemon:
        yield daemon


def new_user(server: Daemon) -> str:
    name = f"user{next(_numbers)}"
    server.wish(AddUser(name, None))
    return name


@pytest.fixture
def app(server: Daemon) -> App:
    """An app of a user of its own: nothing is stored, no device is known."""
    return App(server.port, key_of(server, new_user(server)))


@pytest.fixture(scope="module")
def shared(server: Daemon) -> App:
    """An app with something stored, for tests that change nothing."""
    made = App(server.port, key_of(server, new_user(server)))
    made.told("2025-01-01T00:00:00.000Z", "stored")
    return made


@pytest.fixture
def new_app(server: Daemon) -> Callable[[], App]:
    """Order the app of another user."""
    return lambda: App(server.port, key_of(server, new_user(server)))
