"""LuCI's back end for syncd, called as rpcd calls it: the real script, a real syncd behind it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.daemon import ROOT, Daemon
from tests.packaging.openwrt import SHELLS

APP = ROOT / "openwrt" / "luci-app-syncd"
SCRIPT = APP / "root/usr/libexec/rpcd/syncd"

# What OpenWrt has for JSON in shell scripts: as much of it as the script uses, on a real parser.
JSHN = f"""
json_init() {{ json_pairs=""; }}
json_add_string() {{ json_pairs="$json_pairs $(printf '%s\\0%s' "$1" "$2" | {sys.executable} -I -S -c '
import json, sys
key, _, value = sys.stdin.buffer.read().decode("utf-8", "replace").partition("\\0")
print(json.dumps({{key: value}}))')"; }}
json_dump() {{ printf '%s\n' "$json_pairs"; }}
"""
JSONFILTER = f"""#!{sys.executable} -IS
import json, sys
[_, option, path] = sys.argv
assert option == "-e" and path.startswith("@.")
try:
    found = json.load(sys.stdin).get(path[2:])
except ValueError:
    found = None
if found is None:
    sys.exit(1)
print(found if isinstance(found, str) else json.dumps(found))
"""
RECORDER = """#!/bin/sh
for one in "$@"; do printf '%s\\0' "$one"; done >"$0.arguments"
cat >"$0.stdin"
echo '{}'
"""
INIT = """#!/bin/sh
echo "$1" >>"$0.calls"
case "$1" in
check | can_start) cat "$0.check" && [ ! -s "$0.check" ] ;;
esac
"""


class Rpcd:
    """The script under *shell*, for the box of *daemon*, or with a program that only notes how it was called."""

    def __init__(self, folder: Path, shell: str, daemon: Daemon | None) -> None:
        self.folder = folder
        folder.mkdir()
        self._program, self.service, jshn = folder / "program", folder / "service", folder / "jshn.sh"
        self.typed = folder / "typed"  # every command line of the real program
        real = (
            f"#!/bin/sh\nprintf '%s\\n' \"$*\" >>'{self.typed}'\ncd '{ROOT}'\nexec '{sys.executable}' -m syncd \"$@\""
        )
        self._write(self._program, RECORDER if daemon is None else f"{real} --config '{daemon.conf}'\n")
        self._write(self.service, INIT)
        self.complain("")
        self._write(folder / "jsonfilter", JSONFILTER)
        jshn.write_text(JSHN)
        text = SCRIPT.read_text()
        for place, path in (
            ("/usr/bin/syncd", self._program),
            ("/etc/init.d/syncd", self.service),
            ("/usr/share/libubox/jshn.sh", jshn),
        ):
            assert text.count(place) == 1
            text = text.replace(place, str(path))
        self._script = folder / "script"
        self._script.write_text(text)
        self._shell = SHELLS[shell]

    @staticmethod
    def _write(path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o755)

    def complain(self, text: str) -> None:
        """What `/etc/init.d/syncd can_start` says from now on; empty: nothing is wrong."""
        self.service.with_name("service.check").write_text(text)

    @property
    def noted(self) -> tuple[list[str], str]:
        """The arguments of the last call, and what it got on its standard input; nothing when there was none."""
        arguments, stdin = (self._program.with_name(f"program.{name}") for name in ("arguments", "stdin"))
        if not arguments.exists():
            return [], ""
        return arguments.read_text().split("\0")[:-1], stdin.read_text()

    def run(self, *args: str, input: str = "") -> str:
        """The script's standard output; it has to end well and be quiet otherwise."""
        done = subprocess.run(
            [*self._shell, str(self._script), *args],
            input=input.encode(),
            capture_output=True,
            cwd=self.folder,
            env={"PATH": f"{self.folder}:/usr/bin:/bin", "LANG": "C.UTF-8"},
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, b""), done
        return done.stdout.decode()

    def call(self, method: str, **arguments: object) -> dict[str, object]:
        """What LuCI gets."""
        answer: dict[str, object] = json.loads(self.run("call", method, input=json.dumps(arguments)))
        return answer
