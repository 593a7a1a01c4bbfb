"""OpenID Connect: where a service's parts are, its keys, and what an ID token must say.

Sources: OpenID Connect Core 1.0 §3.1.2 and §3.1.3 (code flow), Discovery 1.0 §4, RFC 7636 (PKCE), RFC 9207 (`iss`).
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote_plus, urlencode

from syncd.core.signin.failure import SignInFailed, Why
from syncd.core.signin.outgoing import Claims, Outgoing, object_in, text_of
from syncd.core.signin.profile import Profile
from syncd.core.signin.tickets import Ticket
from syncd.modules import GoogleSection, OidcSection, is_safe

if TYPE_CHECKING:
    from jwt import PyJWK, PyJWKSet

# Only with a public key: an HMAC, or none at all, could be made by anybody who knows that key.
ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
LEEWAY_S = 120  # clocks of services and boxes differ
KEPT_S = 3600
RETRY_S = 60  # keys are fetched again for a key id that is not known, but not by every stranger's token
SUBJECT_CHARACTERS = 255


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where a service's parts are."""

    issuer: str
    authorization: str
    token: str
    jwks: str
    userinfo: str  # '' if there is none
    uses_basic: bool  # the secret goes in a header
    says_issuer: bool  # in its answers (RFC 9207)


class OpenId:
    """One service. What it says of itself is kept for an hour."""

    def __init__(self, section: OidcSection | GoogleSection, callback: str, monotonic: Callable[[], float]) -> None:
        self._section = section
        self._callback = callback
        self._monotonic = monotonic
        self._endpoints: Endpoints | None = None
        self._keys: PyJWKSet | None = None
        self._learned_s = 0.0  # the endpoints
        self._fetched_s = 0.0  # the keys

    async def begin(self, ticket: Ticket, out: Outgoing) -> str:
        """The address at the service to which the browser goes; raises SignInFailed."""
        section = self._section
        endpoints = await self._where(out)
        google = {"hd": section.hosted_domain} if isinstance(section, GoogleSection) and section.hosted_domain else {}
        query = {
            "response_type": "code",
            "client_id": section.client_id,
            "redirect_uri": self._callback,
            "scope": section.scope if isinstance(section, OidcSection) else "openid profile email",
            "state": ticket.state,
            "nonce": ticket.nonce,
            "code_challenge": ticket.challenge,
            "code_challenge_method": "S256",
            **google,
        }
        return f"{endpoints.authorization}{'&' if '?' in endpoints.authorization else '?'}{urlencode(query)}"

    async def finish(self, ticket: Ticket, code: str, issuer: str | None, secret: str, out: Outgoing) -> Profile:
        """Who came back with *code*; *issuer* is what the answer named (RFC 9207). Raises SignInFailed."""
        endpoints = await self._where(out)
        if issuer != endpoints.issuer and (issuer is not None or endpoints.says_issuer):
            raise SignInFailed(Why.STALE, f"the answer is not from {endpoints.issuer}")
        tokens = await self._tokens(endpoints, ticket, code, secret, out)
        claims = await self._verified(endpoints, text_of(tokens, "id_token"), out)
        check_claims(claims, endpoints.issuer, self._section.client_id, ticket.nonce)
        if isinstance(self._section, GoogleSection):
            return google_profile(claims, self._section.hosted_domain)
        return profile_of({**await self._userinfo(endpoints, claims, tokens, out), **claims}, endpoints.issuer)

    # What the service says of itself

    async def _where(self, out: Outgoing) -> Endpoints:
        now_s = self._monotonic()
        if self._endpoints is None or now_s - self._learned_s > KEPT_S:
            section = self._section
            if isinstance(section, OidcSection) and section.authorization_url:
                self._endpoints = told(section)
            else:
                url = f"{section.issuer}/.well-known/openid-configuration"
                found = object_in(await out.get(url, {}), "discovery")
                auth = section.client_auth if isinstance(section, OidcSection) else "post"
                self._endpoints = discovered(found, section.issuer, auth)
            self._learned_s, self._keys = now_s, None
        return self._endpoints

    async def _jwks(self, endpoints: Endpoints, out: Outgoing, *, anew: bool) -> PyJWKSet:
        """The keys; *anew* when one was not among them, though not more often than once a minute."""
        import jwt

        now_s = self._monotonic()
        if self._keys is None or now_s - self._fetched_s > (RETRY_S if anew else KEPT_S):
            found = object_in(await out.get(endpoints.jwks, {}), "keys")
            try:
                self._keys = jwt.PyJWKSet.from_dict(found)
            except (jwt.PyJWTError, ValueError, TypeError, AttributeError, KeyError) as exc:
                raise SignInFailed(Why.SERVICE, "the service publishes no key that can be used") from exc
            self._fetched_s = now_s
        return self._keys

    # Tokens

    async def _tokens(self, endpoints: Endpoints, ticket: Ticket, code: str, secret: str, out: Outgoing) -> Claims:
        client_id = self._section.client_id
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._callback,
            "code_verifier": ticket.verifier,
        }
        headers = {}
        if endpoints.uses_basic:
            # RFC 6749 §2.3.1: both are form-encoded before they are put together.
            pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            fields |= {"client_id": client_id, "client_secret": secret}
        return object_in(await out.post(endpoints.token, fields, headers), "tokens")

    async def _verified(self, endpoints: Endpoints, token: str, out: Outgoing) -> Claims:
        """The claims of an ID token that the service signed; raises SignInFailed."""
        import jwt

        try:
            header = jwt.get_unverified_header(token)
            algorithm, kid = header.get("alg"), header.get("kid")
            if algorithm not in ALGORITHMS:
                raise SignInFailed(Why.SERVICE, f"the ID token is signed with {algorithm!r}")
            keys = await self._jwks(endpoints, out, anew=False)
            if not _fitting(keys, kid):
                keys = await self._jwks(endpoints, out, anew=True)
            fitting = _fitting(keys, kid)
            if not fitting:
                raise SignInFailed(Why.SERVICE, "the ID token is signed with a key that the service does not publish")
            claims: Claims = jwt.decode(
                token,
                fitting[0].key,
                algorithms=[algorithm],
                leeway=LEEWAY_S,
                # Audience and issuer are looked at in check_claims, with the rest that is for this log-in alone.
                options={"require": ["iss", "sub", "aud", "exp", "iat"], "verify_aud": False, "verify_iss": False},
            )
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as exc:
            raise SignInFailed(Why.SERVICE, f"the ID token is not good: {type(exc).__name__}") from exc
        return claims

    async def _userinfo(self, endpoints: Endpoints, claims: Claims, tokens: Claims, out: Outgoing) -> Claims:
        """Names and e-mail addresses, where the ID token has none; of the same subject, or nothing."""
        if not endpoints.userinfo or ("email" in claims and "preferred_username" in claims):
            return {}
        headers = {"Authorization": f"Bearer {text_of(tokens, 'access_token')}"}
        found = object_in(await out.get(endpoints.userinfo, headers), "userinfo")
        if found.get("sub") != claims["sub"]:
            raise SignInFailed(Why.SERVICE, "userinfo is of somebody else")
        return found


def _fitting(keys: PyJWKSet, kid: object) -> list[PyJWK]:
    """The keys that may have signed a token of that key id; without one, only if there is no choice."""
    signing = [key for key in keys.keys if key.public_key_use in (None, "sig")]
    return [key for key in signing if key.key_id == kid] if kid is not None else signing if len(signing) == 1 else []


def told(section: OidcSection) -> Endpoints:
    """The endpoints as the configuration has them."""
    return Endpoints(
        section.issuer,
        section.authorization_url,
        section.token_url,
        section.jwks_url,
        section.userinfo_url,
        uses_basic=section.client_auth == "basic",
        says_issuer=False,
    )


def discovered(found: Claims, issuer: str, client_auth: str) -> Endpoints:
    """The endpoints as the service says them; raises SignInFailed for another one, or an unsafe address."""
    if text_of(found, "issuer").rstrip("/") != issuer:
        raise SignInFailed(Why.SERVICE, "discovery names another issuer than the configuration")
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint")
    authorization, token, jwks, userinfo = (text_of(found, name) for name in names)
    if not all(map(is_safe, (authorization, token, jwks))) or (userinfo and not is_safe(userinfo)):
        raise SignInFailed(Why.SERVICE, "discovery lacks an address, or names one without https")
    offered = found.get("token_endpoint_auth_methods_supported")
    is_basic = not isinstance(offered, list) or "client_secret_basic" in offered
    return Endpoints(
        text_of(found, "issuer"),
        authorization,
        token,
        jwks,
        userinfo,
        uses_basic=is_basic if client_auth == "auto" else client_auth == "basic",
        says_issuer=found.get("authorization_response_iss_parameter_supported") is True,
    )


def check_claims(claims: Claims, issuer: str, client_id: str, nonce: str) -> None:
    """Is that ID token from there, for us, and for this log-in? Raises SignInFailed. Core §3.1.3.7."""
    if claims.get("iss") != issuer:
        raise SignInFailed(Why.SERVICE, "the ID token is of another issuer")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    party = claims.get("azp")
    if client_id not in audiences or party not in (None, client_id) or (len(audiences) > 1 and party is None):
        raise SignInFailed(Why.SERVICE, "the ID token is for somebody else")
    if not hmac.compare_digest(text_of(claims, "nonce").encode(errors="replace"), nonce.encode()):
        raise SignInFailed(Why.STALE, "the ID token is of another log-in")
    if not 0 < len(text_of(claims, "sub")) <= SUBJECT_CHARACTERS:
        raise SignInFailed(Why.SERVICE, "the ID token has no subject")


def profile_of(claims: Claims, issuer: str) -> Profile:
    """Somebody, as checked *claims* describe them. An e-mail address counts only if it is verified."""
    names = tuple(name for key in ("preferred_username", "nickname", "name") if (name := text_of(claims, key)))
    email = text_of(claims, "email")
    verified = claims.get("email_verified") is True
    return Profile(issuer, text_of(claims, "sub"), names, (email,) if email and verified else ())


def google_profile(claims: Claims, hosted_domain: str) -> Profile:
    """As profile_of; raises SignInFailed for an account of another domain than *hosted_domain*, if one is wanted."""
    if hosted_domain and text_of(claims, "hd").lower() != hosted_domain.lower():
        raise SignInFailed(Why.NOT_ALLOWED, "the account is of another domain than hosted_domain")
    return profile_of(claims, "https://google.com")
