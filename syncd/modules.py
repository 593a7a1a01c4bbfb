"""Other services with whose accounts people may sign in: a section of settings for each. A module is off without a
`client_id`; what else it needs then is said here, once.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from syncd.options import Choice, FilePath, Secret, SecretText, Switch, Text, Url, Words, option

PLAIN = re.compile(r"[!-~]+", re.ASCII)
ClientAuth = Literal["auto", "basic", "post"]

_ID = "What the service calls this box: it says so where the box is registered there. Empty: this way in is off."
_SECRET = "The secret that goes with client_id. Better in a file of its own: client_secret_file."
_SECRET_FILE = "A file that holds the secret and nothing else, readable for syncd alone."
_CREATE = (
    "no: only somebody whose account was linked before comes in (syncd user link, or from the dashboard). yes: "
    "whomever allow names gets a user of their own at the first sign-in."
)
_ALLOW = (
    "Who may come in: ids (the subject, never a name), e-mail addresses that the service has verified, or @domain for "
    "everybody of it; separated by commas. Empty: whoever is linked."
)


@dataclass(frozen=True, slots=True)
class OidcSection:
    """Signing in with OpenID Connect (Authelia, Authentik, Keycloak and others). Needs [server] public_url."""

    title: str = option("OpenID Connect", Text(60), "What the button on the sign-in page says.")
    issuer: str = option("", Url(), "The address of the service, as its own tokens have it.")
    client_id: str = option("", Text(255), _ID)
    client_secret: Secret = option(Secret(""), SecretText(), _SECRET)
    client_secret_file: str = option("", FilePath(), _SECRET_FILE)
    scope: str = option("openid profile email", Text(255), "What is asked of the service. openid must be among it.")
    allow: tuple[str, ...] = option((), Words(), _ALLOW)
    create: bool = option(False, Switch(), _CREATE)
    client_auth: ClientAuth = option(
        "auto",
        Choice.of(ClientAuth),
        "How the secret is sent: basic in a header, post in the form. auto: as the service says; post where "
        "authorization_url is given, since it is not asked then.",
    )
    authorization_url: str = option(
        "",
        Url(),
        "Only for a service that does not say by itself where its parts are; then token_url and jwks_url too.",
    )
    token_url: str = option("", Url(), "Where the service gives out tokens; see authorization_url.")
    jwks_url: str = option("", Url(), "Where the service publishes its keys; see authorization_url.")
    userinfo_url: str = option("", Url(), "Where the service tells names and e-mail addresses, if its tokens do not.")


@dataclass(frozen=True, slots=True)
class GithubSection:
    """Signing in with a GitHub account. Needs [server] public_url."""

    client_id: str = option("", Text(255), _ID)
    client_secret: Secret = option(Secret(""), SecretText(), _SECRET)
    client_secret_file: str = option("", FilePath(), _SECRET_FILE)
    allow: tuple[str, ...] = option((), Words(), _ALLOW)
    create: bool = option(False, Switch(), _CREATE)
    url: str = option("https://github.com", Url(), "Another address for GitHub Enterprise.")
    api_url: str = option(
        "https://api.github.com", Url(), "Its interface for programs; for GitHub Enterprise <url>/api/v3."
    )


@dataclass(frozen=True, slots=True)
class GoogleSection:
    """Signing in with a Google account. Needs [server] public_url."""

    client_id: str = option("", Text(255), _ID)
    client_secret: Secret = option(Secret(""), SecretText(), _SECRET)
    client_secret_file: str = option("", FilePath(), _SECRET_FILE)
    hosted_domain: str = option("", Text(255), "Only accounts of this Google Workspace domain. Empty: any account.")
    allow: tuple[str, ...] = option((), Words(), _ALLOW)
    create: bool = option(False, Switch(), _CREATE)
    issuer: str = option("https://accounts.google.com", Url(), "Where Google says where its parts are.")


Module = OidcSection | GithubSection | GoogleSection
Missing = tuple[str, str]  # a key, and what is wrong with it


def is_on(module: Module) -> bool:
    """Is that way in configured?"""
    return bool(module.client_id)


def wrong_with(module: Module, public_url: str) -> Iterator[Missing]:
    """What a module that is on still needs, or has wrong."""
    if not is_on(module):
        return
    if not public_url:
        yield "client_id", "needs [server] public_url, so that the service can send people back; add it"
    if bool(module.client_secret.text) == bool(module.client_secret_file):
        yield "client_id", "needs client_secret_file or client_secret, and not both; add one of them"
    if module.create and not module.allow:
        yield "create", "would let everybody in who has an account there; say who in allow"
    if isinstance(module, OidcSection):
        yield from _wrong_with_oidc(module)
    for key in ("issuer", "authorization_url", "token_url", "jwks_url", "userinfo_url", "url", "api_url"):
        if (url := getattr(module, key, "")) and not is_safe(url):
            yield key, "must begin with https://, or the secret could be read on the way; write that"


def _wrong_with_oidc(module: OidcSection) -> Iterator[Missing]:
    if not module.issuer:
        yield "client_id", "needs issuer, the address of the service; add it"
    if "openid" not in module.scope.split():
        yield "scope", "lacks openid; write: openid profile email"
    own = (module.authorization_url, module.token_url, module.jwks_url)
    if any(own) and not all(own):
        yield "client_id", "needs all of authorization_url, token_url and jwks_url, or none of them"


def is_safe(url: str) -> bool:
    """May a secret go there? Over TLS, or to this very box; and it can stand in a header as it is."""
    if not PLAIN.fullmatch(url):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return (parts.scheme == "https" and bool(parts.hostname)) or (
        parts.scheme == "http" and is_loopback(parts.hostname or "")
    )


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
