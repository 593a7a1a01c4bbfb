"""How the commands of this package, and those built on it, end: an exit code, and a line for what went wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable

from bundle import BundleError


def ended(name: str, work: Callable[[], object]) -> int:
    """Do *work*; the exit code of the command *name*. What a person can put right is a line on standard error."""
    try:
        work()
    except BundleError as exc:
        print(f"{name}: {exc}", file=sys.stderr)
        return 1
    except OSError as exc:
        hint = "; only root, or who owns that place, may do this" if isinstance(exc, PermissionError) else ""
        print(f"{name}: {exc.filename or 'the system'}: {exc.strerror or exc}{hint}", file=sys.stderr)
        return 1
    return 0
