"""The values that cross a layer: frozen, slotted, and proof of what was checked."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Self

from syncd.errors import BadName

NAME_BYTES = 255  # what ext4, XFS, exFAT and APFS all take for one name
PATH_BYTES = 4096  # PATH_MAX
PATH_DEPTH = 64
TRASH_DIR = ".trash"
# First segments of a user's tree that belong to the daemon, compared without case: an exFAT disk has none.
RESERVED = frozenset({TRASH_DIR, ".syncd"})


def check_name(name: str) -> str:
    """*name* if it can be one segment of a path; raises BadName, with the reason, if it cannot.

    Refuses rather than cleans: cleaning differs between doors, and that is how files get out.
    """
    if not name or name in (".", ".."):
        raise BadName("a name must not be empty, '.' or '..'")
    if any(ch in "/\\" or unicodedata.category(ch) in ("Cc", "Cs") for ch in name):
        raise BadName("a name must not contain '/', '\\', control characters or broken Unicode")
    if len(name.encode()) > NAME_BYTES:
        raise BadName(f"a name must not be longer than {NAME_BYTES} bytes")
    return name


@dataclass(frozen=True, slots=True)
class TreePath:
    """A path below a user's home, NFC. Building one by parse() is the check."""

    parts: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """The path *text* names, segments between '/'; raises BadName.

        Composing (NFC) comes before the check, so it cannot make a separator that was not looked at.
        """
        try:
            parts = tuple(unicodedata.normalize("NFC", text).split("/"))
        except UnicodeError as exc:
            raise BadName("a path must be valid Unicode") from exc
        for part in parts:
            check_name(part)
        return cls.checked(parts)

    @classmethod
    def checked(cls, parts: tuple[str, ...]) -> Self:
        """A path of *parts* that each passed check_name; raises BadName for the whole."""
        if not parts or len(parts) > PATH_DEPTH:
            raise BadName(f"a path has 1 to {PATH_DEPTH} segments")
        if sum(len(part.encode()) + 1 for part in parts) > PATH_BYTES:
            raise BadName(f"a path must not be longer than {PATH_BYTES} bytes")
        if parts[0].casefold() in RESERVED:
            raise BadName(f"{parts[0]!r} is kept for the server")
        return cls(parts)

    @property
    def name(self) -> str:
        return self.parts[-1]

    @property
    def parent(self) -> tuple[str, ...]:
        """The segments of the folder that holds it; empty at the top of the tree."""
        return self.parts[:-1]

    def renamed(self, name: str) -> TreePath:
        """The same folder, another name."""
        return TreePath.checked((*self.parts[:-1], check_name(name)))

    def __str__(self) -> str:
        return "/".join(self.parts)


Kind = Literal["image", "video", "audio"]


@dataclass(frozen=True, slots=True)
class MediaType:
    """What the first bytes say a file is; names and headers have no say."""

    kind: Kind
    mime: str


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a photo or video says of itself. Every field is untrusted and optional."""

    taken_ms: int | None = None  # Unix ms; camera clocks without a zone are read as UTC
    width: int | None = None  # pixels, upright
    height: int | None = None
    orientation: int | None = None  # EXIF 1..8, as found
    duration_ms: int | None = None
    camera: str | None = None
    latitude: float | None = None  # degrees, north positive
    longitude: float | None = None  # degrees, east positive


@dataclass(frozen=True, slots=True)
class Examination:
    """What one look at a file gave. `thumbnail` is a 250x250 PNG, upright, or None; `note` says why None."""

    metadata: Metadata
    thumbnail: bytes | None
    is_document: bool
    note: str = ""


class Reason(StrEnum):
    """Why something lies in the trash."""

    DELETED = "deleted"
    OVERWRITTEN = "overwritten"
    CONFLICT = "conflict"
    DOCUMENT = "document"


ClashKind = Literal["edit_edit", "edit_delete", "delete_edit"]  # what the device did, what the server had
ClashState = Literal["open", "client_wins", "keep_both", "resolved"]


@dataclass(frozen=True, slots=True)
class Clash:
    """A device's version of a path that met another one which it did not know."""

    id: int
    user_id: int
    device_id: str  # '' for a user without a device
    path: str
    kind: ClashKind
    local_hash: bytes  # b'': deleted
    server_hash: bytes  # b'': changed by another program and not read yet
    copy: str | None  # the conflicted copy, once the device's bytes are here
    detected_ms: int
    state: ClashState


@dataclass(frozen=True, slots=True)
class UploadSession:
    """An upload in chunks: what was agreed on, and what it came to."""

    id: str  # 32 hex digits
    user_id: int
    device_id: str | None
    path: str
    size: int  # bytes
    hash: bytes | None  # what it must have
    chunk_size: int  # bytes; the last chunk may be shorter
    mtime_ms: int | None
    base_hash: bytes | None  # the version the client knew
    known_seq: int  # without base_hash: it knew what was at or below this
    blocks: bytes | None  # SHA-256 of each chunk, one after the other
    received: bytes  # one byte per chunk: 1 when it is here
    created_ms: int
    touched_ms: int
    stored: str | None = None  # once completed: the path it got
    stored_hash: bytes | None = None
    seq: int | None = None
    conflict_id: int | None = None

    @property
    def chunk_count(self) -> int:
        return -(-self.size // self.chunk_size)

    def length_of(self, index: int) -> int:
        """Bytes of chunk *index*."""
        return min(self.chunk_size, self.size - index * self.chunk_size)

    def block(self, index: int) -> bytes | None:
        """The SHA-256 that chunk *index* must have, if announced."""
        return self.blocks[32 * index : 32 * index + 32] if self.blocks is not None else None


@dataclass(frozen=True, slots=True)
class User:
    id: int  # the row; what the index refers to
    public_id: str  # 32 hex digits; what clients are told
    name: str  # as it was typed at creation
    home: str  # folder name on the volume, fixed at creation
    role: str  # admin or user
    has_password: bool
    created_ms: int
    is_open: bool  # no password, and none is needed where the owner lets names do


@dataclass(frozen=True, slots=True)
class Device:
    id: str  # UUID
    user_id: int
    name: str
    kind: str  # phone, tablet, desktop, laptop, server, other
    created_ms: int
    seen_ms: int | None
    enabled: bool
    client_version: str = ""
    os_info: str = ""


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a device said last that it has applied the feed."""

    seq: int
    acked_ms: int


@dataclass(frozen=True, slots=True)
class Moment:
    """When something was handed out, on a box whose clock may be wrong."""

    wall_ms: int  # Unix ms
    uptime_s: int  # uptime of the box by then, over all its runs
    is_dated: bool  # the clock was trusted then


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: a user, through a session or through a device's key."""

    user: User
    device_id: str | None = None
    token: bytes = b""  # what is kept of the token that was shown: its SHA-256


@dataclass(frozen=True, slots=True)
class Entry:
    """The index row of a path; the row *is* the feed's latest change of it.

    A file, a folder that was made, or a tombstone. Folders that merely lead to files have no row.
    """

    seq: int
    user_id: int
    path: str
    live: bool  # False: a tombstone
    hash: bytes | None  # SHA-256, 32 bytes; None for a tombstone and for a folder
    size: int | None  # bytes
    disk_mtime_ns: int | None  # as the file system gives it back; differs: changed outside
    device_id: str | None
    born_seq: int  # the change that brought the path to life
    changed_ms: int
    moved_from: str | None = None
    moved_to: str | None = None
    verified_ms: int | None = None
    node: int = 0  # identity: kept over moves and new versions, never given to another thing
    born_ms: int = 0  # Unix ms: when the thing was born, wherever that was

    @property
    def is_file(self) -> bool:
        return self.live and self.hash is not None

    @property
    def is_folder(self) -> bool:
        return self.live and self.hash is None


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder: one that was made, or (`node` None) one that is there because files are below it."""

    path: str
    node: int | None
    born_ms: int


@dataclass(frozen=True, slots=True)
class Trashed:
    """One file in the trash; `place` is where it lies below `<home>/.trash/`."""

    id: int
    user_id: int
    place: str
    original: str  # the path it had
    hash: bytes
    size: int
    disk_mtime_ns: int
    reason: Reason
    device_id: str | None
    trashed_ms: int
