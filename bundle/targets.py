"""The machines a bundle can be made for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bundle import BundleError

Libc = Literal["gnu", "musl"]

# Debian 12's glibc is 2.36; wheels for an older one run there too.
GLIBC_MINORS = range(36, 16, -1)
MUSL_MINORS = (2, 1)

# The minor versions of Python a bundle is locked for: Debian 12, OpenWrt 23.05 and 24.10 have 3.11, Debian 13 has 3.13.
OPENWRT_PYTHON = "3.11"
DEBIAN_PYTHONS = ("3.11", "3.13")
# Those of OpenWrt 25.12 and what comes after, where an SDK makes the package (openwrt/Makefile).
SDK_PYTHONS = ("3.13", "3.14")


@dataclass(frozen=True, slots=True)
class Machine:
    """A processor, by the name in wheels; how its ELF files are marked, and who strips them on Debian."""

    name: str
    elf: int  # e_machine, elf(5)
    bits: Literal[32, 64]
    strip: str
    strip_package: str


X86_64 = Machine("x86_64", 62, 64, "x86_64-linux-gnu-strip", "binutils-x86-64-linux-gnu")
AARCH64 = Machine("aarch64", 183, 64, "aarch64-linux-gnu-strip", "binutils-aarch64-linux-gnu")
ARMV7 = Machine("armv7l", 40, 32, "arm-linux-gnueabihf-strip", "binutils-arm-linux-gnueabihf")


@dataclass(frozen=True, slots=True)
class Target:
    """What a bundle is made for. Without *compiled*, only Python code is taken from the wheels."""

    name: str
    machine: Machine
    libc: Libc
    pythons: tuple[str, ...]
    without: frozenset[str] = frozenset()  # packages that have no wheel here and come from the system's feed
    compiled: bool = True

    @property
    def platforms(self) -> tuple[str, ...]:
        """The platform tags pip may choose from, the newest first."""
        if self.libc == "gnu":
            return tuple(f"manylinux_2_{minor}_{self.machine.name}" for minor in GLIBC_MINORS)
        return tuple(f"musllinux_1_{minor}_{self.machine.name}" for minor in MUSL_MINORS)

    @property
    def wheels(self) -> str:
        """The part of wheels.lock it takes its wheels from."""
        return self.name if self.compiled else PURE_WHEELS

    def wheels_for(self, python: str) -> str:
        """The Python whose wheels are taken for *python*: without what is compiled they are the same for all."""
        return python if self.compiled else OPENWRT_PYTHON


# No wheel of aiohttp is without compiled code, so the pure bundle takes one and leaves that code out.
PURE_WHEELS = "x86_64-musl"
BCRYPT = frozenset({"bcrypt"})

TARGETS = {
    one.name: one
    for one in (
        Target("x86_64-gnu", X86_64, "gnu", DEBIAN_PYTHONS),
        Target("aarch64-gnu", AARCH64, "gnu", DEBIAN_PYTHONS),
        Target("armv7-gnu", ARMV7, "gnu", DEBIAN_PYTHONS),
        Target("x86_64-musl", X86_64, "musl", (OPENWRT_PYTHON,)),
        Target("aarch64-musl", AARCH64, "musl", (OPENWRT_PYTHON,)),
        Target("armv7-musl", ARMV7, "musl", (OPENWRT_PYTHON,), without=BCRYPT),
        Target("pure", X86_64, "musl", (OPENWRT_PYTHON, *SDK_PYTHONS), without=BCRYPT, compiled=False),
    )
}


def host(machine: str, bits: int, glibc: bool) -> Target:
    """The target for a running Python: what `uname -m` says, the width of its pointers, its C library.

    A 32-bit system on a 64-bit kernel says aarch64 all the same, as Raspberry Pi OS does.
    """
    if machine in ("aarch64", "armv7l", "armv8l"):
        family = "aarch64" if bits == 64 else "armv7"
    else:
        family = machine if bits == 64 else "none"
    return TARGETS.get(f"{family}-{'gnu' if glibc else 'musl'}", TARGETS["pure"])


def target(name: str, python: str) -> Target:
    """The target *name*; raises BundleError if there is none, or none for that *python*."""
    if name not in TARGETS:
        raise BundleError(f"there is no target {name}; there are: {' '.join(TARGETS)}")
    found = TARGETS[name]
    if python not in found.pythons:
        raise BundleError(
            f"the target {name} is made for Python {' and '.join(found.pythons)}, not {python}; choose another with "
            "--python, or install syncd with pip"
        )
    return found
