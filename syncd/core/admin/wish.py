"""A wish, and how wishes and what comes of them are written as JSON.

Types are the schema: a dataclass becomes an object of its fields, and what is read must have exactly the types that
the fields are annotated with.
"""

from __future__ import annotations

import types
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import MISSING, asdict, dataclass, fields, is_dataclass
from enum import Enum
from typing import ClassVar, Generic, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from syncd.core.core import Core
from syncd.errors import BadRequest

R_co = TypeVar("R_co", covariant=True)


class Disk(Enum):
    """Does a wish need the volume to be open?"""

    UNUSED = 0
    IF_THERE = 1  # the wish is granted without it too
    NEEDED = 2


@dataclass(frozen=True, slots=True)
class Ground:
    """What a wish is granted with."""

    core: Core
    progress: Callable[[str], None] = lambda line: None
    daemon: Callable[[], dict[str, object]] | None = None  # what a running daemon says of itself


class Wish(ABC, Generic[R_co]):
    """One thing an administrator wants; its fields are the arguments."""

    __slots__ = ()

    disk: ClassVar[Disk] = Disk.UNUSED
    is_long: ClassVar[bool] = False  # walks the whole disk: one at a time
    ends_with_caller: ClassVar[bool] = False  # worth nothing without somebody who waits for the answer

    @abstractmethod
    async def grant(self, ground: Ground) -> R_co:
        """Do it; raises SyncError."""


def encode(value: object) -> object:
    """*value*, dataclasses in it as objects, ready for json.dumps."""
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, list | tuple):
        return [encode(one) for one in value]
    return value


def answer_type(wish: type[Wish[object]]) -> object:
    """What granting such a wish gives, as annotated."""
    return get_type_hints(wish.grant)["return"]


def decode(kind: object, value: object, name: str = "it") -> object:
    """*value*, read from JSON, as the annotated type *kind*; raises BadRequest that says where it does not fit."""
    if kind is object:
        return value
    if isinstance(kind, type) and is_dataclass(kind):
        return _dataclass(kind, value, name)
    if get_origin(kind) in (Union, types.UnionType):
        return _one_of(get_args(kind), value, name)
    if get_origin(kind) in (list, tuple) and isinstance(value, list):
        return (get_origin(kind) or list)(decode(get_args(kind)[0], one, name) for one in value)
    if get_origin(kind) is dict and isinstance(value, dict):
        return value
    if isinstance(kind, type) and issubclass(kind, Enum) and value in [one.value for one in kind]:
        return kind(value)
    if get_origin(kind) is Literal and value in get_args(kind):
        return value
    # Not isinstance: True would pass for a number.
    if isinstance(kind, type) and type(value) is kind:
        return value
    raise BadRequest(f"{name} must be {getattr(kind, '__name__', kind)}, not {type(value).__name__}")


def _dataclass(kind: type, value: object, name: str) -> object:
    if not isinstance(value, dict):
        raise BadRequest(f"{name} must be an object")
    hints = get_type_hints(kind)
    known = {one.name: one for one in fields(kind)}
    if unknown := value.keys() - known.keys():
        raise BadRequest(f"{name} has no {min(unknown)!r}")
    for one in known.values():
        if one.name not in value and one.default is MISSING and one.default_factory is MISSING:
            raise BadRequest(f"{one.name} is missing")
    return kind(**{key: decode(hints[key], given, key) for key, given in value.items()})


def _one_of(kinds: tuple[object, ...], value: object, name: str) -> object:
    for kind in kinds:
        try:
            return decode(kind, value, name)
        except BadRequest:
            continue
    raise BadRequest(f"{name} must be one of {', '.join(getattr(kind, '__name__', str(kind)) for kind in kinds)}")
