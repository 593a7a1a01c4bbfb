"""The folder client in a process forked from an interpreter that has loaded its modules already.

A folder is brought in step hundreds of times in these tests, and most of the work of a fresh interpreter would
be to load them. The child begins where a fresh one is when it has imported them. What runs for longer than one look, or
is ended by signals, is started as people start it: Laptop.start().
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FORKING = multiprocessing.get_context("forkserver")
FORKING.set_forkserver_preload(["syncd.client.command"])


def run(words: Sequence[str], input: str, timeout_s: float) -> subprocess.CompletedProcess[str]:
    """What `python -m syncd.client WORDS…` did; raises TimeoutExpired."""
    with tempfile.TemporaryDirectory(prefix="syncd-client-") as folder:
        streams = [Path(folder, name) for name in ("stdin", "stdout", "stderr")]
        for stream, content in zip(streams, (input, "", ""), strict=True):
            stream.write_text(content, encoding="utf-8")
        child = FORKING.Process(target=_become, args=(list(words), streams))
        child.start()
        try:
            child.join(timeout_s)
            code = child.exitcode
        finally:
            child.kill()
            child.join()
            child.close()
        _, stdout, stderr = (stream.read_text(encoding="utf-8") for stream in streams)
    if code is None:
        raise subprocess.TimeoutExpired(list(words), timeout_s, stdout, stderr)
    return subprocess.CompletedProcess(list(words), code, stdout, stderr)


def _become(words: list[str], streams: list[Path]) -> None:
    """Be the program, in the child; *streams* are its standard input, output and errors."""
    for number, (stream, mode) in enumerate(zip(streams, (os.O_RDONLY, os.O_WRONLY, os.O_WRONLY), strict=True)):
        fd = os.open(stream, mode)
        os.dup2(fd, number)
        os.close(fd)
    # What multiprocessing gives its children reads nothing.
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  # open for as long as the process lives
    from syncd.client.__main__ import main

    os.chdir(ROOT)
    sys.argv = ["syncd.client", *words]
    sys.exit(main())
