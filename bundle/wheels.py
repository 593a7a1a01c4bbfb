"""The cache of wheels, filled by pip. What is in it counts by its hash alone, not by its name."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bundle import ROOT, BundleError
from bundle.lock import Pin
from bundle.targets import Target

CACHE = ROOT / "build" / "wheels"


def fetch(target: Target, python: str, pins: Sequence[Pin], cache: Path) -> list[Path]:
    """The wheels of *pins*, in *cache*, in that order; asks the network only for those not there yet."""
    have = _by_hash(cache)
    missing = [pin for pin in pins if pin.sha256 not in have]
    if missing:
        _add(target, python, missing, cache)
        have = _by_hash(cache)
    return [have[pin.sha256] for pin in pins]


def _by_hash(cache: Path) -> dict[str, Path]:
    return {hashlib.sha256(wheel.read_bytes()).hexdigest(): wheel for wheel in sorted(cache.glob("*.whl"))}


def _add(target: Target, python: str, pins: Sequence[Pin], cache: Path) -> None:
    """Download into a folder of its own first, so that a cache that two share never holds half a wheel."""
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        listed = Path(folder) / "requirements.txt"
        listed.write_text("\n".join(map(str, pins)) + "\n")
        download(target, python, Path(folder), ["--no-deps", "--require-hashes", "--requirement", str(listed)])
        for wheel in Path(folder).glob("*.whl"):
            os.replace(wheel, cache / wheel.name)


def download(target: Target, python: str, folder: Path, wanted: Sequence[str]) -> None:
    """Have pip put the wheels of *target* that *wanted* (arguments of `pip download`) names into *folder*."""
    argv = [_python_with_pip(), "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    argv += ["--dest", str(folder), "--only-binary=:all:", "--implementation", "cp", "--python-version", python]
    for platform in target.platforms:
        argv += ["--platform", platform]
    done = subprocess.run([*argv, *wanted], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise BundleError(
            f"pip could not fetch the libraries for {target.name} and Python {python}; is there a network?\n"
            f"{done.stderr.strip()}"
        )


def _python_with_pip() -> str:
    if importlib.util.find_spec("pip") is not None:
        return sys.executable
    own = ROOT / ".venv" / "bin" / "python"
    if own.exists():
        return str(own)
    raise BundleError(
        f"{sys.executable} has no pip, which fetches the libraries: "
        "apt-get install --no-install-recommends python3-pip, or run make dev first"
    )
