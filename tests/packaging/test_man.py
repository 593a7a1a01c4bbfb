"""The manual pages say what --help says, print as they were meant, and please the programs that print them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from syncd import daemon
from syncd.cli import VERBS, man, roff
from syncd.options import written
from syncd.sections import options
from tests.daemon import ROOT

pytestmark = pytest.mark.packaging

PAGES = ROOT / "docs" / "man"
NAMES = ("syncd.1", "syncd.conf.5")
# What a page may have to carry: requests, escapes, options to copy, quotes, letters beyond ASCII.
HOSTILE = (
    ".so /etc/passwd",
    "'br is no request",
    "a\\fBb\\e\\n(.H c",
    "--no-password ~/x ^C `y` \"z\" 'w'",
    "Größe – …",
    ". . .",
    'x" y',
)


def printed(page: str) -> str:
    """*page* as a terminal shows it, its lines joined to one."""
    argv = ["groff", "-man", "-ww", "-Tutf8", "-Kutf8", "-P-cbou", "-rHY=0"]
    done = subprocess.run(argv, input=page, text=True, capture_output=True, check=True, timeout=60)
    assert done.stderr == ""
    return " ".join(done.stdout.split())


@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_page_is_what_the_tables_give(name: str) -> None:
    """To renew it: python -m syncd.cli.man docs/man"""
    assert (PAGES / name).read_text() == man.pages()[name]


@pytest.mark.parametrize("name", NAMES)
def test_mandoc_has_nothing_to_say(name: str) -> None:
    done = subprocess.run(["mandoc", "-Tlint", str(PAGES / name)], text=True, capture_output=True, timeout=60)
    assert (done.stdout, done.returncode) == ("", 0)


def test_every_verb_and_every_exit_code_is_on_the_page() -> None:
    shown = printed((PAGES / "syncd.1").read_text())
    assert {verb.name for verb in VERBS} <= set(re.findall(r"\bsyncd ([a-z]+)", shown))
    assert f"for at most {daemon.FINISH_S} seconds" in shown
    assert re.search(r"EXIT STATUS 0 .* 1 .* 2 .* 78 .* 130 ", shown)


def test_every_setting_is_on_the_page() -> None:
    shown = printed((PAGES / "syncd.conf.5").read_text())
    for one in options():
        assert f"{one.key} = value {one.help} Possible: {one.kind.allowed}. Default: {written(one.default)}" in shown


@pytest.mark.parametrize("text", HOSTILE)
def test_text_prints_as_it_stands(text: str) -> None:
    begin = roff.title("x", 1, "2026-01-01", "x") + roff.heading("NAME") + "x\n"
    entry = roff.entry(roff.italic(text), roff.prose(f"{text} below"))
    shown = printed(begin + roff.paragraph(roff.prose(text)) + roff.example(f"{text} typed") + entry)
    assert f"{text} {text} typed {text} {text} below" in shown


def test_pages_are_written_where_they_are_wanted(tmp_path: Path) -> None:
    man.main(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == list(NAMES)
