"""A folder that stands for an OpenWrt box, and its init script run there under a small shell."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.daemon import ROOT

FILES = ROOT / "openwrt" / "files"
INIT = FILES / "syncd.init"
RC_COMMON = Path(__file__).with_name("rc.common")
SHELLS = {"ash": ("busybox", "ash"), "dash": ("dash",)}
PROGRAM = f"""#!/bin/sh
cd '{ROOT}' && exec '{sys.executable}' -m syncd "$@"
"""

Sections = Iterable[tuple[str, str | None, Iterable[tuple[str, str | list[str]]]]]  # type, name, options


def quoted(value: str) -> str:
    """*value* as `uci export` writes it."""
    return "'" + value.replace("'", "'\\''") + "'"


def uci(sections: Sections) -> str:
    """A file of /etc/config; a list of values becomes `list` lines."""
    lines = ["package syncd", ""]
    for kind, name, options in sections:
        lines.append(f"config {kind}" + (f" {quoted(name)}" if name is not None else ""))
        for key, value in options:
            word, values = ("option", [value]) if isinstance(value, str) else ("list", value)
            lines += [f"\t{word} {key} {quoted(one)}" for one in values]
        lines.append("")
    return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one command: paths are as on the box."""

    status: int
    out: str
    err: str
    log: str  # "daemon.LEVEL: TEXT", a line each
    calls: list[str]


class Box:
    """One box with the settings *sections*; *shell* runs its init script."""

    def __init__(self, root: Path, shell: str, *, real: bool = False) -> None:
        self.root = root
        self._shell = SHELLS[shell]
        self.conf = root / "var/etc/syncd/syncd.conf"
        for folder in ("etc/config", "etc/syncd/state", "usr/bin", "mnt/disk/syncd/.syncd"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        self.program = root / "usr/bin/syncd"
        self.program.write_text(PROGRAM if real else "#!/bin/sh\nexit 0\n")
        self.program.chmod(0o755)
        shutil.copy(FILES / "syncd.config", root / "etc/config/syncd")

    def set_up(self) -> None:
        """As after `syncd init`, for a script that only looks whether these are there."""
        (self.root / "etc/syncd/state/accounts.db").touch()
        (self.root / "mnt/disk/syncd/.syncd/volume-id").touch()

    def configure(self, sections: Sections) -> None:
        (self.root / "etc/config/syncd").write_text(uci(sections), encoding="utf-8")

    @property
    def disk(self) -> str:
        """What to give as `storage.path`."""
        return str(self.root / "mnt/disk/syncd")

    def run(self, command: str) -> Outcome:
        """`/etc/init.d/syncd COMMAND`."""
        for file in ("calls", "log"):
            (self.root / file).write_text("")
        done = subprocess.run(
            [*self._shell, str(RC_COMMON), str(INIT), command, str(self.root)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )
        texts = (done.stdout, done.stderr, (self.root / "log").read_bytes(), (self.root / "calls").read_bytes())
        out, err, log, calls = (text.decode("utf-8", "replace").replace(str(self.root), "") for text in texts)
        return Outcome(done.returncode, out, err, log, calls.splitlines())
