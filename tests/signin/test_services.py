"""Signing in through other services, GitHub and Google among them, and all that could be put in its way."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.daemon import PASSWORD, USER, Daemon
from tests.phone import Phone
from tests.signin.browser import Browser, Page
from tests.signin.services import CLIENT, SECRET, Person, StandIn

pytestmark = pytest.mark.slow

_ids = iter(range(1000, 100_000))


@pytest.fixture
def browser(open_box: Daemon) -> Browser:
    return Browser(open_box.url)


def somebody(name: str, domain: str = "example.org", *, verified: bool = True) -> Person:
    """A person the service has not seen before."""
    return Person(next(_ids), name, f"{name}@{domain}", verified)


def users(box: Daemon) -> dict[str, Any]:
    return {one["name"]: one for one in json.loads(box.must("user", "list", "--json"))}


def came_back(browser: Browser, module: str = "oidc") -> Page:
    """The answer to the callback."""
    page = browser.get(f"/login/{module}", follow=False)
    assert page.status == 302
    page = browser.get(page.location, follow=False)
    return browser.get(page.location, follow=False)


def is_signed_in(browser: Browser) -> bool:
    return browser.get("/dashboard", follow=False).status == 200


def test_there_is_a_button_for_each(browser: Browser) -> None:
    page = browser.get("/")
    assert [(one.text, one.href) for one in page.read.links] == [
        ("Our <b>own</b>", "/login/oidc"),
        ("GitHub", "/login/github"),
        ("Google", "/login/google"),
    ]
    assert "<b>" not in page.html


def test_what_is_asked_of_a_service(open_box: Daemon, service: StandIn, browser: Browser) -> None:
    for module, scope in (
        ("oidc", "openid profile email"),
        ("github", "user:email"),
        ("google", "openid profile email"),
    ):
        place = browser.get(f"/login/{module}", follow=False).location
        query = {name: values[0] for name, values in parse_qs(urlsplit(place).query).items()}
        assert query["redirect_uri"] == f"{open_box.url}/callback/{module}"
        assert query["code_challenge_method"] == "S256" and len(query["code_challenge"]) == 43
        assert (query["client_id"], query["scope"]) == (CLIENT, scope)
        assert len(query["state"]) == 43 and (module == "github" or len(query["nonce"]) == 43)
        assert SECRET not in place


def test_a_module_that_is_not_there_is_not_found(browser: Browser) -> None:
    for path in ("/login/nobody", "/callback/nobody", "/login/..%2foidc", "/login/%00"):
        assert browser.get(path, follow=False).status == 404


def test_github_knows_people_by_their_number(open_box: Daemon, service: StandIn, browser: Browser) -> None:
    service.person = somebody("hubber")
    assert came_back(browser, "github").location == "/dashboard"
    [identity] = users(open_box)["hubber"]["identities"]
    assert (identity["issuer"], identity["subject"]) == (service.url, str(service.person.id))
    service.person.login = "renamed"
    other = Browser(open_box.url)
    assert came_back(other, "github").location == "/dashboard"
    assert "hubber" in other.get("/dashboard").text


def test_google_lets_in_whom_somebody_linked(open_box: Daemon, service: StandIn, browser: Browser) -> None:
    service.person = somebody("gina")
    assert came_back(browser, "google").location == "/?why=stranger"
    open_box.must("user", "link", USER, "https://google.com", str(service.person.id))
    assert came_back(browser, "google").location == "/dashboard"
    assert "gina@example.org" in browser.get("/dashboard").text and "gina" not in users(open_box)


def test_people_with_the_same_address_at_two_services_are_two_people(open_box: Daemon, service: StandIn) -> None:
    service.person = somebody("twin")
    for module, name in (("oidc", "twin"), ("github", "twin-2")):
        service.person.id = next(_ids)
        browser = Browser(open_box.url)
        assert came_back(browser, module).location == "/dashboard"
        assert name in browser.get("/dashboard").text


@pytest.mark.parametrize(
    ("person", "place"),
    [
        (somebody("in"), "/dashboard"),
        (somebody("IN2", "EXAMPLE.org"), "/dashboard"),
        (somebody("out", "example.com"), "/?why=not-allowed"),
        (somebody("out", "example.org.evil.example"), "/?why=not-allowed"),
        (somebody("out", "sub.example.org"), "/?why=not-allowed"),
        (somebody("a@example.org", "evil.example"), "/?why=not-allowed"),
        (Person(next(_ids), "two", "two@evil.example@example.org"), "/?why=not-allowed"),
        (somebody("unverified", verified=False), "/?why=not-allowed"),
        (Person(77, "by-number", "x@evil.example", verified=False), "/dashboard"),
        (Person(next(_ids), "77", "77@evil.example"), "/?why=not-allowed"),
    ],
)
def test_whom_the_list_names(browser: Browser, service: StandIn, person: Person, place: str) -> None:
    service.person = person
    assert came_back(browser).location == place


@pytest.mark.parametrize(
    "name", ["", "..", ".trash", "a/b\\c", "\u202eevil", "<script>", "x" * 500, " ", "\ud7ff\n", "Ünal 🙂"]
)
def test_a_newcomer_gets_a_name_that_can_be_a_folder(
    open_box: Daemon, service: StandIn, browser: Browser, name: str
) -> None:
    service.person = somebody("odd")
    service.twist = lambda claims: claims.update(preferred_username=name, name=name)
    before = set(users(open_box))
    assert came_back(browser).location == "/dashboard"
    [made] = set(users(open_box)) - before
    assert made == made.strip() and not set(made) & set("/\\<>\u202e") and not made.startswith(".") and len(made) <= 45
    page = browser.get("/dashboard")
    assert page.status == 200 and "<script>" not in page.html


# Tokens


def twisted(**claims: object) -> Callable[[dict[str, Any]], None]:
    def twist(found: dict[str, Any]) -> None:
        found.update(claims)
        for name in [name for name, value in found.items() if value is None]:
            del found[name]

    return twist


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "somebody else"},
        {"aud": ["somebody else"]},
        {"aud": [CLIENT, "another"]},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"azp": "another"},
        {"aud": None},
        {"aud": 5},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"exp": int(time.time()) - 3600},
        {"exp": None},
        {"exp": "soon"},
        {"iat": None},
        {"iat": int(time.time()) + 3600},
        {"nbf": int(time.time()) + 3600},
        {"sub": None},
        {"sub": ""},
        {"sub": 5},
        {"sub": "x" * 300},
        {"nonce": "another"},
        {"nonce": None},
        {"nonce": ["another"]},
    ],
    ids=str,
)
def test_a_token_that_is_not_for_this_log_in_lets_nobody_in(
    service: StandIn, browser: Browser, claims: dict[str, object]
) -> None:
    service.person, service.twist = somebody("victim"), twisted(**claims)
    assert came_back(browser).location in ("/?why=service", "/?why=stale")
    assert not is_signed_in(browser)


def b64(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def forgeries(service: StandIn) -> dict[str, Callable[[dict[str, Any]], str]]:
    """Tokens of an attacker, who knows the public key and everything else that is public."""
    own = rsa.generate_private_key(65537, 2048)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    public = service.key.public_key().public_bytes(serialization.Encoding.PEM, form)
    own_jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(own.public_key()))

    def hs256(claims: dict[str, Any]) -> str:
        text = f"{b64({'alg': 'HS256', 'typ': 'JWT', 'kid': service.kid})}.{b64(claims)}"
        return f"{text}.{b64(hmac.new(public, text.encode(), hashlib.sha256).digest())}"

    def unsigned(algorithm: str) -> Callable[[dict[str, Any]], str]:
        return lambda claims: f"{b64({'alg': algorithm, 'kid': service.kid})}.{b64(claims)}."

    def changed(claims: dict[str, Any]) -> str:
        head, _, mark = jwt.encode(claims, service.key, "RS256", {"kid": service.kid}).split(".")
        return f"{head}.{b64({**claims, 'email': 'admin@example.org'})}.{mark}"

    return {
        "HS256 with the public key": hs256,
        "none": unsigned("none"),
        "None": unsigned("None"),
        "RS256 without a signature": unsigned("RS256"),
        "another key": lambda claims: jwt.encode(claims, own, "RS256", {"kid": service.kid}),
        "another key, of its own header": lambda claims: jwt.encode(claims, own, "RS256", {"jwk": own_jwk}),
        "unknown kid": lambda claims: jwt.encode(claims, service.key, "RS256", {"kid": "unknown"}),
        "another algorithm for the key": lambda claims: jwt.encode(claims, "x" * 64, "HS512", {"kid": service.kid}),
        "changed": changed,
        "no token": lambda claims: "",
        "no JWT": lambda claims: "a.b.c",
        "not even that": lambda claims: "\u00e9" * 1000,
    }


@pytest.mark.parametrize("how", list(forgeries(StandIn())))
def test_a_forged_token_lets_nobody_in(service: StandIn, browser: Browser, how: str) -> None:
    service.person, service.forge = somebody("victim"), forgeries(service)[how]
    assert came_back(browser).location == "/?why=service"
    assert not is_signed_in(browser)


def test_new_keys_are_fetched_once_when_a_token_names_one(service: StandIn, browser: Browser) -> None:
    service.person = somebody("before")
    assert came_back(browser).location == "/dashboard"
    service.asked.clear()
    service.person = somebody("after")
    assert came_back(Browser(browser.base)).location == "/dashboard"
    assert "/jwks" not in service.asked and "/.well-known/openid-configuration" not in service.asked


# The way there and back


def test_a_callback_without_the_browser_that_began_lets_nobody_in(service: StandIn, browser: Browser) -> None:
    """Log-in CSRF: the attacker's code in the victim's browser."""
    attacker = Browser(browser.base)
    page = attacker.get("/login/oidc", follow=False)
    callback = attacker.get(page.location, follow=False).location
    assert browser.get(callback, follow=False).location == "/?why=stale"
    browser.get("/login/oidc", follow=False)  # with a ticket of its own
    assert browser.get(callback, follow=False).location == "/?why=stale"
    assert not is_signed_in(browser)


def test_a_callback_counts_once(service: StandIn, browser: Browser) -> None:
    service.person = somebody("replayed")
    page = browser.get("/login/oidc", follow=False)
    ticket = dict(browser.cookies)
    callback = browser.get(page.location, follow=False).location
    assert browser.get(callback, follow=False).location == "/dashboard"
    thief = Browser(browser.base)
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
def test_an_answer_that_nobody_asked_for_leads_to_the_start(service: StandIn, browser: Browser, query: str) -> None:
    browser.get("/login/oidc", follow=False)
    page = browser.get(f"/callback/oidc?{query}", follow=False)
    assert (page.status, page.location) == (303, "/?why=stale")
    text = browser.get(page.location).text
    assert "Please try again" in text and "hacked" not in text
    assert not is_signed_in(browser)


def test_no_from_the_service_is_told_in_our_words(service: StandIn, browser: Browser) -> None:
    state = parse_qs(urlsplit(browser.get("/login/oidc", follow=False).location).query)["state"][0]
    page = browser.get(f"/callback/oidc?error=access_denied&error_description=hacked&state={state}", follow=False)
    assert page.location == "/?why=denied"
    page = browser.get(page.location)
    assert "did not let you in" in page.text and "hacked" not in page.text


@pytest.mark.parametrize("module", ["oidc", "github", "google"])
def test_an_answer_that_names_another_service_is_refused(service: StandIn, browser: Browser, module: str) -> None:
    page = browser.get(f"/login/{module}", follow=False)
    callback = browser.get(page.location, follow=False).location
    page = browser.get(f"{callback}&iss=https%3A%2F%2Fevil.example", follow=False)
    assert page.location == "/?why=stale" and not is_signed_in(browser)


def test_a_ticket_of_one_service_is_none_for_another(service: StandIn, browser: Browser) -> None:
    page = browser.get("/login/oidc", follow=False)
    callback = browser.get(page.location, follow=False).location
    page = browser.get(callback.replace("/callback/oidc", "/callback/google"), follow=False)
    assert page.location == "/?why=stale"


@pytest.mark.parametrize(
    "change",
    [lambda ticket: ticket[:-1] + "0", lambda ticket: ticket[1:], lambda ticket: "x" * 5000, lambda ticket: "."],
)
def test_a_ticket_that_was_changed_is_none(service: StandIn, browser: Browser, change: Callable[[str], str]) -> None:
    page = browser.get("/login/oidc", follow=False)
    callback = browser.get(page.location, follow=False).location
    browser.cookies["syncd-ticket"] = change(browser.cookies["syncd-ticket"])
    assert browser.get(callback, follow=False).location == "/?why=stale"


def test_a_log_in_that_was_planted_before_is_not_the_one_after(service: StandIn, browser: Browser) -> None:
    service.person = somebody("fixed")
    came_back(browser)
    planted = browser.cookies["syncd"]
    service.person = somebody("later")
    assert came_back(browser).location == "/dashboard"
    assert browser.cookies["syncd"] != planted
    browser.cookies["syncd"] = planted
    assert not is_signed_in(browser)


# Linking


def linked(browser: Browser) -> Page:
    page = browser.get("/dashboard")
    page = browser.submit(page, page.form("/dashboard/account/link", module="google"))
    [link] = page.read.links
    page = browser.get(link.href, follow=False)
    return browser.get(page.location, follow=False)


def test_an_account_of_somebody_else_cannot_be_linked(open_box: Daemon, service: StandIn, browser: Browser) -> None:
    open_box.add_user("owner")
    service.person = somebody("shared")
    browser.sign_in("owner", PASSWORD)
    assert linked(browser).location == "/dashboard?done=linked"
    other = Browser(open_box.url)
    other.sign_in(USER, PASSWORD)
    page = linked(other)
    assert page.location == "/dashboard?why=taken"
    assert "linked to somebody else" in other.get(page.location).text


def test_who_signed_out_on_the_way_links_nothing(open_box: Daemon, service: StandIn, browser: Browser) -> None:
    service.person = somebody("late")
    open_box.add_user("leaver")
    browser.sign_in("leaver", PASSWORD)
    page = browser.get("/dashboard")
    page = browser.submit(page, page.form("/dashboard/account/link", module="google"))
    callback = browser.get(page.read.links[0].href, follow=False).location
    home = browser.get("/dashboard")
    browser.submit(home, home.form("/signout"))
    assert browser.get(callback, follow=False).location == "/dashboard?why=stale"
    browser.sign_in("leaver", PASSWORD)
    assert browser.get(callback, follow=False).location.endswith("why=stale")
    assert not users(open_box)["leaver"]["identities"]


def test_the_only_way_in_cannot_be_unlinked(service: StandIn, browser: Browser) -> None:
    service.person = somebody("lonely")
    came_back(browser)
    page = browser.get("/dashboard")
    page = browser.submit(page, page.form("/dashboard/account/unlink"))
    assert page.status == 409 and "only way" in page.text


# Services that misbehave


def huge(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    try:
        for _ in range(1000):
            handler.wfile.write(b'{"a": "' + b"x" * 65536)
    except OSError:
        pass  # as it should: nobody reads all of that


def slow(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    try:
        for _ in range(100):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.1)  # this is the service's own slowness
    except OSError:
        pass  # as it should: nobody waits that long


def redirecting(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(302)
    handler.send_header("Location", "/.well-known/openid-configuration")
    handler.end_headers()


def saying(status: int, body: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    def say(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return say


WRONG = {
    "huge": huge,
    "slow": slow,
    "redirecting": redirecting,
    "500": saying(500, b"<html>hacked</html>"),
    "401": saying(401, b'{"error": "invalid_client", "error_description": "hacked"}'),
    "no JSON": saying(200, b"\xff\xfe"),
    "deep": saying(200, b"[" * 60_000),
    "a list": saying(200, b"[]"),
    "null": saying(200, b"null"),
    "empty": saying(200, b"{}"),
    "odd types": saying(200, b'{"id_token": 5, "access_token": {}, "keys": 7, "id": true}'),
    "nothing": lambda handler: handler.connection.close(),
}


@pytest.mark.parametrize("how", WRONG)
@pytest.mark.parametrize(
    ("module", "path"),
    [("oidc", "/token"), ("github", "/login/oauth/access_token"), ("github", "/user"), ("github", "/user/emails")],
)
def test_a_service_that_answers_nonsense_lets_nobody_in(
    service: StandIn, browser: Browser, module: str, path: str, how: str
) -> None:
    if (how == "slow" and path != "/token") or (how == "a list" and path == "/user/emails"):
        how = "huge"
    service.person, service.answers[path] = somebody("victim"), WRONG[how]
    assert came_back(browser, module).location == "/?why=service"
    text = browser.get("/?why=service").text
    assert "hacked" not in text and "password" in text and not is_signed_in(browser)


@pytest.mark.parametrize("how", ["huge", "redirecting", "500", "no JSON", "empty", "odd types", "nothing"])
def test_a_service_that_does_not_say_where_it_is_leads_back_to_the_start(
    daemon: Callable[..., Daemon], service: StandIn, how: str
) -> None:
    service.answers["/.well-known/openid-configuration"] = WRONG[how]
    box = fresh_box(daemon, service)
    browser = Browser(box.url)
    page = browser.get("/login/google", follow=False)
    assert (page.status, page.location) == (303, "/?why=service")
    del service.answers["/.well-known/openid-configuration"]
    service.answers["/jwks"] = WRONG[how]
    assert came_back(browser, "google").location == "/?why=service"
    del service.answers["/jwks"]
    assert came_back(browser, "google").location == "/?why=stranger"  # it is asked again


def fresh_box(daemon: Callable[..., Daemon], service: StandIn) -> Daemon:
    """A box that has asked the service nothing yet."""
    box = daemon()
    google = {"client_id": CLIENT, "client_secret": SECRET, "issuer": service.url}
    box.configure({"server": {"public_url": box.url}, "google": google})
    return box.restart()


def test_a_password_works_while_the_service_is_gone(daemon: Callable[..., Daemon], service: StandIn) -> None:
    box = daemon()
    gone = {"client_id": CLIENT, "client_secret": SECRET, "issuer": "http://127.0.0.1:9"}
    box.configure({"server": {"public_url": box.url}, "oidc": gone})
    box.restart()
    browser = Browser(box.url)
    assert browser.get("/login/oidc", follow=False).location == "/?why=service"
    assert browser.sign_in(USER, PASSWORD).status == 200
    assert "OpenID Connect" in browser.get("/dashboard").text


def test_a_service_that_names_another_issuer_or_plain_http_is_not_believed(
    daemon: Callable[..., Daemon], service: StandIn
) -> None:
    for name, value in (
        ("issuer", "https://evil.example"),
        ("token_endpoint", "http://evil.example/token"),
        ("jwks_uri", "file:///etc/passwd"),
    ):
        found = {
            "issuer": service.url,
            "authorization_endpoint": f"{service.url}/authorize",
            "token_endpoint": f"{service.url}/token",
            "jwks_uri": f"{service.url}/jwks",
            name: value,
        }
        service.answers["/.well-known/openid-configuration"] = saying(200, json.dumps(found).encode())
        box = fresh_box(daemon, service)
        assert Browser(box.url).get("/login/google", follow=False).location == "/?why=service"


def test_whoever_comes_by_another_name_is_sent_to_the_public_address_once(open_box: Daemon) -> None:
    browser = Browser(open_box.url, {"Host": "nas.lan"})
    page = browser.get("/login/oidc", follow=False)
    assert (page.status, page.location) == (303, f"{open_box.url}/login/oidc?again")
    assert browser.get("/login/oidc?again", follow=False).status == 302


def test_begun_log_ins_are_not_kept(open_box: Daemon, browser: Browser) -> None:
    """What a begun log-in needs is in its cookie; see test_leaks for descriptors, threads and rows."""
    page = browser.get("/login/github", follow=False)
    assert "syncd-ticket" in browser.cookies and "Max-Age=600" in page.headers["Set-Cookie"]
    assert "HttpOnly" in page.headers["Set-Cookie"] and "SameSite=Lax" in page.headers["Set-Cookie"]


def test_a_newcomer_is_let_in_nowhere_by_name_alone(open_box: Daemon, service: StandIn, browser: Browser) -> None:
    """Also where phones of users without a password are."""
    service.person = somebody("nobodys-phone")
    assert came_back(browser).status == 303 and is_signed_in(browser)
    assert users(open_box)["nobodys-phone"]["has_password"] is False
    assert Phone(open_box.url, "nobodys-phone", "phone").folders().status == 401
    open_box.must("user", "add", "a-phone", "--no-password")
    assert Phone(open_box.url, "a-phone", "phone").folders().status == 200
    open_box.must("user", "passwd", "nobodys-phone", "--no-password")
    assert Phone(open_box.url, "nobodys-phone", "phone").folders().status == 200
