"""A daemon that every test of a module shares, one person in it, and as many devices of theirs as are asked for.

Tests that share it keep to folders of their own.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.daemon import PASSWORD, USER, Daemon, Sections
from tests.sync.api import Api
from tests.sync.hostile import TEXT, Stranger

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Laptop:
    """A device of the person, with the token of its own."""

    id: str
    name: str
    api: Api


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    sections: Sections = {"accounts": {"registration": "open"}, "media": {"workers": 1}}
    with Daemon(sections, tmp_path_factory.mktemp("sync")) as daemon:
        yield daemon


@pytest.fixture(scope="module")
def person(server: Daemon) -> Api:
    """The account the daemon was made with, logged in as on a web page: no device."""
    return logged_in(server)


def logged_in(server: Daemon, name: str = USER, password: str = PASSWORD) -> Api:
    api = Api("127.0.0.1", server.port)
    answer = api.login(name, password)
    assert answer.status == 200, (answer.status, answer.body[:300])
    return api.with_token(answer.json()["token"])


def new_laptop(person: Api, name: str = "") -> Laptop:
    """One more device of *person*."""
    name = name or f"laptop-{next(_numbers)}"
    answer = person.add_device(name)
    assert answer.status == 200, (answer.status, answer.body[:300])
    found = answer.json()
    return Laptop(found["device"]["id"], name, person.with_token(found["device_token"]))


@pytest.fixture
def laptop(person: Api) -> Callable[[], Laptop]:
    """Order a device: `laptop()`."""
    return lambda: new_laptop(person)


@pytest.fixture
def folder() -> str:
    """A folder in which no other test writes."""
    return f"folder-{next(_numbers)}"


@pytest.fixture(scope="module")
def stranger(server: Daemon, person: Api) -> Stranger:
    """A device of its own, with one small file and an empty one."""
    api = new_laptop(person).api
    assert api.put("abuse/text.txt", TEXT).status == 201
    assert api.put("abuse/empty", b"").status == 201
    return Stranger(server, api)


@pytest.fixture
def soak_s(request: pytest.FixtureRequest) -> float:
    """`--soak-seconds`: how long a crowd writes and reads at once."""
    value = request.config.getoption("--soak-seconds")
    assert isinstance(value, float)
    return value
