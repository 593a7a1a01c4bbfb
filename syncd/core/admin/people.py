"""Users and devices."""

from __future__ import annotations

from dataclasses import dataclass

from syncd.core.admin.wish import Disk, Ground, Wish
from syncd.core.core import Core
from syncd.core.names import fold
from syncd.db import entries
from syncd.errors import Conflict, NotFound, VolumeUnavailable
from syncd.model import Device, User


@dataclass(frozen=True, slots=True)
class AddUser(Wish[User]):
    """A new account; *adopt* gives it the folder of its name even when files are in it already."""

    name: str
    password: str | None
    admin: bool = False
    adopt: bool = False

    disk = Disk.IF_THERE

    async def grant(self, ground: Ground) -> User:
        accounts = ground.core.accounts
        role = "admin" if self.admin else "user"
        if self.adopt:
            return await accounts.add(self.name, self.password, role=role)
        return await accounts.add(self.name, self.password, role=role, home_is_free=lambda home: _free(ground, home))


def _free(ground: Ground, home: str) -> bool:
    """Does nothing stand there on the disk? Without a disk nobody can say."""
    try:
        with ground.core.use() as mount:
            return not mount.root.is_taken((home,))
    except VolumeUnavailable:
        return True


@dataclass(frozen=True, slots=True)
class ListUsers(Wish[list[User]]):
    """Every account, by name."""

    async def grant(self, ground: Ground) -> list[User]:
        return await ground.core.accounts.all()


@dataclass(frozen=True, slots=True)
class FindUser(Wish[User]):
    """The account of that name; NotFound says who there is."""

    name: str

    async def grant(self, ground: Ground) -> User:
        return await user_called(ground.core, self.name)


async def user_called(core: Core, name: str) -> User:
    """The user of that name; raises NotFound, with the next step."""
    found = await core.accounts.find(name)
    if found is None:
        raise NotFound(f"there is no user {name!r}; see: syncd user list")
    return found


@dataclass(frozen=True, slots=True)
class SetPassword(Wish[User]):
    """A new password, or none; all sessions end."""

    name: str
    password: str | None

    async def grant(self, ground: Ground) -> User:
        user = await user_called(ground.core, self.name)
        await ground.core.accounts.set_password(user, self.password)
        return await user_called(ground.core, self.name)


@dataclass(frozen=True, slots=True)
class RemoveUser(Wish[User]):
    """Remove an account with its devices, and what the index knows of it; the files stay."""

    name: str

    disk = Disk.IF_THERE

    async def grant(self, ground: Ground) -> User:
        core = ground.core
        user = await user_called(core, self.name)
        await core.accounts.remove(user)
        core.remembered.clear()
        try:
            with core.use() as mount:
                await mount.sessions.forget_all_of(user)
                async with mount.index.write() as transaction:
                    await entries.drop_user(transaction, user.id)
        except VolumeUnavailable:
            return user  # its number is never given again, so rows that are left refer to nobody
        return user


@dataclass(frozen=True, slots=True)
class NewDevice:
    """A device and its key, which is seen this once."""

    device: Device
    key: str


@dataclass(frozen=True, slots=True)
class AddDevice(Wish[NewDevice]):
    """A key of its own for a phone or computer of *user*."""

    user: str
    name: str
    kind: str = "phone"

    async def grant(self, ground: Ground) -> NewDevice:
        user = await user_called(ground.core, self.user)
        device, key = await ground.core.accounts.add_device(user, self.name, self.kind)
        return NewDevice(device, key)


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """A device with the name of its user."""

    user: str
    device: Device


@dataclass(frozen=True, slots=True)
class ListDevices(Wish[list[DeviceRow]]):
    """The devices of one user, or of all."""

    user: str | None = None

    async def grant(self, ground: Ground) -> list[DeviceRow]:
        accounts = ground.core.accounts
        users = [await user_called(ground.core, self.user)] if self.user is not None else await accounts.all()
        return [DeviceRow(user.name, device) for user in users for device in await accounts.devices(user)]


@dataclass(frozen=True, slots=True)
class RevokeDevice(Wish[Device]):
    """End a device's key at once: the device of that id or, with *user*, of that name."""

    device: str
    user: str | None = None

    async def grant(self, ground: Ground) -> Device:
        accounts = ground.core.accounts
        owner = await user_called(ground.core, self.user) if self.user is not None else None
        found = [one for one in await accounts.devices(owner) if self._is_meant(one)]
        if not found:
            whose = f" of {self.user}" if self.user is not None else ""
            raise NotFound(f"there is no device {self.device!r}{whose}; see: syncd device list")
        if len(found) > 1:
            ids = " or ".join(one.id for one in found)
            raise Conflict(f"{len(found)} devices have that name; say which: syncd device revoke {ids}")
        await accounts.revoke_device(found[0].id)
        return found[0]

    def _is_meant(self, one: Device) -> bool:
        return one.id == self.device or (self.user is not None and fold(one.name) == fold(self.device))
