"""What can go wrong in the client.

SyncError
├── Away       the server cannot be reached, or asks to wait; everything is tried again later
├── Refused    the server said no to one request
├── Unpaired   the server does not know this device any more: nothing will work
├── Changed    a file is not what was judged a moment ago; look again
├── Blocked    a file cannot be put where it belongs at the moment
├── Lost       the folder is gone; nothing may be concluded from what is not there
└── Misused    called in a way that cannot work
"""

from __future__ import annotations

from syncd.errors import SyncError


class Away(SyncError):
    code = "away"

    def __init__(self, text: str, retry_s: float = 0.0) -> None:
        """*retry_s*: not before that many seconds, if the server said so."""
        super().__init__(text)
        self.retry_s = retry_s


class Refused(SyncError):
    """*missing*: ranges of chunk numbers the server lacks, where that is the reason."""

    def __init__(self, status: int, code: str, text: str, missing: tuple[tuple[int, int], ...] = ()) -> None:
        super().__init__(text, code=code)
        self.status = status
        self.missing = missing


class Unpaired(SyncError):
    code = "unpaired"


class Changed(SyncError):
    code = "changed"


class Blocked(SyncError):
    code = "blocked"


class Lost(SyncError):
    code = "folder_lost"


class Misused(SyncError):
    code = "misused"
