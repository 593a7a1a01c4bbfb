"""The manual pages syncd(1) and syncd.conf(5), written from the tables that --help and the settings are made of.

python -m syncd.cli.man FOLDER        writes both into FOLDER; in the repository that is docs/man
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from syncd import __version__
from syncd.cli import DONE, FAILED, INTERRUPTED, MISCONFIGURED, MISUSED, VERBS, parser_of
from syncd.cli.options import common
from syncd.cli.roff import bold, entry, example, heading, italic, paragraph, plain, prose, subheading, title
from syncd.clock import BUILD_MS
from syncd.config import DEFAULT_PATH
from syncd.options import written
from syncd.sections import EXAMPLE, Option, app_options, explanation, options

COMMON = ("help", "config", "set")  # what every verb takes; explained once
EXIT_CODES = {
    DONE: "done",
    FAILED: "failed; the reason is on standard error",
    MISUSED: "called wrongly",
    MISCONFIGURED: "the settings are wrong: each mistake with its file and line",
    INTERRUPTED: "ended by Ctrl-C",
}
SIGNALS = {
    "SIGTERM": "finishes running uploads, for at most 25 seconds, and ends.",
    "SIGHUP": "reads the settings again and takes over what can change while it runs.",
}
FILES = {
    str(DEFAULT_PATH): "the settings, see syncd.conf(5)",
    "/var/lib/syncd": "accounts, keys and what apps have saved ([server] state)",
    "/srv/syncd": "everybody's files, a folder for each user ([storage] path)",
    "/srv/syncd/.syncd": "index and thumbnails; all of it can be made anew, with: syncd rebuild",
}


def pages() -> dict[str, str]:
    """Both pages by the names of their files."""
    return {"syncd.1": command_page(), "syncd.conf.5": settings_page()}


def _title(name: str, section: int) -> str:
    made = datetime.fromtimestamp(BUILD_MS / 1000, UTC).strftime("%Y-%m-%d")
    return title(name, section, made, f"syncd {__version__}")


def command_page() -> str:
    """syncd(1)."""
    return "".join(
        (
            _title("syncd", 1),
            heading("NAME"),
            f"syncd {plain('-')} {plain('file sync of a household, on the box that is always on')}\n",
            heading("SYNOPSIS"),
            f"{bold('syncd')} {italic('VERB')} [{italic('ACTION')}] [{italic('options')}]\n",
            heading("DESCRIPTION"),
            prose("One small daemon to which every phone, laptop and app of a household syncs.") + "\n",
            paragraph(prose("A command asks the running daemon, or does the same by itself while none runs.")),
            paragraph(prose("What root types is done as the user who owns the state.")),
            heading("OPTIONS"),
            *_arguments(common()),
            heading("COMMANDS"),
            *(_command(one) for verb in VERBS for one in _leaves(parser_of(verb.name))),
            heading("SIGNALS"),
            *(entry(bold(name), prose(effect)) for name, effect in SIGNALS.items()),
            heading("EXIT STATUS"),
            *(entry(bold(str(code)), prose(meaning)) for code, meaning in EXIT_CODES.items()),
            heading("FILES"),
            *(entry(italic(path), prose(what)) for path, what in FILES.items()),
            heading("SEE ALSO"),
            f"{bold('syncd.conf')}(5)\n",
        )
    )


def _leaves(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """*parser*, or those of its actions when it has some."""
    # argparse shows what a parser takes in no other way than its help, as a whole.
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for child in action.choices.values():
                yield from _leaves(child)
            return
    yield parser


def _command(parser: argparse.ArgumentParser) -> str:
    usage = " ".join([bold(parser.prog), *(_usage(one) for one in _own(parser))])
    text = [subheading(parser.prog), f"{usage}\n", paragraph(prose(parser.description or "")), *_arguments(parser)]
    return "".join((*text, paragraph(prose(parser.epilog or ""))))


def _own(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return [action for action in parser._actions if action.dest not in COMMON]


def _usage(action: argparse.Action) -> str:
    """How *action* stands in the line of usage, as markup."""
    if not action.option_strings:
        return italic(_value(action))
    words = bold(action.option_strings[-1])
    if action.nargs != 0:
        words = f"{words} {italic(_value(action))}"
    return f"[{words}]"


def _value(action: argparse.Action) -> str:
    """What is to be written for *action*."""
    if action.choices is not None and action.metavar is None:
        name = "|".join(str(one) for one in action.choices)
    else:
        name = str(action.metavar or action.dest.upper())
    return {"?": f"[{name}]", "*": f"[{name} ...]", "+": f"{name} ..."}.get(str(action.nargs), name)


def _arguments(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Every argument with its explanation."""
    for action in parser._actions if parser.prog == "syncd" else _own(parser):
        names = [bold(one) for one in action.option_strings] or [italic(_value(action))]
        value = f" {italic(_value(action))}" if action.option_strings and action.nargs != 0 else ""
        yield entry(", ".join(names) + value, prose((action.help or "") % {"default": action.default}))


def settings_page() -> str:
    """syncd.conf(5)."""
    apps = tuple(replace(one, section="app:NAME") for one in app_options(f"app:{EXAMPLE.name}"))
    sections = [(name, tuple(rows)) for name, rows in groupby(options(), key=lambda one: one.section)]
    return "".join(
        (
            _title("syncd.conf", 5),
            heading("NAME"),
            f"syncd.conf {plain('-')} {plain('the settings of syncd(1)')}\n",
            heading("SYNOPSIS"),
            f"{italic(str(DEFAULT_PATH))}\n",
            heading("DESCRIPTION"),
            prose("Sections in brackets, and below them lines of the form key = value. Values need no quotes.") + "\n",
            paragraph(
                prose("Whole lines that begin with # or ; are comments; nothing may follow a value on its line."),
                prose("A setting that does not stand in the file has its default."),
            ),
            paragraph(
                prose("A word that is not known, or a value that is not possible, keeps the daemon from starting."),
                prose("These commands name all mistakes at once, and print what is in force and who said it:"),
            ),
            example("syncd config check", "syncd config show"),
            *(_section(name, explanation(name), rows) for name, rows in sections),
            _section("app:NAME", explanation("app:NAME"), apps),
            heading("SEE ALSO"),
            f"{bold('syncd')}(1)\n",
        )
    )


def _section(name: str, about: str, rows: tuple[Option, ...]) -> str:
    return heading(f"[{name}]") + f"{prose(about)}\n" + "".join(_setting(one) for one in rows)


def _setting(one: Option) -> str:
    return entry(
        f"{bold(one.key)} = {italic('value')}",
        prose(one.help),
        ".br",
        prose(f"Possible: {one.kind.allowed}. Default: {written(one.default) or 'empty'}"),
    )


def main(folder: Path) -> None:
    """Write both pages into *folder*."""
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="ascii")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
