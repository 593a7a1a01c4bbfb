"""What a compiled library says about itself: for which machine, and what it needs. Layout after elf(5)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

MAGIC = b"\x7fELF"
_CLASS_BITS = {1: 32, 2: 64}
_LITTLE_ENDIAN = 1
_PT_LOAD, _PT_DYNAMIC = 1, 2
_DT_NEEDED, _DT_STRTAB, _DT_VERNEED, _DT_VERNEEDNUM = 1, 5, 0x6FFFFFFE, 0x6FFFFFFF


class NotElf(ValueError):
    """No ELF file, or one that is damaged."""


@dataclass(frozen=True, slots=True)
class Elf:
    """A shared library: *machine* is e_machine.

    *versions* are the versions of symbols it asks for, each with the library: ("libc.so.6", "GLIBC_2.17").
    """

    machine: int
    bits: int
    needed: tuple[str, ...]
    versions: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _Segment:
    kind: int
    offset: int
    address: int
    size: int


def read(data: bytes) -> Elf:
    """Read a little-endian library; raises NotElf."""
    if data[:4] != MAGIC or len(data) < 52 or data[4] not in _CLASS_BITS or data[5] != _LITTLE_ENDIAN:
        raise NotElf("not a little-endian ELF file")
    bits = _CLASS_BITS[data[4]]
    try:
        segments = tuple(_segments(data, bits))
        tags = tuple(_dynamic(data, bits, segments))
        (machine,) = struct.unpack_from("<H", data, 18)
        needed = tuple(_text(data, _names(tags, segments) + value) for tag, value in tags if tag == _DT_NEEDED)
        return Elf(machine, bits, needed, frozenset(_versions(data, tags, segments)))
    except (struct.error, IndexError, OverflowError, UnicodeDecodeError) as exc:
        raise NotElf(f"damaged: {exc}") from exc


def _segments(data: bytes, bits: int) -> Iterator[_Segment]:
    (start,) = struct.unpack_from("<Q" if bits == 64 else "<I", data, 32 if bits == 64 else 28)
    size, count = struct.unpack_from("<HH", data, 54 if bits == 64 else 42)
    for at in range(start, start + size * count, size or 1):
        if bits == 64:
            kind, _, offset, address, _, length = struct.unpack_from("<IIQQQQ", data, at)
        else:
            kind, offset, address, _, length = struct.unpack_from("<IIIII", data, at)
        yield _Segment(kind, offset, address, length)


def _dynamic(data: bytes, bits: int, segments: tuple[_Segment, ...]) -> Iterator[tuple[int, int]]:
    """The (tag, value) pairs of the dynamic section."""
    pair = struct.Struct("<qQ" if bits == 64 else "<iI")
    for one in segments:
        if one.kind == _PT_DYNAMIC:
            for at in range(one.offset, one.offset + one.size, pair.size):
                tag, value = pair.unpack_from(data, at)
                yield tag, value


def _offset(address: int, segments: tuple[_Segment, ...]) -> int:
    """Where in the file lies what is loaded at *address*."""
    for one in segments:
        if one.kind == _PT_LOAD and one.address <= address < one.address + one.size:
            return address - one.address + one.offset
    raise IndexError("an address outside the file")


def _names(tags: tuple[tuple[int, int], ...], segments: tuple[_Segment, ...]) -> int:
    return _offset(dict(tags).get(_DT_STRTAB, -1), segments)


def _text(data: bytes, at: int) -> str:
    end = data.find(b"\0", at)
    if end < 0:
        raise IndexError("a name without an end")
    return data[at:end].decode("ascii")


def _versions(
    data: bytes, tags: tuple[tuple[int, int], ...], segments: tuple[_Segment, ...]
) -> Iterator[tuple[str, str]]:
    """The table of needed versions: libraries, each with what is wanted of it."""
    values = dict(tags)
    if _DT_VERNEED not in values:
        return
    names = _names(tags, segments)
    at = _offset(values[_DT_VERNEED], segments)
    for _ in range(values.get(_DT_VERNEEDNUM, 0)):
        _, count, library, first, following = struct.unpack_from("<HHIII", data, at)
        entry = at + first
        for _ in range(count):
            _, _, _, name, step = struct.unpack_from("<IHHII", data, entry)
            yield _text(data, names + library), _text(data, names + name)
            entry += step
        if not following:
            return
        at += following
