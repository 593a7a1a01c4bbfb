"""wheels.lock: the wheels of each target, by version and SHA-256. `python3 -m bundle.lock` makes it anew.

The file is in parts, one for each target and Python, headed `# TARGET PYTHON`; each is a requirements file of pip.
"""

from __future__ import annotations

import configparser
import hashlib
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bundle import ROOT, BundleError
from bundle.command import ended
from bundle.targets import TARGETS, Target

LOCK = ROOT / "bundle" / "wheels.lock"
HEAD = """\
# The libraries syncd is delivered with, for each target and Python. Made by: make lock
# Each part is a requirements file of pip by itself.
"""
_PART = re.compile(r"# (\S+) (3\.\d+)")
_PIN = re.compile(r"([a-z0-9-]+)==(\S+) --hash=sha256:([0-9a-f]{64})")

# Not bundled: Pillow comes from the system (18 MB unpacked, and no wheel for 32-bit ARM).
_SYSTEMS_OWN = {"pillow", "pillow-simd"}


@dataclass(frozen=True, slots=True)
class Pin:
    """One wheel."""

    name: str
    version: str
    sha256: str

    def __str__(self) -> str:
        return f"{self.name}=={self.version} --hash=sha256:{self.sha256}"


Lock = dict[tuple[str, str], tuple[Pin, ...]]


def canonical(name: str) -> str:
    """A package's name as the index compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def parse(text: str) -> Lock:
    """What wheels.lock says: (target, Python) → wheels. Raises BundleError naming the line that is neither."""
    parts: dict[tuple[str, str], list[Pin]] = {}
    pins: list[Pin] = []
    for number, line in enumerate(text.splitlines(), 1):
        if part := _PART.fullmatch(line):
            pins = parts.setdefault((part[1], part[2]), [])
        elif pin := _PIN.fullmatch(line):
            pins.append(Pin(pin[1], pin[2], pin[3]))
        elif line and not line.startswith("#"):
            raise BundleError(f"wheels.lock:{number}: not a version and a hash: {line}; make it anew with: make lock")
    return {key: tuple(found) for key, found in parts.items()}


def pins(target: Target, python: str) -> tuple[Pin, ...]:
    """The wheels of *target*; raises BundleError if the lock has none."""
    found = parse(LOCK.read_text()).get((target.wheels, python), ())
    if not found:
        raise BundleError(f"wheels.lock has nothing for {target.wheels} and Python {python}; make it with: make lock")
    return tuple(pin for pin in found if pin.name not in target.without)


def requirements() -> list[str]:
    """What setup.cfg requires and a bundle brings along, as setup.cfg writes it."""
    setup = configparser.ConfigParser(interpolation=None)
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    lines = [line for line in setup["options"]["install_requires"].splitlines() if line and not line.startswith("#")]
    return [line for line in lines if project(line) not in _SYSTEMS_OWN]


def project(requirement: str) -> str:
    """The package that a line of requirements names."""
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    if match is None:
        raise BundleError(f"setup.cfg: not a requirement: {requirement}")
    return canonical(match[0])


def _renew() -> Iterator[str]:
    """The lines of a new lock, with what is newest on the index today."""
    yield HEAD
    for one in TARGETS.values():
        if one.compiled:
            for python in one.pythons:
                yield f"# {one.name} {python}"
                yield from map(str, _newest(one, python))
                yield ""


def _newest(target: Target, python: str) -> list[Pin]:
    from bundle.wheels import download

    wanted = [line for line in requirements() if project(line) not in target.without]
    with tempfile.TemporaryDirectory() as folder:
        # pip asks this Python, not the target's, which requirements apply. All it adds is a small one too many.
        download(target, python, Path(folder), wanted)
        return sorted(_pins_of(Path(folder).glob("*.whl")), key=lambda pin: pin.name)


def _pins_of(wheels: Iterable[Path]) -> Iterator[Pin]:
    for wheel in wheels:
        name, version = wheel.name.split("-")[:2]
        yield Pin(canonical(name), version, hashlib.sha256(wheel.read_bytes()).hexdigest())


def main() -> int:
    return ended("bundle.lock", lambda: LOCK.write_text("\n".join(_renew()).rstrip() + "\n"))


if __name__ == "__main__":
    sys.exit(main())
