"""`syncd config check` and `syncd config show`."""

from __future__ import annotations

import argparse
import json

from syncd.cli import reference
from syncd.cli.actions import action, actions
from syncd.cli.options import settings
from syncd.cli.owner import become, owner_of
from syncd.config import ConfigError, Loaded, Source
from syncd.errors import SyncError
from syncd.options import written


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: syncd config check --config /etc/syncd/syncd.conf"
    verbs = actions(parser, "check|show")
    action(
        verbs,
        "check",
        check,
        help="read the settings and name every mistake with its line; exit code 78 if there is one",
        example="syncd config check --config ./new.conf",
    )
    showing = action(
        verbs,
        "show",
        show,
        help="print every setting, and which line or --set said it",
        example="syncd config show --set trash.keep_days=90",
    )
    form = showing.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print a JSON list")
    form.add_argument("--reference", action="store_true", help="print the commented file with all defaults instead")
    form.add_argument("--markdown", action="store_true", help="print a table of all settings instead")


def check(args: argparse.Namespace) -> int:
    """Load and say so; a mistake has raised ConfigError before. Raises SyncError if only root can read it."""
    owner = owner_of(settings(args).config.server.state)
    if owner is not None:
        become(owner)
        try:
            settings(args)
        except ConfigError as exc:
            raise SyncError(
                f"{exc}\nThis is what the service meets, which runs as {owner.name}; for a file: "
                f"chgrp {owner.name} FILE && chmod 640 FILE"
            ) from exc
    print("the settings are good")
    return 0


def show(args: argparse.Namespace) -> int:
    """Print the settings in the form asked for."""
    if args.reference:
        print(reference.conf(), end="")
    elif args.markdown:
        print(reference.markdown(), end="")
    else:
        loaded = settings(args)
        print(_json(loaded) if args.json else _text(loaded))
    return 0


def _value(loaded: Loaded, source: Source) -> object:
    value: object = getattr(loaded.config.section(source.section), source.key)
    return value


def _text(loaded: Loaded) -> str:
    said = [f"{one.section}.{one.key} = {written(_value(loaded, one))}" for one in loaded.sources]
    width = min(48, max(len(text) for text in said))
    return "\n".join(f"{text:{width}}  ({one.place})" for text, one in zip(said, loaded.sources, strict=True))


def _json(loaded: Loaded) -> str:
    rows = [
        {"section": one.section, "key": one.key, "value": _plain(_value(loaded, one)), "source": one.place}
        for one in loaded.sources
    ]
    return json.dumps(rows, indent=2)


def _plain(value: object) -> bool | int | str | list[str]:
    """*value* as JSON has it: numbers and switches stay what they are, a list stays a list."""
    if isinstance(value, bool | int):
        return value
    if isinstance(value, tuple):
        return [str(item) for item in value]
    return written(value)
