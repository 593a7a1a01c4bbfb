"""Every module can be imported by itself, without a warning, and what must stay lean does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "syncd").rglob("*.py")
)
SHARES = 8  # of the modules: one takes seconds also where much else runs

# A child for each module, forked from an interpreter that has imported nothing of ours: as good as a fresh one, and
# quick, because what takes longest to load, and is nobody's of us, is there already.
EACH_ALONE = """
import os, sys
import aiohttp.web, aiosqlite
failed = []
for name in sys.argv[1:]:
    child = os.fork()
    if not child:
        try:
            __import__(name)
        except BaseException:
            sys.excepthook(*sys.exc_info())
            sys.stderr.flush()
            os._exit(1)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        failed.append(name)
sys.exit("cannot be imported alone: " + " ".join(failed) if failed else 0)
"""


def python(code: str, *args: str) -> subprocess.CompletedProcess[str]:
    """Run *code* in a fresh interpreter, warnings as errors."""
    argv = [sys.executable, "-W", "error", "-c", code, *args]
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=100)


@pytest.mark.slow
@pytest.mark.parametrize("share", range(SHARES))
def test_each_module_can_be_imported_alone(share: int) -> None:
    done = python(EACH_ALONE, *MODULES[share::SHARES])
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_module_that_fails_or_warns_alone_is_seen(tmp_path: Path) -> None:
    (tmp_path / "loud.py").write_text("import warnings\nwarnings.warn('x', DeprecationWarning)\n")
    done = python(f"import sys; sys.path.insert(0, {os.fspath(tmp_path)!r})" + EACH_ALONE, "json", "loud", "no_such")
    assert done.returncode == 1
    assert "cannot be imported alone: loud no_such" in done.stderr


@pytest.mark.slow
def test_the_version_comes_without_loading_a_web_server() -> None:
    done = python(
        "import sys; from syncd.cli import main; main(['version']);"
        "print([name for name in ('asyncio', 'ssl', 'aiohttp', 'sqlite3', 'PIL') if name in sys.modules])"
    )
    assert done.stdout.splitlines()[1:] == ["[]"], done.stderr


@pytest.mark.slow
def test_the_web_server_loads_without_ssl() -> None:
    done = python(
        "import sys; from syncd.lean import without_ssl; without_ssl();"
        "import aiohttp.web, asyncio; print(sys.modules['ssl'], '_ssl' in sys.modules)"
    )
    assert done.stdout == "None False\n", done.stderr


def test_ssl_that_is_there_already_stays() -> None:
    done = python(
        "import ssl; from syncd.lean import without_ssl; without_ssl();import sys; print(sys.modules['ssl'] is ssl)"
    )
    assert done.stdout == "True\n", done.stderr
