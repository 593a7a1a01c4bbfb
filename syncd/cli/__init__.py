"""The command line: `syncd VERB ...`. A verb is one line in VERBS and a module of this package.

The module has `arguments(parser)`, which says what the verb takes and how to call it (`set_defaults(run=...)`),
and is imported only when its verb is asked for: `syncd version` must not wait for a web server to load.
Exit codes: 0 done, 1 failed, 2 called wrongly, 78 the configuration is wrong (EX_CONFIG of sysexits.h).
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from syncd import __version__
from syncd.cli.options import common
from syncd.config import ConfigError
from syncd.errors import SyncError

DONE, FAILED, MISUSED, MISCONFIGURED = 0, 1, 2, 78
INTERRUPTED = 130  # what a shell reports of a program that ended by Ctrl-C


@dataclass(frozen=True, slots=True)
class Verb:
    """One word after `syncd`; `syncd.cli.<name>` implements it."""

    name: str
    help: str


VERBS = (
    Verb("init", "prepare the disk and this box, and make the first account"),
    Verb("serve", "run the daemon"),
    Verb("user", "make, show and remove accounts, set passwords"),
    Verb("device", "give phones and computers their own keys, and end them"),
    Verb("key", "give apps that keep their settings here a key, and end it"),
    Verb("settings", "show what apps have saved here, and bring an older save back"),
    Verb("pair", "sign this computer in at a server, so that it can sync folders"),
    Verb("sync", "keep a folder of this computer in step with the server"),
    Verb("conflicts", "show files that two devices changed at once, and decide"),
    Verb("trash", "show what was deleted, bring it back, remove it for good"),
    Verb("status", "print how the service and the disk are"),
    Verb("doctor", "find what is missing or wrong on this box, and what to do about it"),
    Verb("check", "re-read every file and compare it with what was stored"),
    Verb("scan", "take note of what other programs did to the files"),
    Verb("rebuild", "set the index aside and make a new one from the files"),
    Verb("config", "check and show the settings"),
    Verb("version", "print the version"),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code. Raises SystemExit for --help and wrong usage."""
    # --config and --set mean the same anywhere on the line, so they are taken out first.
    args, rest = common().parse_known_args(argv)
    chosen = _front().parse_args(rest)
    parser = parser_of(chosen.verb)
    parser.parse_args(chosen.rest, args)
    return _guarded(chosen.verb, args.run, args)


def _front() -> argparse.ArgumentParser:
    width = max(len(verb.name) for verb in VERBS)
    listing = "\n".join(f"  {verb.name:{width}}  {verb.help}" for verb in VERBS)
    parser = argparse.ArgumentParser(
        prog="syncd",
        description="One small daemon to which every phone, laptop and app of a household syncs.",
        epilog=f"verbs:\n{listing}\n\nHow to use one of them: syncd VERB --help",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[common()],
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"syncd {__version__}")
    parser.add_argument("verb", metavar="VERB", choices=[verb.name for verb in VERBS], help="what to do, see below")
    parser.add_argument("rest", nargs=argparse.REMAINDER, metavar="...", help="what the verb takes")
    return parser


def parser_of(name: str) -> argparse.ArgumentParser:
    """The parser of the verb *name*; this imports its module."""
    [help] = [verb.help for verb in VERBS if verb.name == name]
    parser = argparse.ArgumentParser(
        prog=f"syncd {name}", description=f"{help[0].upper()}{help[1:]}.", parents=[common()], allow_abbrev=False
    )
    importlib.import_module(f"syncd.cli.{name}").arguments(parser)
    return parser


def _guarded(verb: str, run: Callable[[argparse.Namespace], int], args: argparse.Namespace) -> int:
    """Call *run*; what a person can put right becomes a line on stderr and an exit code, no traceback."""
    try:
        code = run(args)
        sys.stdout.flush()
    except ConfigError as exc:
        print(exc, file=sys.stderr)
        return MISCONFIGURED
    except SyncError as exc:
        print(f"syncd {verb}: {exc.text}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print(file=sys.stderr)  # what follows begins below the ^C
        return INTERRUPTED
    except BrokenPipeError:  # the reader of a listing, `head` perhaps, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains at exit
        return FAILED
    except OSError as exc:
        print(f"syncd {verb}: {exc.filename or 'the system'}: {exc.strerror or exc}", file=sys.stderr)
        return FAILED
    return code
