"""Settings that apps keep here, and their keys."""

from __future__ import annotations

from dataclasses import dataclass

from syncd.core.admin.people import user_called
from syncd.core.admin.wish import Ground, Wish
from syncd.errors import NotFound
from syncd.model import User


@dataclass(frozen=True, slots=True)
class RotateKey(Wish[str]):
    """A new key of *user* for *app*, which is seen this once; the old one is dead."""

    user: str
    app: str

    async def grant(self, ground: Ground) -> str:
        return await ground.core.keys.rotate(await user_called(ground.core, self.user), self.app)


@dataclass(frozen=True, slots=True)
class KeyRow:
    """That there is a key."""

    user: str
    app: str
    created_ms: int
    used_ms: int | None  # to the day; None: never
    is_valid: bool  # there is a section for its app


@dataclass(frozen=True, slots=True)
class ListKeys(Wish[list[KeyRow]]):
    """The keys of one user, or of all."""

    user: str | None = None

    async def grant(self, ground: Ground) -> list[KeyRow]:
        core = ground.core
        return [
            KeyRow(user.name, one.app, one.created_ms, one.used_ms, core.config.app(one.app) is not None)
            for user in await _users(ground, self.user)
            for one in await core.keys.of(user)
        ]


@dataclass(frozen=True, slots=True)
class RevokeKey(Wish[None]):
    """The key of *user* for *app* is dead at once; raises NotFound."""

    user: str
    app: str

    async def grant(self, ground: Ground) -> None:
        await ground.core.keys.revoke(await user_called(ground.core, self.user), self.app)


@dataclass(frozen=True, slots=True)
class SaveRow:
    """One save of an app's settings."""

    number: int
    user: str
    app: str
    device: str
    saved_ms: int  # what counts as its time
    stored_ms: int  # when it came here
    size: int  # bytes
    is_current: bool  # it is what devices are given


@dataclass(frozen=True, slots=True)
class ListSaves(Wish[list[SaveRow]]):
    """What is kept of one user, or of all; of each the newest first."""

    user: str | None = None

    async def grant(self, ground: Ground) -> list[SaveRow]:
        rows = []
        for user in await _users(ground, self.user):
            seen: set[str] = set()
            for one in await ground.core.settings.versions(user):
                when = (one.saved_ms, one.stored_ms)
                rows.append(SaveRow(one.id, user.name, one.app, one.device, *when, one.size, one.app not in seen))
                seen.add(one.app)
        return rows


@dataclass(frozen=True, slots=True)
class ShowSave(Wish[str]):
    """What was saved under a number; raises NotFound."""

    number: int

    async def grant(self, ground: Ground) -> str:
        user, app = await _owner(ground, self.number)
        return await ground.core.settings.read(user, app, self.number)


@dataclass(frozen=True, slots=True)
class Restored:
    user: str
    app: str


@dataclass(frozen=True, slots=True)
class RestoreSave(Wish[Restored]):
    """Save an older version anew, so that every device takes it; raises NotFound."""

    number: int

    async def grant(self, ground: Ground) -> Restored:
        user, app = await _owner(ground, self.number)
        await ground.core.settings.restore(user, app, self.number)
        return Restored(user.name, app)


async def _users(ground: Ground, name: str | None) -> list[User]:
    return [await user_called(ground.core, name)] if name is not None else await ground.core.accounts.all()


async def _owner(ground: Ground, number: int) -> tuple[User, str]:
    """Whose save that is, and of which app; raises NotFound."""
    user_id, app = await ground.core.settings.owner(number)
    user = await ground.core.accounts.by_id(user_id)
    if user is None:  # removed since the line above, and the save with them
        raise NotFound(f"there is no save {number}; see: syncd settings list")
    return user, app
