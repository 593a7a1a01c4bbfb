"""Byte-code in place of sources: a router compiles slowly and must not wear its flash with the result."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bundle import ROOT, BundleError

RUNNING = f"{sys.version_info[0]}.{sys.version_info[1]}"


def replace_sources(folder: Path, installed: str, python: str) -> None:
    """Compile every module below *folder*, which will be at *installed*, and remove its source.

    Raises BundleError unless this is Python *python*: byte-code is for one minor version alone.
    """
    if python != RUNNING:
        raise BundleError(
            f"byte-code for Python {python} is made by Python {python}, and this is {RUNNING}: "
            f"run it with python{python} -m bundle.stage"
        )
    argv = [sys.executable, "-S", "-s", "-B", str(ROOT / "bundle" / "compiler.py"), str(folder), installed]
    # A fixed seed: the order of sets would show in the byte-code.
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env={"PYTHONHASHSEED": "0"})
    if done.returncode != 0:
        raise BundleError(f"a module cannot be compiled:\n{done.stdout}{done.stderr}")
