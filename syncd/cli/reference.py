"""The documentation of the settings, written from the option table: `etc/syncd.conf` and the README's table."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from itertools import groupby

from syncd.options import written
from syncd.sections import Option, explanation, options

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
    return HEAD + "".join(_section(name, tuple(rows)) for name, rows in groupby(options(), key=lambda one: one.section))


def _section(name: str, rows: tuple[Option, ...]) -> str:
    settings = "\n".join("".join(f"{line}\n" for line in _setting(one)) for one in rows)
    return f"\n\n# {explanation(name)}\n[{name}]\n\n{settings}"


def _setting(one: Option) -> Iterator[str]:
    yield from textwrap.wrap(one.help, COLUMNS, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)
    yield f"# ({one.kind.allowed})"
    yield f"#{one.key} = {written(one.default)}".rstrip()


def markdown() -> str:
    """A Markdown table of all settings."""
    rows = [f"| {' | '.join(_cells(one))} |\n" for one in options()]
    return "| Setting | Default | Possible | What it does |\n|---|---|---|---|\n" + "".join(rows)


def _cells(one: Option) -> Iterator[str]:
    default = written(one.default)
    yield f"`[{one.section}] {one.key}`"
    yield f"`{default}`" if default else "empty"
    yield one.kind.allowed
    yield one.help.replace("|", "\\|")
