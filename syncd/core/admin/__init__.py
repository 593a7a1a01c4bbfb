"""What an administrator can wish for, each wish a frozen dataclass that knows how it is granted.

A wish is granted by whoever may write the databases: the daemon while one runs (`workers/control.py` takes it from
the command line over a socket), else the command line itself. Both do the same.

wish     what a wish is, and its form as JSON
people   users and devices
bin      what lies in the trash
disputes conflicts
volume   the disk as a whole: how it is, checks, scans, a new index
"""

from __future__ import annotations

from syncd.core.admin.bin import EmptyTrash, RestoreTrashed, SizeOfTrash, TrashPage
from syncd.core.admin.disputes import ListConflicts, ResolveConflict
from syncd.core.admin.people import (
    AddDevice,
    AddUser,
    FindUser,
    ListDevices,
    ListUsers,
    RemoveUser,
    RevokeDevice,
    SetPassword,
)
from syncd.core.admin.volume import CheckFiles, RebuildIndex, ScanTrees, ShowStatus
from syncd.core.admin.wish import Wish

__all__ = [
    "WISHES",
    "AddDevice",
    "AddUser",
    "CheckFiles",
    "EmptyTrash",
    "FindUser",
    "ListConflicts",
    "ListDevices",
    "ListUsers",
    "RebuildIndex",
    "RemoveUser",
    "ResolveConflict",
    "RestoreTrashed",
    "RevokeDevice",
    "ScanTrees",
    "SetPassword",
    "ShowStatus",
    "SizeOfTrash",
    "TrashPage",
]

WISHES: dict[str, type[Wish[object]]] = {
    kind.__name__: kind
    for kind in (
        *(AddUser, ListUsers, FindUser, SetPassword, RemoveUser, AddDevice, ListDevices, RevokeDevice),
        *(TrashPage, SizeOfTrash, RestoreTrashed, EmptyTrash),
        *(ListConflicts, ResolveConflict),
        *(ShowStatus, CheckFiles, ScanTrees, RebuildIndex),
    )
}
