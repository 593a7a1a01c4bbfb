"""A daemon that the tests of a module share, with the app of the shipped example."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from tests.daemon import PASSWORD, USER, Daemon
from tests.signin.browser import Browser
from tests.signin.services import CLIENT, SECRET, StandIn, stand_in

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


@pytest.fixture(scope="module")
def google() -> Iterator[StandIn]:
    """A stand-in that [google], [oidc] and [github] of `linked_box` are set up with."""
    with stand_in() as service:
        yield service


@pytest.fixture(scope="module")
def open_box(google: StandIn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A box that lets people of other services in: some become users, of GitHub's everybody at example.org."""
    daemon = Daemon(None, tmp_path_factory.mktemp("signin-open"))
    known = {"client_id": CLIENT, "client_secret": SECRET}
    daemon.configure(
        {
            "server": {"public_url": daemon.url},
            "mobisync": {"access": "open"},
            "oidc": {
                **known,
                "title": "Our <b>own</b>",
                "issuer": google.url,
                "allow": "@example.org, 77, @sub.example.com",
                "create": True,
            },
            "github": {**known, "url": google.url, "api_url": google.url, "allow": "@example.org", "create": True},
            "google": {**known, "issuer": google.url},
            **APPS,
        }
    )
    with daemon:
        yield daemon


@pytest.fixture
def service(google: StandIn) -> StandIn:
    """The stand-in of `open_box`, well behaved again."""
    fresh = StandIn()
    google.person, google.twist, google.forge = fresh.person, fresh.twist, fresh.forge
    google.answers, google.asked, google.bodies = {}, [], []
    return google


@pytest.fixture
def guest(open_box: Daemon) -> Browser:
    """Nobody is signed in at the box that lets people of other services in."""
    return Browser(open_box.url)
