"""Where a new password comes from: standard input, a person at a terminal, or chance."""

from __future__ import annotations

import argparse
import getpass
import secrets
import sys
from dataclasses import dataclass

from syncd.core.passwords import MAX_BYTES, check_password
from syncd.errors import BadRequest

GENERATED_BYTES = 12  # 16 characters


@dataclass(frozen=True, slots=True)
class Given:
    """A password, None for an account without; *generated* ones must be shown once."""

    password: str | None
    generated: bool = False


def choices(parser: argparse.ArgumentParser, *, may_be_none: bool = True) -> None:
    """Add the options that say where it comes from."""
    among = parser.add_mutually_exclusive_group()
    among.add_argument("--password-stdin", action="store_true", help="read the password from standard input, one line")
    if may_be_none:
        among.add_argument("--no-password", action="store_true", help="an account that is used by device keys only")


def chosen(args: argparse.Namespace, name: str) -> Given:
    """The password *args* ask for, for the user *name*; raises BadRequest for one that cannot be set."""
    if getattr(args, "no_password", False):
        return Given(None)
    if args.password_stdin:
        return Given(check_password(_from_stdin()))
    if sys.stdin.isatty():
        return Given(_asked(name))
    return Given(secrets.token_urlsafe(GENERATED_BYTES), generated=True)


def _from_stdin() -> str:
    line = sys.stdin.readline(MAX_BYTES + 2).rstrip("\r\n")
    if not line:
        raise BadRequest("no password came on standard input; for example: echo PASSWORD | syncd ... --password-stdin")
    return line


def _asked(name: str) -> str:
    try:
        password = check_password(getpass.getpass(f"Password for {name}: "))
        again = getpass.getpass("The same again: ")
    except EOFError as exc:
        raise BadRequest("no password was typed") from exc
    if again != password:
        raise BadRequest("the two were not the same; nothing was changed")
    return password


def shown(given: Given) -> str:
    """A line that tells a generated password, once; else empty."""
    return f"password: {given.password}   (made up now and shown only here)\n" if given.generated else ""
