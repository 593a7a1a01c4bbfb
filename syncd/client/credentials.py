"""The pairings of this computer: which server, as whom, with which token. One file, readable by its owner only."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from syncd.client.trouble import Misused

DEFAULT = Path("~/.config/syncd/credentials.json")


@dataclass(frozen=True, slots=True)
class Pairing:
    """A device of a user on a server; *token* is its secret."""

    server: str
    user: str
    device_id: str
    token: str


def address(text: str) -> str:
    """The server's address as it is written everywhere: no slash at the end; raises Misused."""
    url = text.rstrip("/") if "://" in text else f"http://{text.rstrip('/')}"
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise Misused(f"{text!r} is no address of a server; for example: http://192.168.1.1:8420")
    return url


def load(path: Path) -> dict[str, Pairing]:
    """All pairings by server; raises Misused for a file that others may read, or that is none."""
    try:
        with path.open(encoding="utf-8") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise Misused(f"others may read {path}, and it holds secrets; run: chmod 600 '{path}'")
            return {one["server"]: Pairing(**one) for one in json.load(file)["pairings"]}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError) as exc:
        raise Misused(f"{path} is damaged; move it away and pair again") from exc


def save(path: Path, pairing: Pairing) -> None:
    """Add *pairing*, in place of an older one with the same server."""
    pairings = {**load(path), pairing.server: pairing}
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump({"pairings": [asdict(one) for one in pairings.values()]}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def choose(path: Path, server: str | None) -> Pairing:
    """The pairing with *server*, or the only one; raises Misused."""
    pairings = load(path)
    if server is not None:
        wanted = address(server)
        if wanted not in pairings:
            raise Misused(f"this computer is not paired with {wanted}; run: syncd pair {wanted}")
        return pairings[wanted]
    if not pairings:
        raise Misused("this computer is not paired with a server yet; run: syncd pair URL")
    if len(pairings) > 1:
        raise Misused(f"say which server with --server: {', '.join(sorted(pairings))}")
    return next(iter(pairings.values()))
