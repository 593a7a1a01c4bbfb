"""Which folders of this computer were in step before. One that is empty now is more likely a disk that is not there."""

from __future__ import annotations

import json
import os
from pathlib import Path

from syncd.client.names import OWN
from syncd.client.trouble import Misused


def require_there(note: Path, folder: Path) -> None:
    """Raise Misused when *folder* is in *note* and nothing is in it, not even the client's own folder."""
    if str(folder) in _noted(note) and not any(folder.iterdir()):
        raise Misused(
            f"{folder} was in step before and is empty now; is its disk there?"
            f" If it is to be filled again: mkdir '{folder / OWN}'"
        )


def remember(note: Path, folder: Path) -> None:
    """Add *folder* to *note*, a JSON string in each line."""
    if str(folder) in _noted(note):
        return
    note.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fd = os.open(note, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    with open(fd, "w", encoding="ascii") as file:
        file.write(json.dumps(str(folder)) + "\n")


def _noted(note: Path) -> set[str]:
    try:
        lines = note.read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return set()
    return {found for line in lines if isinstance(found := _string(line), str)}


def _string(line: str) -> object:
    try:
        return json.loads(line)
    except ValueError:
        return None
