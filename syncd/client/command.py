"""`syncd sync` and `syncd pair`: what they take, and what they return to the shell.

Exit codes: 0 in step, or ended by SIGTERM; 1 something failed or is held; 2 called wrongly; 130 Ctrl-C.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import getpass
import os
import platform
import signal
import socket
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from syncd import __version__
from syncd.client import credentials, known, place
from syncd.client.api import Api, new_session
from syncd.client.content import Stopped, measure
from syncd.client.credentials import DEFAULT, Pairing
from syncd.client.engine import Engine, Options
from syncd.client.folder import DATABASE, Folder
from syncd.client.names import OWN, why_not
from syncd.client.run import forever, once
from syncd.client.state import State
from syncd.client.tell import Teller
from syncd.client.trouble import Misused
from syncd.errors import SyncError

DONE, FAILED, MISUSED, INTERRUPTED = 0, 1, 2, 130
KINDS = ("laptop", "desktop", "phone", "tablet", "server", "other")


def sync_arguments(parser: argparse.ArgumentParser) -> None:
    """What `syncd sync` takes."""
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="the folder to keep in step; it has to exist")
    parser.add_argument("--server", metavar="URL", help="the server; not needed when this computer knows only one")
    _credentials(parser)
    parser.add_argument("--prefix", metavar="PATH", default="", help="sync only this folder of the server")
    parser.add_argument("--once", action="store_true", help="bring both sides in step and end")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    parser.add_argument(
        "--up-only", action="store_true", help="a backup: new and changed files go up, nothing comes down or is deleted"
    )
    parser.add_argument("--yes", action="store_true", help="do not hold back when very many files were deleted")
    parser.add_argument("--json", action="store_true", help="print one JSON object per line for each event")


def pair_arguments(parser: argparse.ArgumentParser) -> None:
    """What `syncd pair` takes."""
    parser.add_argument("server", metavar="URL", help="the server's address, for example http://192.168.1.1:8420")
    parser.add_argument("--user", metavar="NAME", help="who you are on the server; asked for without")
    parser.add_argument("--password-stdin", action="store_true", help="read the password from standard input, one line")
    parser.add_argument("--name", metavar="NAME", help="what this computer is called there (default: its host name)")
    parser.add_argument("--kind", choices=KINDS, default="laptop", help="what it is (default: laptop)")
    _credentials(parser)


def _credentials(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--credentials",
        metavar="FILE",
        type=Path,
        default=DEFAULT,
        help="where this computer's token is kept (default: %(default)s)",
    )


def sync(args: argparse.Namespace) -> int:
    """Keep a folder in step."""

    def run() -> int:
        with Teller(as_json=args.json) as tell:
            pairing = credentials.choose(args.credentials.expanduser(), args.server)
            return asyncio.run(_sync(args, pairing, tell))

    return _guarded("sync", run)


async def _sync(args: argparse.Namespace, pairing: Pairing, tell: Teller) -> int:
    prefix = _prefix(args.prefix)
    options = Options(
        up_only=args.up_only,
        dry=args.dry_run,
        yes=args.yes,
        asks=sys.stdin is not None and sys.stdin.isatty() and not args.json,
    )
    note = args.credentials.expanduser().with_suffix(".folders")
    with _opened(args.folder, pairing, prefix, note, dry=args.dry_run) as (folder, state):
        for path in place.rescue(folder, lambda entry: _is_known(state, entry)) if folder.tmp_fd >= 0 else ():
            tell.say("conflict", path, "this was in hand when the last run was ended; it is kept")
        async with new_session(pairing.token) as session:
            engine = Engine(Api(session, pairing.server, prefix), folder, state, tell, options)
            is_short = args.once or args.dry_run
            return await _until_stopped(engine, is_short)


async def _until_stopped(engine: Engine, is_short: bool) -> int:
    """Run until the end, or a signal."""
    loop = asyncio.get_running_loop()
    work = asyncio.ensure_future(once(engine) if is_short else _forever(engine))
    caught: list[int] = []

    def stop(number: int) -> None:
        caught.append(number)
        engine.stop.set()
        work.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop, number)
    try:
        return await work
    except (asyncio.CancelledError, Stopped):
        if not caught:
            raise
        return INTERRUPTED if signal.SIGINT in caught else FAILED if is_short else DONE


async def _forever(engine: Engine) -> int:
    await forever(engine)
    return FAILED


def _prefix(text: str) -> str:
    bare = text.strip("/")
    if bare and (reason := why_not(bare)) is not None:
        raise Misused(f"--prefix: {reason}")
    return f"{bare}/" if bare else ""


def _is_known(state: State, entry: Path) -> bool:
    with entry.open("rb") as file:
        return state.is_known(measure(file.fileno(), entry.stat().st_size, threading.Event()).hash)


@contextmanager
def _opened(path: Path, pairing: Pairing, prefix: str, note: Path, *, dry: bool) -> Iterator[tuple[Folder, State]]:
    """The folder and its state, for nobody else; raises Misused."""
    if not path.is_dir():
        raise Misused(f"{path} is no folder; make it first (or is its disk not there?)")
    path = path.resolve()
    known.require_there(note, path)
    folder = Folder(path, own=not dry)
    try:
        with _locked(path, dry=dry):
            try:
                state = State(path / OWN / DATABASE, dry=dry)
            except sqlite3.Error as exc:
                raise Misused(f"{path / OWN / DATABASE} cannot be used ({exc}); move it away and start again") from exc
            try:
                _bind(state, path, pairing, prefix)
                if not dry:
                    known.remember(note, path)
                yield folder, state
            finally:
                state.close()
    finally:
        folder.close()


@contextmanager
def _locked(path: Path, *, dry: bool) -> Iterator[None]:
    if dry:
        yield
        return
    fd = os.open(path / OWN / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise Misused(f"another syncd sync is keeping {path} in step") from exc
        yield
    finally:
        os.close(fd)


def _bind(state: State, path: Path, pairing: Pairing, prefix: str) -> None:
    """A folder belongs to one user and folder of one server: elsewhere everything would look deleted."""
    for name, value in (("server", pairing.server), ("user", pairing.user), ("prefix", prefix)):
        bound = state.word(name)
        if bound is None:
            state.set_word(name, value)
        elif bound != value:
            raise Misused(
                f"{path} was synced with the {name} {bound!r}, not {value!r};"
                f" to begin anew with it, remove {path / OWN} (your files stay)"
            )


def pair(args: argparse.Namespace) -> int:
    """Make this computer known to a server."""

    def run() -> int:
        server = credentials.address(args.server)
        path = args.credentials.expanduser()
        credentials.load(path)  # what cannot be written to later is told before a password is asked for
        user = args.user or _asked_user()
        password = sys.stdin.readline().rstrip("\r\n") if args.password_stdin else getpass.getpass("Password: ")
        pairing = asyncio.run(_pair(server, user, password, args.name or socket.gethostname() or "laptop", args.kind))
        credentials.save(path, pairing)
        print(f"paired with {server} as {user}; now keep a folder in step: syncd sync FOLDER")
        return DONE

    return _guarded("pair", run)


def _asked_user() -> str:
    if not sys.stdin.isatty():
        raise Misused("say who you are with --user")
    return input("User: ").strip()


async def _pair(server: str, user: str, password: str, name: str, kind: str) -> Pairing:
    async with new_session() as session:
        api = Api(session, server)
        token = await api.login(user, password)
        id, device_token = await api.register(token, name, kind, __version__, platform.platform(terse=True))
        return Pairing(server, user, id, device_token)


def _guarded(verb: str, run: Callable[[], int]) -> int:
    """Call *run*; what a person can put right becomes a line on stderr and an exit code."""
    try:
        return run()
    except Misused as exc:
        return _failed(verb, exc.text, MISUSED)
    except SyncError as exc:
        return _failed(verb, exc.text)
    except (KeyboardInterrupt, EOFError):
        print(file=sys.stderr)
        return INTERRUPTED
    except sqlite3.Error as exc:
        return _failed(verb, f"the state of this folder: {exc}")
    except OSError as exc:
        return _failed(verb, f"{exc.filename or 'the system'}: {exc.strerror or exc}")


def _failed(verb: str, text: str, code: int = FAILED) -> int:
    print(f"syncd {verb}: {text}", file=sys.stderr)
    return code
