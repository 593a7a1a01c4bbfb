"""A daemon that the tests of a module share; each test has a user of its own, and as many laptops as it orders."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.client.laptop import Laptop
from tests.daemon import Daemon, Sections
from tests.sync.api import Api
from tests.sync.conftest import logged_in

MakeLaptop = Callable[..., Laptop]
SECTIONS: Sections = {"media": {"workers": 1}}
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with Daemon(SECTIONS, tmp_path_factory.mktemp("client")) as daemon:
        yield daemon


def new_user(server: Daemon) -> str:
    """The name of an account without files."""
    name = f"anna{next(_numbers)}"
    server.add_user(name)
    return name


@pytest.fixture
def user(server: Daemon) -> str:
    return new_user(server)


@pytest.fixture
def api(server: Daemon, user: str) -> Api:
    """The user on a web page: no device."""
    return logged_in(server, user)


@pytest.fixture
def laptop(server: Daemon, user: str, api: Api, tmp_path: Path) -> Iterator[MakeLaptop]:
    """Order a paired laptop: `laptop("one")`; *url* when the wire goes through something. All end with the test."""
    made: list[Laptop] = []

    def make(name: str, url: str | None = None) -> Laptop:
        made.append(Laptop(url or server.url, user, tmp_path, name).made_known(api))
        return made[-1]

    try:
        yield make
    finally:
        for one in made:
            one.kill()
