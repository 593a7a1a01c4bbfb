"""What an administrator can wish for, each wish a frozen dataclass that knows how it is granted.

A wish is granted by whoever may write the databases: the daemon while one runs (`workers/control.py` takes it from
the command line over a socket), else the command line itself. Both do the same.

wish     what a wish is, and its form as JSON
people   users and devices
log_ins  log-ins, and accounts at other services
bin      what lies in the trash
disputes conflicts
apps     settings that apps keep here, and their keys
volume   the disk as a whole: how it is, checks, scans, a new index
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from syncd.core.admin.wish import Wish

# Named by text, because a daemon that nobody commands need not hold them (measured: tests/limits/test_memory.py).
WISHES: dict[str, tuple[str, ...]] = {
    "log_ins": ("EndLogIns", "LinkAccount", "UnlinkAccount", "ListAccounts"),
    "people": (
        *("AddUser", "ListUsers", "FindUser", "SetPassword", "RemoveUser"),
        *("AddDevice", "ListDevices", "RevokeDevice"),
    ),
    "bin": ("TrashPage", "SizeOfTrash", "RestoreTrashed", "EmptyTrash"),
    "disputes": ("ListConflicts", "ResolveConflict"),
    "apps": ("RotateKey", "ListKeys", "RevokeKey", "ListSaves", "ShowSave", "RestoreSave"),
    "volume": ("ShowStatus", "CheckFiles", "ScanTrees", "RebuildIndex"),
}


def kind_of(name: str) -> type[Wish[object]]:
    """The wish called *name*; raises KeyError."""
    for module, names in WISHES.items():
        if name in names:
            kind: type[Wish[object]] = getattr(importlib.import_module(f"{__name__}.{module}"), name)
            return kind
    raise KeyError(name)
