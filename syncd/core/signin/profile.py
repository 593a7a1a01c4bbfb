"""What another service says of somebody, whom the owner lets in, and what a newcomer is called. Pure decisions."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from syncd.core.names import home_of
from syncd.core.signin.failure import Why
from syncd.errors import BadName
from syncd.model import RESERVED

NAME_CHARACTERS = 40
LABEL_CHARACTERS = 100


@dataclass(frozen=True, slots=True)
class Profile:
    """Somebody, as a service knows them. *issuer* and *subject* are for ever, everything else may change."""

    issuer: str
    subject: str
    names: tuple[str, ...] = ()  # what they may be called, the best first
    emails: tuple[str, ...] = ()  # those the service has verified, and no others

    @property
    def label(self) -> str:
        """How a person tells this account from another: an e-mail address, a name or the subject."""
        words = (*self.emails, *self.names, self.subject)
        return next(found for one in words if (found := _printable(one)))


def is_allowed(profile: Profile, allow: tuple[str, ...]) -> bool:
    """Does *allow* name it: its subject, one of its e-mail addresses, or `@domain` of one? In any case of letters."""
    emails = {email.lower() for email in profile.emails if email.count("@") == 1}
    domains = {email[email.index("@") :] for email in emails}
    return any(one == profile.subject if "@" not in one else one.lower() in emails | domains for one in allow)


def refusal(*, is_known: bool, allowed: bool, allow: tuple[str, ...], create: bool) -> Why | None:
    """Why somebody may not enter; None if they may.

    *is_known*: their account is linked to a user. A list that names anybody counts for those as well, so that taking
    somebody off it works. A newcomer enters only where users are made of them, and the list names them.
    """
    if allow and not allowed:
        return Why.NOT_ALLOWED
    return None if is_known or (create and allowed) else Why.STRANGER


def names_for(profile: Profile) -> Iterator[str]:
    """Names for a newcomer, the best first and without end: that of an existing user is never taken over."""
    words = (*profile.names, *(email.partition("@")[0] for email in profile.emails), profile.subject, "guest")
    best = next(safe for word in words if (safe := _safe(word)))
    yield best
    for number in count(2):
        yield f"{best}-{number}"


def _safe(word: str) -> str:
    """*word* as a user name, without what a folder's name should not hold; '' if nothing is left."""
    kept = "".join(ch if ch.isalnum() or ch in "-_. " else "-" for ch in _printable(word))
    name = kept.strip("-_. ")[:NAME_CHARACTERS].strip("-_. ")
    try:
        return "" if not name or home_of(name) in RESERVED else name
    except BadName:
        return ""


def _printable(text: str) -> str:
    """*text* on one line, without marks that turn or hide letters, not too long."""
    composed = unicodedata.normalize("NFC", text.encode(errors="ignore").decode())
    shown = "".join(ch if ch.isprintable() else " " for ch in composed if unicodedata.category(ch) != "Cf")
    return " ".join(shown.split())[:LABEL_CHARACTERS]
