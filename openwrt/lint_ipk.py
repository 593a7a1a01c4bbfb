"""`python3 -m openwrt.lint_ipk FILE...`: would a router take this package, and would it run there?

A rule is a function that yields what is wrong, a line for each. FORM holds for every package, PROGRAM for the one that
brings the daemon.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from openwrt.lint_form import FORM
from openwrt.lint_program import PROGRAM
from openwrt.package import BadContainer, read


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, and by which rule."""

    rule: str
    text: str


def lint(name: str, data: bytes) -> list[Finding]:
    """All that is wrong with the content *data* of the file *name*; empty for a good package."""
    try:
        package = read(name, data)
    except BadContainer as exc:
        return [Finding("container", str(exc))]
    rules = FORM + PROGRAM if package.field("Package") == "syncd" else FORM
    return [Finding(rule.__name__, text) for rule in rules for text in rule(package)]


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0 if all files named are good, 1 if one is not, 2 if none was named."""
    files = [Path(one) for one in (sys.argv[1:] if argv is None else argv)]
    if not files:
        print("usage: python3 -m openwrt.lint_ipk FILE...", file=sys.stderr)
        return 2
    bad = False
    for file in files:
        try:
            found = lint(file.name, file.read_bytes())
        except OSError as exc:
            found = [Finding("file", exc.strerror or str(exc))]
        for one in found:
            print(f"{file.name}: {one.rule}: {one.text}")
        bad = bad or bool(found)
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
