"""What can go wrong, without HTTP. One table in `web/errors.py` gives each its status.

SyncError                    our fault, or not yet thought of
├── BadRequest               the request is malformed; the text says what to send instead
│   ├── BadName              a user, device, file or path name that cannot be stored
│   └── ChunksMissing        an upload is not whole; `missing` says what it lacks
├── NotMedia                 bytes that are no photo, video or sound
├── Unauthenticated          nobody, or a dead token
├── Forbidden                somebody, but not allowed
├── NotFound
├── Expired                  what it refers to is remembered no more: begin anew
├── Conflict                 the place is taken, or the state forbids it
├── TooLarge                 over a limit; the text names it
├── TooManyAttempts          log-in throttled; try again after `retry_s`
├── TooManySessions          too many uploads are open; try again after `retry_s`
├── Busy                     every slot is taken; try again after `retry_s`
├── StorageFull              no room; nothing was written
├── StorageFailed            the disk answered an error; the volume is suspect
├── VolumeUnavailable        the disk is absent, foreign or read-only; try again after `retry_s`
└── IndexBroken              the index cannot be used as it is; the text says what to run
    └── IndexDamaged         its file is corrupt: set aside, and built anew from the files
"""


class SyncError(Exception):
    """Base of all; *text* is fit for a stranger's eyes: no host path, no traceback."""

    code = "internal_error"

    def __init__(
        self, text: str = "something went wrong; the log of the server knows more", *, code: str | None = None
    ) -> None:
        """*code* is for programs: a more telling one than that of the class."""
        super().__init__(text)
        self.text = text
        if code is not None:
            self.code = code


class BadRequest(SyncError):
    code = "bad_request"


class BadName(BadRequest):
    code = "bad_name"


class ChunksMissing(BadRequest):
    """*missing* are ranges of chunk numbers, first and last."""

    code = "chunks_missing"

    def __init__(self, missing: tuple[tuple[int, int], ...]) -> None:
        super().__init__("some chunks are not here yet; send them and complete again")
        self.missing = missing


class NotMedia(SyncError):
    code = "not_media"


class Unauthenticated(SyncError):
    code = "unauthenticated"


class Forbidden(SyncError):
    code = "forbidden"


class NotFound(SyncError):
    code = "not_found"


class Expired(SyncError):
    code = "expired"


class Conflict(SyncError):
    code = "conflict"


class TooLarge(SyncError):
    code = "too_large"


class _Later(SyncError):
    """An error that passes by itself; *retry_s* says when to ask again (whole seconds)."""

    def __init__(self, text: str, retry_s: int = 5) -> None:
        super().__init__(text)
        self.retry_s = retry_s


class TooManyAttempts(_Later):
    code = "too_many_attempts"


class TooManySessions(_Later):
    code = "too_many_sessions"


class Busy(_Later):
    code = "busy"


class StorageFull(SyncError):
    code = "storage_full"


class StorageFailed(_Later):
    code = "storage_failed"


class VolumeUnavailable(_Later):
    code = "volume_unavailable"


class IndexBroken(SyncError):
    code = "index_broken"


class IndexDamaged(IndexBroken):
    code = "index_damaged"
