"""The documentation of the settings, written from the option table: `etc/syncd.conf` and the README's table."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

from syncd.options import written
from syncd.sections import EXAMPLE, Option, app_options, explanation, options

COLUMNS = 78  # a terminal of 80, as a serial console or `vi` on a router has it

HEAD = """\
# syncd: all settings.
#
# Every setting stands here at its default, behind a '#'. To change one, take
# the '#' away and write the value you want. Whole lines beginning with '#' or
# ';' are comments; nothing may follow a value on its line, and values need no
# quotes: path = /mnt/My Disk works as it stands.
#
# Afterwards:   syncd config check          names every mistake with its line
#               systemctl restart syncd     or: /etc/init.d/syncd restart
# In force now: syncd config show
"""


def conf() -> str:
    """The commented reference file, every setting at its default."""
    always = "".join(_section(name, tuple(rows)) for name, rows in groupby(options(), key=lambda one: one.section))
    return HEAD + always + _example()


def _example() -> str:
    """An app, all of it behind '#': there is none by default."""
    section = f"app:{EXAMPLE.name}"
    rows = (replace(one, default=getattr(EXAMPLE, one.key)) for one in app_options(section))
    return _section(section, tuple(rows)).replace(f"\n[{section}]", f"\n#[{section}]")


def _section(name: str, rows: tuple[Option, ...]) -> str:
    settings = "\n".join("".join(f"{line}\n" for line in _setting(one)) for one in rows)
    about = "\n".join(textwrap.wrap(explanation(name), COLUMNS, initial_indent="# ", subsequent_indent="# "))
    return f"\n\n{about}\n[{name}]\n\n{settings}"


def _setting(one: Option) -> Iterator[str]:
    yield from textwrap.wrap(one.help, COLUMNS, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)
    yield f"# ({one.kind.allowed})"
    yield f"#{one.key} = {written(one.default)}".rstrip()


def markdown() -> str:
    """A Markdown table of all settings."""
    apps = (replace(one, section="app:NAME") for one in app_options(f"app:{EXAMPLE.name}"))
    rows = [f"| {' | '.join(_cells(one))} |\n" for one in (*options(), *apps)]
    return "| Setting | Default | Possible | What it does |\n|---|---|---|---|\n" + "".join(rows)


def _cells(one: Option) -> Iterator[str]:
    default = written(one.default)
    yield f"`[{one.section}] {one.key}`"
    yield f"`{default}`" if default else "empty"
    yield one.kind.allowed
    yield one.help.replace("|", "\\|")
