"""Log-ins at another service that were begun and are not finished.

A ticket lives in a cookie of the browser that began, signed with a key that lives as long as the daemon: what is begun
and given up costs nothing here, and nobody can finish what another browser began. It is good for one attempt.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from syncd.core.signin.failure import SignInFailed, Why

GOOD_FOR_S = 600
REMEMBERED = 4096  # used tickets; each needed a log-in at the service
MOST_CHARACTERS = 2048


def _random() -> str:
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True)
class Ticket:
    """One begun log-in. *session* is the hash (hex) of the log-in that wants to link an account, '' to sign in."""

    module: str
    began_s: float  # monotonic
    session: str = ""
    state: str = field(default_factory=_random)
    nonce: str = field(default_factory=_random)
    verifier: str = field(default_factory=_random)

    @property
    def challenge(self) -> str:
        """What the service is told of the verifier (RFC 7636 §4.2, S256)."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class Tickets:
    """Gives out tickets and takes each back once."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._key = secrets.token_bytes(32)
        self._used: OrderedDict[str, float] = OrderedDict()

    def issue(self, module: str, session: bytes = b"") -> tuple[Ticket, str]:
        """A new ticket, and its form for the cookie."""
        ticket = Ticket(module, self._monotonic(), session.hex())
        body = base64.urlsafe_b64encode(json.dumps(asdict(ticket)).encode()).decode()
        return ticket, f"{body}.{self._mac(body)}"

    def redeem(self, cookie: str, module: str, state: str) -> Ticket:
        """The ticket in *cookie*, if it is for that module and state; raises SignInFailed."""
        body, _, mac = cookie.partition(".")
        if len(cookie) > MOST_CHARACTERS or not hmac.compare_digest(mac.encode(), self._mac(body).encode()):
            raise SignInFailed(Why.STALE, "no ticket, or one that was not given out here")
        ticket = Ticket(**json.loads(base64.urlsafe_b64decode(body)))
        now_s = self._monotonic()
        self._forget(now_s)
        if ticket.module != module or not hmac.compare_digest(ticket.state.encode(), state.encode(errors="replace")):
            raise SignInFailed(Why.STALE, "the state is not that of the browser's ticket")
        if now_s - ticket.began_s > GOOD_FOR_S or ticket.state in self._used:
            raise SignInFailed(Why.STALE, "the ticket is too old, or was used")
        self._used[ticket.state] = now_s
        return ticket

    def _mac(self, body: str) -> str:
        return hmac.new(self._key, body.encode(errors="replace"), "sha256").hexdigest()

    def _forget(self, now_s: float) -> None:
        while self._used and (len(self._used) >= REMEMBERED or now_s - next(iter(self._used.values())) > GOOD_FOR_S):
            self._used.popitem(last=False)
