"""Who comes back from a service: the browser that began, once, and to link only who asked for it."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.daemon import PASSWORD, USER, Daemon
from tests.signin.arriving import came_back, is_signed_in, somebody, users
from tests.signin.browser import Browser, Page
from tests.signin.services import StandIn

pytestmark = pytest.mark.slow


def test_a_callback_without_the_browser_that_began_lets_nobody_in(service: StandIn, guest: Browser) -> None:
    """Log-in CSRF: the attacker's code in the victim's browser."""
    attacker = Browser(guest.base)
    page = attacker.get("/login/oidc", follow=False)
    callback = attacker.get(page.location, follow=False).location
    assert guest.get(callback, follow=False).location == "/?why=stale"
    guest.get("/login/oidc", follow=False)  # with a ticket of its own
    assert guest.get(callback, follow=False).location == "/?why=stale"
    assert not is_signed_in(guest)


def test_a_callback_counts_once(service: StandIn, guest: Browser) -> None:
    service.person = somebody("replayed")
    page = guest.get("/login/oidc", follow=False)
    ticket = dict(guest.cookies)
    callback = guest.get(page.location, follow=False).location
    assert guest.get(callback, follow=False).location == "/dashboard"
    thief = Browser(guest.base)
    thief.cookies.update(ticket)
    asked = len(service.asked)
    assert thief.get(callback, follow=False).location == "/?why=stale"
    assert len(service.asked) == asked and not is_signed_in(thief)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "code=x",
        "state=x",
        "state=x&code=x",
        "state=&code=",
        "error=access_denied",
        "error=%3Cscript%3E&error_description=your+account+is+hacked",
        "code=x&state=%0d%0aSet-Cookie:+a=b",
        "code=" + "x" * 9000,
        "state=%ff%fe&code=%ff",
        "next=//evil.example&redirect_uri=https://evil.example",
    ],
)
def test_an_answer_that_nobody_asked_for_leads_to_the_start(service: StandIn, guest: Browser, query: str) -> None:
    guest.get("/login/oidc", follow=False)
    page = guest.get(f"/callback/oidc?{query}", follow=False)
    assert (page.status, page.location) == (303, "/?why=stale")
    text = guest.get(page.location).text
    assert "Please try again" in text and "hacked" not in text
    assert not is_signed_in(guest)


def test_no_from_the_service_is_told_in_our_words(service: StandIn, guest: Browser) -> None:
    state = parse_qs(urlsplit(guest.get("/login/oidc", follow=False).location).query)["state"][0]
    page = guest.get(f"/callback/oidc?error=access_denied&error_description=hacked&state={state}", follow=False)
    assert page.location == "/?why=denied"
    page = guest.get(page.location)
    assert "did not let you in" in page.text and "hacked" not in page.text


@pytest.mark.parametrize("module", ["oidc", "github", "google"])
def test_an_answer_that_names_another_service_is_refused(service: StandIn, guest: Browser, module: str) -> None:
    page = guest.get(f"/login/{module}", follow=False)
    callback = guest.get(page.location, follow=False).location
    page = guest.get(f"{callback}&iss=https%3A%2F%2Fevil.example", follow=False)
    assert page.location == "/?why=stale" and not is_signed_in(guest)


def test_a_ticket_of_one_service_is_none_for_another(service: StandIn, guest: Browser) -> None:
    page = guest.get("/login/oidc", follow=False)
    callback = guest.get(page.location, follow=False).location
    page = guest.get(callback.replace("/callback/oidc", "/callback/google"), follow=False)
    assert page.location == "/?why=stale"


@pytest.mark.parametrize(
    "change",
    [
        lambda ticket: ticket[:-1] + "10"[ticket.endswith("1")],
        lambda ticket: ticket[1:],
        lambda ticket: "x" * 5000,
        lambda ticket: ".",
    ],
)
def test_a_ticket_that_was_changed_is_none(service: StandIn, guest: Browser, change: Callable[[str], str]) -> None:
    page = guest.get("/login/oidc", follow=False)
    callback = guest.get(page.location, follow=False).location
    guest.cookies["syncd-ticket"] = change(guest.cookies["syncd-ticket"])
    assert guest.get(callback, follow=False).location == "/?why=stale"


def test_a_log_in_that_was_planted_before_is_not_the_one_after(service: StandIn, guest: Browser) -> None:
    service.person = somebody("fixed")
    came_back(guest)
    planted = guest.cookies["syncd"]
    service.person = somebody("later")
    assert came_back(guest).location == "/dashboard"
    assert guest.cookies["syncd"] != planted
    guest.cookies["syncd"] = planted
    assert not is_signed_in(guest)


def linked(guest: Browser) -> Page:
    page = guest.get("/dashboard")
    page = guest.submit(page, page.form("/dashboard/account/link", module="google"))
    [link] = page.read.links
    page = guest.get(link.href, follow=False)
    return guest.get(page.location, follow=False)


def test_an_account_of_somebody_else_cannot_be_linked(open_box: Daemon, service: StandIn, guest: Browser) -> None:
    open_box.add_user("owner")
    service.person = somebody("shared")
    guest.sign_in("owner", PASSWORD)
    assert linked(guest).location == "/dashboard?done=linked"
    other = Browser(open_box.url)
    other.sign_in(USER, PASSWORD)
    page = linked(other)
    assert page.location == "/dashboard?why=taken"
    assert "linked to somebody else" in other.get(page.location).text


def test_who_signed_out_on_the_way_links_nothing(open_box: Daemon, service: StandIn, guest: Browser) -> None:
    service.person = somebody("late")
    open_box.add_user("leaver")
    guest.sign_in("leaver", PASSWORD)
    page = guest.get("/dashboard")
    page = guest.submit(page, page.form("/dashboard/account/link", module="google"))
    callback = guest.get(page.read.links[0].href, follow=False).location
    home = guest.get("/dashboard")
    guest.submit(home, home.form("/signout"))
    assert guest.get(callback, follow=False).location == "/dashboard?why=stale"
    guest.sign_in("leaver", PASSWORD)
    assert guest.get(callback, follow=False).location.endswith("why=stale")
    assert not users(open_box)["leaver"]["identities"]


def test_the_only_way_in_cannot_be_unlinked(service: StandIn, guest: Browser) -> None:
    service.person = somebody("lonely")
    came_back(guest)
    page = guest.get("/dashboard")
    page = guest.submit(page, page.form("/dashboard/account/unlink"))
    assert page.status == 409 and "only way" in page.text
