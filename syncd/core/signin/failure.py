"""Why signing in with another service's account did not work."""

from __future__ import annotations

from enum import StrEnum

from syncd.errors import Unauthenticated


class Why(StrEnum):
    """What a person is told; the words for it are the page's. Nothing of what the service said is in it."""

    STALE = "stale"  # begun too long ago, in another browser, or finished already
    DENIED = "denied"  # the service says no, or the person did
    SERVICE = "service"  # the service is not reached, or answers nonsense
    CLOCK = "clock"  # the box does not know how late it is
    STRANGER = "stranger"  # nobody here has that account
    NOT_ALLOWED = "not-allowed"  # `allow` does not name it
    TAKEN = "taken"  # that account is somebody else's already
    FULL = "unavailable"  # the disk is not there, so nobody can be added


class SignInFailed(Unauthenticated):
    """*why* is for the person; *detail* for the log, without codes, tokens or secrets."""

    code = "sign_in_failed"

    def __init__(self, why: Why, detail: str) -> None:
        super().__init__("signing in with that service did not work; try again")
        self.why = why
        self.detail = detail
