"""`make run`: a daemon to try, in ./var, with a first user and a phone's address; Ctrl-C ends it.

Everything is kept in ./var, so the next run shows the same user, password and address. Remove ./var to begin anew.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
VAR = ROOT / "var"
CONFIG = VAR / "syncd.conf"
NOTE = VAR / "first-user.json"  # in clear, and so only for trying: the daemon itself keeps hashes
SYNCD = [sys.executable, "-m", "syncd", "--config", str(CONFIG)]
SERVER = "http://127.0.0.1:8420"
USER = "anna"


def main() -> None:
    """Prepare what is missing, say how to come in, and become the daemon."""
    VAR.mkdir(mode=0o700, exist_ok=True)
    for folder in ("state", "storage"):
        (VAR / folder).mkdir(mode=0o700, exist_ok=True)
    CONFIG.write_text(
        f"[server]\nlisten = 127.0.0.1:8420\nstate = {VAR}/state\n\n[storage]\npath = {VAR}/storage\n", "utf-8"
    )
    note = first_user()
    print(
        f"\n  server    {SERVER}\n  user      {USER}\n  password  {note['password']}\n  phone     {note['address']}\n"
    )
    draw(note["address"])
    print("  files     ./var/storage      in a second terminal: make try")
    print(f"  a folder in step, there, too: .venv/bin/syncd pair {SERVER} --user {USER}")
    print("                                .venv/bin/syncd sync FOLDER\n", flush=True)
    os.chdir(ROOT)
    os.execv(SYNCD[0], [*SYNCD, "serve"])


def first_user() -> dict[str, str]:
    """Make the volume, a user and a phone's key, or remember those of the last run."""
    note: dict[str, str] = json.loads(NOTE.read_text("utf-8")) if NOTE.exists() else {}
    if "password" not in note:
        password = secrets.token_urlsafe(9)
        syncd("init", "--user", USER, "--password-stdin", given=f"{password}\n")
        remember(note | {"user": USER, "password": password})
        return first_user()
    if "address" not in note:
        device = json.loads(syncd("device", "add", USER, "phone", "--json"))
        remember(note | {"address": f"{SERVER}/k/{device['key']}"})
        return first_user()
    return note


def remember(note: dict[str, str]) -> None:
    """Write NOTE, for its owner's eyes."""
    NOTE.touch(mode=0o600)
    NOTE.write_text(json.dumps(note, indent=2), "utf-8")


def syncd(*args: str, given: str = "") -> str:
    """What `syncd ARGS` prints; ends this program if it fails, as its message has been seen then."""
    done = subprocess.run([*SYNCD, *args], cwd=ROOT, input=given, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout


def draw(address: str) -> None:
    """The address as a QR code, if the package for it is there."""
    try:
        import segno
    except ImportError:
        return
    segno.make(address, error="l").terminal(compact=True)


if __name__ == "__main__":
    main()
