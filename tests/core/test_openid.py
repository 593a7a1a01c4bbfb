"""OpenID Connect: how long keys are believed, and a service whose parts the configuration names."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from syncd.core.signin.failure import SignInFailed
from syncd.core.signin.openid import KEPT_S, RETRY_S, OpenId
from syncd.core.signin.outgoing import Reply
from syncd.core.signin.profile import Profile
from syncd.core.signin.tickets import Tickets
from syncd.modules import OidcSection

ISSUER = "https://id.example.org"
CALLBACK = "https://sync.example.org/callback/oidc"
# How a key is made, and what writes it as a JWK: of one kind each, which no type says.
MAKERS: dict[str, tuple[Callable[[], Any], Any]] = {
    "RS256": (lambda: rsa.generate_private_key(65537, 2048), jwt.algorithms.RSAAlgorithm),
    "PS512": (lambda: rsa.generate_private_key(65537, 2048), jwt.algorithms.RSAAlgorithm),
    "ES256": (lambda: ec.generate_private_key(ec.SECP256R1()), jwt.algorithms.ECAlgorithm),
    "EdDSA": (ed25519.Ed25519PrivateKey.generate, jwt.algorithms.OKPAlgorithm),
}


@dataclass
class Service:
    """One that answers in the same process."""

    algorithm: str = "RS256"
    kid: str | None = "first"
    nonce: str = ""
    extra_keys: list[dict[str, object]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    posted: list[tuple[dict[str, str], dict[str, str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.turn()

    def turn(self) -> None:
        """A new key."""
        make, self.kind = MAKERS[self.algorithm]
        self.key = make()

    async def get(self, url: str, headers: dict[str, str]) -> Reply:
        self.asked.append(urlsplit(url).path)
        if url == f"{ISSUER}/keys":
            public = json.loads(self.kind.to_jwk(self.key.public_key()))
            named = {**public, **({"kid": self.kid} if self.kid is not None else {})}
            return Reply(200, json.dumps({"keys": [*self.extra_keys, named]}).encode())
        if url == f"{ISSUER}/me":
            assert headers["Authorization"] == "Bearer the token"
            return Reply(200, json.dumps({"sub": "5", "preferred_username": "mira"}).encode())
        names = {"issuer": ISSUER, "authorization_endpoint": f"{ISSUER}/a", "token_endpoint": f"{ISSUER}/token"}
        return Reply(200, json.dumps({**names, "jwks_uri": f"{ISSUER}/keys"}).encode())

    async def post(self, url: str, fields: dict[str, str], headers: dict[str, str]) -> Reply:
        self.asked.append(urlsplit(url).path)
        self.posted.append((fields, headers))
        now = int(time.time())
        claims = {"iss": ISSUER, "sub": "5", "aud": "c", "iat": now, "exp": now + 60, "nonce": self.nonce}
        named = {"kid": self.kid} if self.kid is not None else None
        token = jwt.encode(claims, self.key, self.algorithm, named)
        return Reply(200, json.dumps({"id_token": token, "access_token": "the token"}).encode())


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


async def signed_in(openid: OpenId, service: Service) -> Profile:
    ticket, _ = Tickets(Clock()).issue("oidc")
    place = await openid.begin(ticket, service)
    assert parse_qs(urlsplit(place).query)["redirect_uri"] == [CALLBACK]
    service.nonce = ticket.nonce
    return await openid.finish(ticket, "code", None, "s&cret", service)


def discovering(clock: Clock) -> OpenId:
    return OpenId(OidcSection(issuer=ISSUER, client_id="c"), CALLBACK, clock)


@pytest.mark.parametrize("algorithm", MAKERS)
@pytest.mark.parametrize("kid", ["first", None])
async def test_every_kind_of_public_key_will_do(algorithm: str, kid: str | None) -> None:
    service = Service(algorithm, kid)
    assert (await signed_in(discovering(Clock()), service)).subject == "5"


async def test_what_a_service_says_is_kept_for_an_hour() -> None:
    clock, service = Clock(), Service()
    openid = discovering(clock)
    await signed_in(openid, service)
    assert service.asked == ["/.well-known/openid-configuration", "/token", "/keys"]
    clock.now_s = KEPT_S - 1
    await signed_in(openid, service)
    assert service.asked[3:] == ["/token"]
    clock.now_s = KEPT_S + 1
    await signed_in(openid, service)
    assert service.asked[4:] == ["/.well-known/openid-configuration", "/token", "/keys"]


async def test_a_new_key_is_fetched_when_a_token_names_it_though_not_at_every_one() -> None:
    clock, service = Clock(), Service()
    openid = discovering(clock)
    await signed_in(openid, service)
    service.turn()
    service.kid = "second"
    for _ in range(3):
        with pytest.raises(SignInFailed, match="did not work"):
            await signed_in(openid, service)
    assert service.asked.count("/keys") == 1
    clock.now_s = RETRY_S + 1
    await signed_in(openid, service)
    assert service.asked.count("/keys") == 2


async def test_without_a_key_id_there_must_be_no_choice() -> None:
    service = Service(kid=None)
    public = rsa.generate_private_key(65537, 2048).public_key()
    service.extra_keys = [json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(public))]
    with pytest.raises(SignInFailed):
        await signed_in(discovering(Clock()), service)


@pytest.mark.parametrize("auth", ["auto", "post", "basic"])
async def test_a_service_that_the_configuration_describes_is_not_asked_where_it_is(auth: str) -> None:
    service = Service()
    section = OidcSection(
        issuer=ISSUER,
        client_id="c",
        client_auth=auth,  # type: ignore[arg-type]  # one of the three
        authorization_url=f"{ISSUER}/authorize?tenant=5",
        token_url=f"{ISSUER}/token",
        jwks_url=f"{ISSUER}/keys",
        userinfo_url=f"{ISSUER}/me",
    )
    profile = await signed_in(OpenId(section, CALLBACK, Clock()), service)
    assert profile == Profile(ISSUER, "5", ("mira",)) and service.asked == ["/token", "/keys", "/me"]
    [(fields, headers)] = service.posted
    if auth == "basic":
        assert headers == {"Authorization": "Basic YzpzJTI2Y3JldA=="} and "client_secret" not in fields
    else:
        assert headers == {} and (fields["client_id"], fields["client_secret"]) == ("c", "s&cret")
    assert fields["redirect_uri"] == CALLBACK and len(fields["code_verifier"]) == 43
