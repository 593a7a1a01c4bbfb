"""`syncd status`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from syncd.cli.owner import box
from syncd.cli.tables import as_json, day, several, size
from syncd.cli.wishes import granted
from syncd.core.admin.volume import Holdings, ShowStatus, Status


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: syncd status --json"
    parser.add_argument("--json", action="store_true", help="print a JSON object")
    parser.set_defaults(run=status)


def status(args: argparse.Namespace) -> int:
    """Print how the service is."""
    found = granted(box(args), ShowStatus())
    print(as_json(found) if args.json else "\n".join(f"{name + ':':10} {text}" for name, text in _lines(found)))
    return 0


def _lines(found: Status) -> Iterator[tuple[str, str]]:
    yield "version", found.version
    yield "daemon", "runs" if found.daemon is not None else "does not run; start it with: syncd serve"
    yield "volume", f"{found.storage}: {found.volume}"
    if found.holdings is not None:
        yield from _held(found.holdings)
    else:
        yield "", "connect the disk, or see: syncd doctor"
    trust = "trusted" if found.clock_trusted else "not trusted, so nothing expires; set it, or wait for NTP"
    yield "clock", f"{day(found.clock_ms)}, {trust}"
    for name, value in (found.daemon or {}).items():
        yield name, "not known yet" if value is None else str(value)


def _held(held: Holdings) -> Iterator[tuple[str, str]]:
    yield "room", f"{size(held.room.free)} free of {size(held.room.total)}"
    yield "changes", str(held.seq)
    for user in held.users:
        yield "user", f"{user.name}: {several(user.files, 'file')}, {size(user.size)}, in {user.folder}/"
    yield "trash", f"{several(held.trash.files, 'file')}, {size(held.trash.size)}"
