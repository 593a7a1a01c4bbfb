"""The folder client as one file, on a computer that has no server."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.daemon import PASSWORD, Daemon
from tests.sync.api import Api, sha256
from tools.client import build

pytestmark = pytest.mark.slow


def test_one_file_pairs_and_syncs(server: Daemon, user: str, api: Api, tmp_path: Path) -> None:
    program = tmp_path / "syncd-client.pyz"
    build(program)
    held = {name.split("/")[1] for name in zipfile.ZipFile(program).namelist() if name.startswith("syncd/")} - {""}
    assert held == {"__init__.py", "model.py", "errors.py", "clock.py", "client"}

    def run(*args: str, told: str = "") -> str:
        command = [sys.executable, str(program), *args, "--credentials", str(tmp_path / "keys.json")]
        done = subprocess.run(command, input=told, capture_output=True, text=True, timeout=60, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("pair", server.url, "--user", user, "--password-stdin", told=f"{PASSWORD}\n")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "x.txt").write_text("from afar")
    run("sync", str(folder), "--once")
    assert api.live() == {"x.txt": sha256(b"from afar")}
