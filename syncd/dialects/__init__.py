"""The doors. A dialect is one line here; it translates and decides nothing."""

from __future__ import annotations

from syncd.dialects import mobisync, signin, sxncd, sync, syncfile
from syncd.dialects.dialect import Dialect

DIALECTS: tuple[Dialect, ...] = (mobisync.DIALECT, sync.DIALECT, signin.DIALECT, sxncd.DIALECT, syncfile.DIALECT)
