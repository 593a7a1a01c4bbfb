"""Log-in attempts: slow for whoever guesses, unnoticed by whoever mistypes. In memory; needs no other service."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from syncd.errors import TooManyAttempts

FREE_FAILURES = 5  # per account and address
MAX_WAIT_S = 300
FORGET_S = 3600
ADDRESS_PER_MINUTE = 30
ALL_PER_MINUTE = 100
KEPT = 4096  # account-address pairs remembered at most; the oldest go first


def wait_after(failures: int) -> int:
    """Seconds to wait after that many failures in a row: none for the first five, then 1, 2, 4 … 300."""
    over = failures - FREE_FAILURES
    return 0 if over < 0 else min(MAX_WAIT_S, 2 ** min(over, 20))


@dataclass(slots=True)
class _Failures:
    count: int
    last: float  # monotonic seconds


class Throttle:
    """Call `require` before an attempt, `failed` or `succeeded` after it. Another address is never locked out."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._failures: OrderedDict[tuple[str, str], _Failures] = OrderedDict()
        self._recent: dict[str, list[float]] = {}

    def require(self, account: str, address: str) -> None:
        """Raises TooManyAttempts, with the seconds to wait, when this attempt comes too soon."""
        now = self._monotonic()
        known = self._failures.get((account, address))
        if known is not None and now - known.last > FORGET_S:
            del self._failures[account, address]
        elif known is not None and (left := known.last + wait_after(known.count) - now) > 0:
            raise TooManyAttempts("too many wrong passwords; wait a little", retry_s=int(left) + 1)
        self._count(address, ADDRESS_PER_MINUTE, now)
        self._count("", ALL_PER_MINUTE, now)

    def _count(self, address: str, most: int, now: float) -> None:
        recent = [one for one in self._recent.get(address, ()) if now - one < 60]
        if len(recent) >= most:
            raise TooManyAttempts("too many log-ins; wait a minute", retry_s=int(60 - (now - recent[0])) + 1)
        recent.append(now)
        self._recent[address] = recent
        if len(self._recent) > KEPT:
            self._recent = {one: times for one, times in self._recent.items() if now - times[-1] < 60}

    def failed(self, account: str, address: str) -> None:
        known = self._failures.pop((account, address), _Failures(0, 0.0))
        self._failures[account, address] = _Failures(known.count + 1, self._monotonic())
        if len(self._failures) > KEPT:
            self._failures.popitem(last=False)

    def succeeded(self, account: str, address: str) -> None:
        """It was the right password: nobody tried anything out, so it does not count."""
        self._failures.pop((account, address), None)
        self._give_back(address)
        self._give_back("")

    def joined(self) -> None:
        """It made an account: nobody's password was tried out, so it counts for its address alone."""
        self._give_back("")

    def _give_back(self, address: str) -> None:
        if recent := self._recent.get(address):
            recent.pop()
            if not recent:
                del self._recent[address]
