"""A daemon that the tests of a module share, with the app of the shipped example."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from tests.daemon import PASSWORD, USER, Daemon
from tests.signin.browser import Browser

APPS = {"app:obtainium": {"title": "Obtainium"}, "app:thunder": {"title": "Thunder for Lemmy", "button": "#ffffff"}}
_numbers = count(1)


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with Daemon(APPS, tmp_path_factory.mktemp("signin")) as daemon:
        yield daemon


@pytest.fixture
def browser(box: Daemon) -> Browser:
    """Nobody is signed in."""
    return Browser(box.url)


@pytest.fixture(scope="module")
def cookies(box: Daemon) -> dict[str, str]:
    """Those of one log-in for all tests of a module: a box lets nobody log in hundreds of times a minute."""
    browser = Browser(box.url)
    page = browser.sign_in(USER, PASSWORD)
    assert page.status == 200, page.text
    return browser.cookies


@pytest.fixture
def desi(box: Daemon, cookies: dict[str, str]) -> Browser:
    """The account that every box of the tests has, signed in. Tests must not sign it out."""
    browser = Browser(box.url)
    browser.cookies.update(cookies)
    return browser


@pytest.fixture
def person(box: Daemon) -> Callable[[], tuple[str, Browser]]:
    """Order a user of the test's own, signed in."""

    def made() -> tuple[str, Browser]:
        name = f"person{next(_numbers)}"
        box.add_user(name)
        browser = Browser(box.url)
        assert browser.sign_in(name, PASSWORD).status == 200
        return name, browser

    return made
