"""ID tokens: only those that the service signed, for us and for this log-in, let somebody in."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.signin.arriving import came_back, is_signed_in, somebody
from tests.signin.browser import Browser
from tests.signin.services import CLIENT, StandIn

pytestmark = pytest.mark.slow


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
    service: StandIn, guest: Browser, claims: dict[str, object]
) -> None:
    service.person, service.twist = somebody("victim"), twisted(**claims)
    assert came_back(guest).location in ("/?why=service", "/?why=stale")
    assert not is_signed_in(guest)


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
def test_a_forged_token_lets_nobody_in(service: StandIn, guest: Browser, how: str) -> None:
    service.person, service.forge = somebody("victim"), forgeries(service)[how]
    assert came_back(guest).location == "/?why=service"
    assert not is_signed_in(guest)


def test_new_keys_are_fetched_once_when_a_token_names_one(service: StandIn, guest: Browser) -> None:
    service.person = somebody("before")
    assert came_back(guest).location == "/dashboard"
    service.asked.clear()
    service.person = somebody("after")
    assert came_back(Browser(guest.base)).location == "/dashboard"
    assert "/jwks" not in service.asked and "/.well-known/openid-configuration" not in service.asked
