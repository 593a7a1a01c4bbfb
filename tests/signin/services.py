"""Other services to sign in with: a certified OpenID provider in node, and stand-ins that can be made to misbehave."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.daemon import free_port, wait_until
from tests.signin.browser import Browser, Page

FOLDER = Path(__file__).parent / "provider"
CLIENT, SECRET = "syncd", "a secret: with / signs & all"


@contextmanager
def real_provider(callback: str) -> Iterator[str]:
    """The issuer of `oidc-provider`, running; skips the test where node or the package is missing."""
    node = shutil.which("node")
    if node is None or not (FOLDER / "node_modules" / "oidc-provider").is_dir():
        pytest.skip("no OpenID provider here: install node and npm, then run make dev")
    port = free_port()
    process = subprocess.Popen(
        [node, "server.js", str(port), callback],
        cwd=FOLDER,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    issuer = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: _answers(issuer) or process.poll() is not None, "the provider to answer", 60)
        assert process.poll() is None, "the provider ended; run: npm ci, in tests/signin/provider"
        yield issuer
    finally:
        process.kill()
        process.wait()


def _answers(issuer: str) -> bool:
    try:
        return Browser(issuer).get("/.well-known/openid-configuration").status == 200
    except OSError:
        return False


def through_its_forms(browser: Browser, page: Page, name: str) -> Page:
    """Sign in as *name* at the real provider and consent, from its first form to the first page of the box."""
    for _ in range(4):
        if page.url.startswith(browser.base):
            return page
        [form] = page.read.forms[:1]
        if "login" in form.fields:
            form.fields |= {"login": name, "password": "any"}
        page = browser.submit(page, form)
    raise AssertionError(page.text)


@dataclass
class Person:
    """Somebody at a stand-in."""

    id: int
    login: str
    email: str
    verified: bool = True


@dataclass
class StandIn:
    """A service with the shapes of GitHub's and Google's addresses, and keys of its own.

    It signs whoever `person` is in at once. `twist` changes the claims of an ID token, `forge` the token itself,
    `answers` (by path) take the place of an answer.
    """

    url: str = ""
    person: Person = field(default_factory=lambda: Person(583231, "octocat", "octocat@example.org"))
    twist: Callable[[dict[str, Any]], None] = lambda claims: None
    forge: Callable[[dict[str, Any]], str] | None = None
    answers: dict[str, Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    bodies: list[dict[str, str]] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    kid: str = "first"

    def jwks(self) -> dict[str, Any]:
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [{**public, "kid": self.kid, "use": "sig", "alg": "RS256"}]}

    def claims(self, nonce: str) -> dict[str, Any]:
        now, person = int(time.time()), self.person
        claims: dict[str, Any] = {
            "iss": self.url,
            "sub": str(person.id),
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            "name": person.login,
            "preferred_username": person.login,
            "email": person.email,
            "email_verified": person.verified,
        }
        self.twist(claims)
        return claims

    def token(self, nonce: str) -> str:
        claims = self.claims(nonce)
        if self.forge is not None:
            return self.forge(claims)
        return jwt.encode(claims, self.key, "RS256", {"kid": self.kid})


class _Handler(BaseHTTPRequestHandler):
    service: StandIn

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self._answer(None)

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", "0"))))

    def _answer(self, body: bytes | None) -> None:
        service, parts = self.service, urlsplit(self.path)
        service.asked.append(parts.path)
        if parts.path in service.answers:
            service.answers[parts.path](self)
            return
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        fields = dict(parse_qsl((body or b"").decode()))
        service.bodies.append(fields)
        match parts.path:
            case "/.well-known/openid-configuration":
                self.say(
                    issuer=service.url,
                    authorization_endpoint=f"{service.url}/authorize",
                    token_endpoint=f"{service.url}/token",
                    jwks_uri=f"{service.url}/jwks",
                    token_endpoint_auth_methods_supported=["client_secret_post"],
                )
            case "/jwks":
                self.say(**service.jwks())
            case "/authorize" | "/login/oauth/authorize":
                code = hashlib.sha256(query["state"].encode()).hexdigest()
                service.codes[code] = query
                self.go(f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}")
            case "/token" | "/login/oauth/access_token":
                self._token(fields)
            case "/user" if self.headers["Authorization"] == "Bearer the token":
                self.say(id=service.person.id, login=service.person.login, name=None, email=service.person.email)
            case "/user/emails":
                person = service.person
                self.say_list([{"email": person.email, "primary": True, "verified": person.verified}])
            case _:
                self.send_error(404)

    def _token(self, fields: dict[str, str]) -> None:
        asked = self.service.codes.pop(fields.get("code", ""), None)
        digest = hashlib.sha256(fields.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked is None or asked["code_challenge"] != challenge or fields["redirect_uri"] != asked["redirect_uri"]:
            self.say(error="invalid_grant")
        elif (fields.get("client_id"), fields.get("client_secret")) != (CLIENT, SECRET):
            self.say(error="invalid_client")
        else:
            token = self.service.token(asked["nonce"]) if "nonce" in asked else None
            self.say(access_token="the token", token_type="Bearer", id_token=token)

    def say(self, **body: object) -> None:
        self.say_text(json.dumps(body))

    def say_list(self, body: list[dict[str, object]]) -> None:
        self.say_text(json.dumps(body))

    def say_text(self, text: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def go(self, place: str) -> None:
        self.send_response(302)
        self.send_header("Location", place)
        self.send_header("Content-Length", "0")
        self.end_headers()


@contextmanager
def stand_in(tls: ssl.SSLContext | None = None) -> Iterator[StandIn]:
    """A running stand-in, over *tls* if that is given."""
    service = StandIn()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"service": service}))
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    service.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
