"""What docs/sxncd.md tells people to paste does what it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.daemon import ROOT, USER, Daemon

PAGE = (Path(ROOT) / "docs" / "sxncd.md").read_text("utf-8")


@pytest.mark.slow
def test_the_lines_to_paste_do_what_the_page_says(server: Daemon, tmp_path: Path) -> None:
    script = PAGE.partition("can be pasted")[2].partition("and are answered with")[0]
    lines = [line for line in script.splitlines() if line.startswith("    ")]
    shown = re.search(r'^ {4}(\{"success".*)$', PAGE, re.MULTILINE)
    assert shown is not None and len(lines) == 4
    command = tmp_path / "syncd"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m syncd "$@" --config {server.conf}\n')
    command.chmod(0o755)
    text = "\n".join(lines).replace("http://127.0.0.1:8420", server.url).replace("anna", USER)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(["sh", "-euc", text], capture_output=True, text=True, env=environment, check=False)
    assert (done.stdout, done.returncode) == (shown[1], 0), done.stderr


@pytest.mark.parametrize("path", ["syncd key revoke", "syncd key list", "syncd settings list", "syncd settings show"])
def test_the_commands_it_names_are_there(path: str) -> None:
    assert path in PAGE
    done = subprocess.run([sys.executable, "-m", *path.split(), "--help"], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0
