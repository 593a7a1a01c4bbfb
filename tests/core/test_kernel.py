"""Calls that the standard library lacks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from syncd.disk import kernel


@pytest.mark.parametrize(
    ("machine", "bits", "number"),
    [
        ("x86_64", 64, 316),
        ("aarch64", 64, 276),
        ("armv7l", 32, 382),
        ("aarch64", 32, 382),  # Raspberry Pi OS, 32-bit, on the 64-bit kernel it comes with
        ("x86_64", 32, 353),
        ("mips", 32, None),
    ],
)
def test_the_number_of_a_call_is_that_of_the_program_not_of_the_kernel(
    machine: str, bits: int, number: int | None
) -> None:
    assert kernel.renameat2_number(machine, bits) == number


def test_room_is_set_aside(tmp_path: Path) -> None:
    room = os.open(tmp_path / "room", os.O_WRONLY | os.O_CREAT)
    try:
        set_aside = kernel.allocate(room, 5_000_000)
        assert (os.fstat(room).st_blocks * 512 >= 5_000_000, os.fstat(room).st_size) == (set_aside, 0)
    finally:
        os.close(room)
