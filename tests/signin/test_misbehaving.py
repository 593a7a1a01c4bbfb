"""Services that are gone, slow, or talk nonsense: nobody gets in, and everything else goes on."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import pytest

from tests.daemon import PASSWORD, USER, Daemon
from tests.signin.arriving import came_back, is_signed_in, somebody
from tests.signin.browser import Browser
from tests.signin.services import CLIENT, SECRET, StandIn

pytestmark = pytest.mark.slow


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
    service: StandIn, guest: Browser, module: str, path: str, how: str
) -> None:
    if (how == "slow" and path != "/token") or (how == "a list" and path == "/user/emails"):
        how = "huge"
    service.person, service.answers[path] = somebody("victim"), WRONG[how]
    assert came_back(guest, module).location == "/?why=service"
    text = guest.get("/?why=service").text
    assert "hacked" not in text and "password" in text and not is_signed_in(guest)


@pytest.mark.parametrize("how", ["huge", "redirecting", "500", "no JSON", "empty", "odd types", "nothing"])
def test_a_service_that_does_not_say_where_it_is_leads_back_to_the_start(
    daemon: Callable[..., Daemon], service: StandIn, how: str
) -> None:
    service.answers["/.well-known/openid-configuration"] = WRONG[how]
    box = fresh_box(daemon, service)
    guest = Browser(box.url)
    page = guest.get("/login/google", follow=False)
    assert (page.status, page.location) == (303, "/?why=service")
    del service.answers["/.well-known/openid-configuration"]
    service.answers["/jwks"] = WRONG[how]
    assert came_back(guest, "google").location == "/?why=service"
    del service.answers["/jwks"]
    assert came_back(guest, "google").location == "/?why=stranger"  # it is asked again


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
    guest = Browser(box.url)
    assert guest.get("/login/oidc", follow=False).location == "/?why=service"
    assert guest.sign_in(USER, PASSWORD).status == 200
    assert "OpenID Connect" in guest.get("/dashboard").text


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
