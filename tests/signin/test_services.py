"""Signing in through other services, GitHub and Google among them: who may enter, and as whom."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.daemon import USER, Daemon
from tests.phone import Phone
from tests.signin.arriving import came_back, is_signed_in, new_ids, somebody, users
from tests.signin.browser import Browser
from tests.signin.services import CLIENT, SECRET, Person, StandIn

pytestmark = pytest.mark.slow


def test_there_is_a_button_for_each(guest: Browser) -> None:
    page = guest.get("/")
    assert [(one.text, one.href) for one in page.read.links] == [
        ("Our <b>own</b>", "/login/oidc"),
        ("GitHub", "/login/github"),
        ("Google", "/login/google"),
    ]
    assert "<b>" not in page.html


def test_what_is_asked_of_a_service(open_box: Daemon, service: StandIn, guest: Browser) -> None:
    for module, scope in (
        ("oidc", "openid profile email"),
        ("github", "user:email"),
        ("google", "openid profile email"),
    ):
        place = guest.get(f"/login/{module}", follow=False).location
        query = {name: values[0] for name, values in parse_qs(urlsplit(place).query).items()}
        assert query["redirect_uri"] == f"{open_box.url}/callback/{module}"
        assert query["code_challenge_method"] == "S256" and len(query["code_challenge"]) == 43
        assert (query["client_id"], query["scope"]) == (CLIENT, scope)
        assert len(query["state"]) == 43 and (module == "github" or len(query["nonce"]) == 43)
        assert SECRET not in place


def test_a_module_that_is_not_there_is_not_found(guest: Browser) -> None:
    for path in ("/login/nobody", "/callback/nobody", "/login/..%2foidc", "/login/%00"):
        assert guest.get(path, follow=False).status == 404


def test_github_knows_people_by_their_number(open_box: Daemon, service: StandIn, guest: Browser) -> None:
    service.person = somebody("hubber")
    assert came_back(guest, "github").location == "/dashboard"
    [identity] = users(open_box)["hubber"]["identities"]
    assert (identity["issuer"], identity["subject"]) == (service.url, str(service.person.id))
    service.person.login = "renamed"
    other = Browser(open_box.url)
    assert came_back(other, "github").location == "/dashboard"
    assert "hubber" in other.get("/dashboard").text


def test_google_lets_in_whom_somebody_linked(open_box: Daemon, service: StandIn, guest: Browser) -> None:
    service.person = somebody("gina")
    assert came_back(guest, "google").location == "/?why=stranger"
    open_box.must("user", "link", USER, "https://google.com", str(service.person.id))
    assert came_back(guest, "google").location == "/dashboard"
    assert "gina@example.org" in guest.get("/dashboard").text and "gina" not in users(open_box)


def test_people_with_the_same_address_at_two_services_are_two_people(open_box: Daemon, service: StandIn) -> None:
    service.person = somebody("twin")
    for module, name in (("oidc", "twin"), ("github", "twin-2")):
        service.person.id = next(new_ids)
        guest = Browser(open_box.url)
        assert came_back(guest, module).location == "/dashboard"
        assert name in guest.get("/dashboard").text


@pytest.mark.parametrize(
    ("person", "place"),
    [
        (somebody("in"), "/dashboard"),
        (somebody("IN2", "EXAMPLE.org"), "/dashboard"),
        (somebody("out", "example.com"), "/?why=not-allowed"),
        (somebody("out", "example.org.evil.example"), "/?why=not-allowed"),
        (somebody("out", "sub.example.org"), "/?why=not-allowed"),
        (somebody("a@example.org", "evil.example"), "/?why=not-allowed"),
        (Person(next(new_ids), "two", "two@evil.example@example.org"), "/?why=not-allowed"),
        (somebody("unverified", verified=False), "/?why=not-allowed"),
        (Person(77, "by-number", "x@evil.example", verified=False), "/dashboard"),
        (Person(next(new_ids), "77", "77@evil.example"), "/?why=not-allowed"),
    ],
)
def test_whom_the_list_names(guest: Browser, service: StandIn, person: Person, place: str) -> None:
    service.person = person
    assert came_back(guest).location == place


@pytest.mark.parametrize(
    "name", ["", "..", ".trash", "a/b\\c", "\u202eevil", "<script>", "x" * 500, " ", "\ud7ff\n", "Ünal 🙂"]
)
def test_a_newcomer_gets_a_name_that_can_be_a_folder(
    open_box: Daemon, service: StandIn, guest: Browser, name: str
) -> None:
    service.person = somebody("odd")
    service.twist = lambda claims: claims.update(preferred_username=name, name=name)
    before = set(users(open_box))
    assert came_back(guest).location == "/dashboard"
    [made] = set(users(open_box)) - before
    assert made == made.strip() and not set(made) & set("/\\<>\u202e") and not made.startswith(".") and len(made) <= 45
    page = guest.get("/dashboard")
    assert page.status == 200 and "<script>" not in page.html


def test_whoever_comes_by_another_name_is_sent_to_the_public_address_once(open_box: Daemon) -> None:
    guest = Browser(open_box.url, {"Host": "nas.lan"})
    page = guest.get("/login/oidc", follow=False)
    assert (page.status, page.location) == (303, f"{open_box.url}/login/oidc?again")
    assert guest.get("/login/oidc?again", follow=False).status == 302


def test_begun_log_ins_are_not_kept(open_box: Daemon, guest: Browser) -> None:
    """What a begun log-in needs is in its cookie; see test_leaks for descriptors, threads and rows."""
    page = guest.get("/login/github", follow=False)
    assert "syncd-ticket" in guest.cookies and "Max-Age=600" in page.headers["Set-Cookie"]
    assert "HttpOnly" in page.headers["Set-Cookie"] and "SameSite=Lax" in page.headers["Set-Cookie"]


def test_a_newcomer_is_let_in_nowhere_by_name_alone(open_box: Daemon, service: StandIn, guest: Browser) -> None:
    """Also where phones of users without a password are."""
    service.person = somebody("nobodys-phone")
    assert came_back(guest).status == 303 and is_signed_in(guest)
    assert users(open_box)["nobodys-phone"]["has_password"] is False
    assert Phone(open_box.url, "nobodys-phone", "phone").folders().status == 401
    open_box.must("user", "add", "a-phone", "--no-password")
    assert Phone(open_box.url, "a-phone", "phone").folders().status == 200
    open_box.must("user", "passwd", "nobodys-phone", "--no-password")
    assert Phone(open_box.url, "nobodys-phone", "phone").folders().status == 200
