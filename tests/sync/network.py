"""A network that loses, delays and repeats requests; a witness hears also what no device does."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

from tests.phone import Answer
from tests.sync.api import Api, Request
from tests.sync.witness import UPLOAD, Witness


class Fate(Enum):
    """What the network does with a request."""

    ANSWERED = auto()
    LOST = auto()  # it is carried out, the device never hears of it
    LATE = auto()  # it does not arrive now; perhaps later, when everything has changed
    CUT = auto()  # the socket is closed as soon as it is sent: nobody knows


@dataclass(frozen=True, slots=True)
class Sent:
    """A request and who made it."""

    api: Api
    request: Request
    wanted: tuple[int, ...]


@dataclass(slots=True)
class Network:
    """Carries what devices ask, with the *fate* that is set."""

    witness: Witness
    fate: Fate = Fate.ANSWERED
    sent: list[Sent] = field(default_factory=list)  # what may come a second time
    late: list[Sent] = field(default_factory=list)  # what has not come yet

    def __call__(self, api: Api, request: Request, *wanted: int) -> Answer | None:
        sent = Sent(api, request, wanted)
        match self.fate:
            case Fate.LATE:
                self.late.append(sent)
                return None
            case Fate.CUT if not request.target.endswith(UPLOAD):  # else a session that nobody could cancel
                self.witness.doubts(api.token, request)
                api.abandon(request).close()
                return None
        answer = self.deliver(sent)
        return None if self.fate is Fate.LOST else answer

    def deliver(self, sent: Sent, *also_wanted: int) -> Answer:
        """The server's answer, as the witness hears it."""
        answer = sent.api.ask(sent.request)
        told = (sent.request.method, sent.request.target, answer.status, answer.body[:300])
        assert answer.status in (*sent.wanted, *also_wanted), told
        if answer.status < 300 or answer.status in sent.wanted:
            self.witness.hears(sent.api.token, sent.request, answer)
        if not sent.request.target.endswith("/ack"):  # coming twice, they would crowd out what matters
            self.sent.append(sent)
        return answer

    def deliver_late(self, at: int) -> None:
        """One of those that were delayed comes at last."""
        if self.late:
            # An upload that has been completed, or cancelled, since.
            self.deliver(self.late.pop(at % len(self.late)), 404, 409, 412)

    def repeat(self, at: int) -> None:
        """One that was carried out comes again."""
        if self.sent:
            self.deliver(self.sent[at % len(self.sent)], 404, 409, 412)
