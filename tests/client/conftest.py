"""A daemon that the tests of a module share; each test has a user of its own, and as many laptops as it orders."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.client.laptop import Laptop
from tests.daemon import PASSWORD, Daemon
from tests.sync.api import Api

MakeLaptop = Callable[..., Laptop]
SECTIONS = {"accounts": {"registration": "open"}, "media": {"workers": 1}}
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with Daemon(SECTIONS, tmp_path_factory.mktemp("client")) as daemon:
        yield daemon


def new_user(server: Daemon) -> str:
    """The name of an account without files."""
    name = f"anna{next(_numbers)}"
    answer = Api("127.0.0.1", server.port).register(name, PASSWORD)
    assert answer.status == 201, (answer.status, answer.body[:300])
    return name


@pytest.fixture
def user(server: Daemon) -> str:
    return new_user(server)


@pytest.fixture
def api(server: Daemon, user: str) -> Api:
    """The user on a web page: no device."""
    nobody = Api("127.0.0.1", server.port)
    return nobody.with_token(nobody.login(user, PASSWORD).json()["token"])


@pytest.fixture
def laptop(server: Daemon, user: str, tmp_path: Path) -> Iterator[MakeLaptop]:
    """Order a paired laptop: `laptop("one")`; *url* when the wire goes through something. All end with the test."""
    made: list[Laptop] = []

    def make(name: str, url: str | None = None) -> Laptop:
        made.append(Laptop(url or server.url, user, tmp_path, name).pair())
        return made[-1]

    try:
        yield make
    finally:
        for one in made:
            one.kill()
