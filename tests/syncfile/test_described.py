"""The lines for a shell in docs/syncfile.md do what they say."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import MakeDaemon
from tests.daemon import PASSWORD

PAGE = Path(__file__).parents[2] / "docs" / "syncfile.md"
CODES = [1100, 1100, 1210, 1200, 1150, 1130, 1140]


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not here")
def test_the_lines_for_a_shell_work(daemon: MakeDaemon, tmp_path: Path) -> None:
    page = PAGE.read_text("utf-8").partition("## In a shell")[2].partition("## Calls")[0]
    lines = "\n".join(line[4:] for line in page.splitlines() if line.startswith("    "))
    assert PASSWORD in lines  # as this daemon's users have it
    server = daemon()
    server.add_user("anna")
    script = "set -eu\n" + lines.replace("http://127.0.0.1:8420", server.url)
    done = subprocess.run(["sh", "-c", script], cwd=tmp_path, text=True, capture_output=True, timeout=60, check=True)
    assert [code for code in CODES if f'"error_code": {code}' in done.stdout] == CODES, done.stdout
    assert done.stdout.count('"error"') == 0 and "hello\n" in done.stdout
