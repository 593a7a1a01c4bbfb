"""Signed tokens (JWT, RFC 7519): HS256 with a key that never leaves the box.

The signature only says that a token was made here. Whether it still counts says the row of its `jti`, so that logging
out or revoking a device ends it at once; `iat` and `nbf` are not looked at: a router boots in the past.
"""

from __future__ import annotations

import importlib
import secrets
from dataclasses import dataclass
from types import ModuleType

from syncd.errors import Unauthenticated
from syncd.lean import allow_ssl
from syncd.model import User

ALGORITHM = "HS256"
MOST_CHARACTERS = 4096


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says, its signature checked."""

    jti: str
    expires_ms: int | None  # Unix ms; None: never


def _jwt() -> ModuleType:
    """PyJWT, once the first such token turns up: a box of phones with keys is spared the 1.4 MiB (measured: RSS)."""
    allow_ssl()  # PyJWT can also fetch keys over HTTPS, and brings all that along
    return importlib.import_module("jwt")


def looks_signed(token: str) -> bool:
    """Is it a JWT, and not one of the other tokens and keys (which have no dots)?"""
    return token.count(".") == 2


class Signer:
    """Makes and reads tokens."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def sign(self, user: User, device_id: str | None, now_ms: int, expires_ms: int | None) -> tuple[str, str]:
        """A new token, and its `jti`, which has 256 random bits."""
        jwt = _jwt()

        jti = secrets.token_hex(32)
        claims: dict[str, object] = {"sub": user.public_id, "jti": jti, "iat": now_ms // 1000, "scope": "user"}
        if device_id is not None:
            claims |= {"did": device_id, "scope": "device"}
        if expires_ms is not None:
            claims["exp"] = expires_ms // 1000
        return jwt.encode(claims, self._key, ALGORITHM), jti

    def read(self, token: str) -> Claims:
        """What *token* says; raises Unauthenticated unless this key signed it, with this algorithm."""
        jwt = _jwt()

        wrong = Unauthenticated("this token is not valid; sign in again")
        if len(token) > MOST_CHARACTERS:
            raise wrong
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[ALGORITHM],
                options={"require": ["jti"], "verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )
        except (jwt.PyJWTError, ValueError, RecursionError) as exc:
            raise wrong from exc
        jti, expires_s = claims["jti"], claims.get("exp")
        if not isinstance(jti, str) or not isinstance(expires_s, int | None):
            raise wrong
        return Claims(jti, expires_s * 1000 if expires_s is not None else None)
