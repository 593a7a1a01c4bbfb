"""Devices, and the tokens (sessions and keys) by which users and devices are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from syncd.db.database import Database, Row, Transaction, built
from syncd.model import Device

Use = Literal["session", "key", "device"]  # a log-in, what is in an address, a signed token of a device
_COLUMNS = "id, user_id, name, kind, created_ms, seen_ms, enabled, client_version, os_info"


def _device(row: Row) -> Device:
    device_id, user_id, name, kind, created_ms, seen_ms, enabled, *about = row
    return built(Device, device_id, user_id, name, kind, created_ms, seen_ms, bool(enabled), *about)


@dataclass(frozen=True, slots=True)
class Token:
    """A live session or key, found by its hash."""

    user_id: int
    device_id: str | None
    use: Use
    used_ms: int
    is_new: bool  # its device was never seen


async def all_of(db: Database, user_id: int | None = None) -> list[Device]:
    """Devices of one user, or (None) of all."""
    found = await db.read(
        f"SELECT {_COLUMNS} FROM devices WHERE ?1 IS NULL OR user_id = ?1 ORDER BY created_ms, id", (user_id,)
    )
    return [_device(row) for row in found]


async def add(transaction: Transaction, device: Device) -> None:
    await transaction.run(
        f"INSERT INTO devices ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?)",
        (
            *(device.id, device.user_id, device.name, device.kind, device.created_ms, device.seen_ms),
            *(int(device.enabled), device.client_version, device.os_info),
        ),
    )


async def by_id(db: Database, device_id: str) -> Device | None:
    found = await db.read(f"SELECT {_COLUMNS} FROM devices WHERE id = ?", (device_id,))
    return _device(found[0]) if found else None


async def change(transaction: Transaction, device: Device) -> None:
    """Give it the name *device* has, and switch it on or off."""
    await transaction.run(
        "UPDATE devices SET name = ?, enabled = ? WHERE id = ?", (device.name, int(device.enabled), device.id)
    )


async def remove(transaction: Transaction, device_id: str) -> bool:
    """Remove a device and all its tokens; False when there was none."""
    return bool(await transaction.run("DELETE FROM devices WHERE id = ? RETURNING id", (device_id,)))


async def token(db: Database, digest: bytes) -> Token | None:
    """What the token of that SHA-256 stands for; None when it is unknown or its device is disabled."""
    found = await db.read(
        "SELECT tokens.user_id, device_id, use, used_ms, device_id IS NOT NULL AND seen_ms IS NULL"
        " FROM tokens LEFT JOIN devices ON devices.id = device_id"
        " WHERE hash = ? AND coalesce(enabled, 1)",
        (digest,),
    )
    if not found:
        return None
    user_id, owner, use, used_ms, is_new = found[0]
    return built(Token, user_id, owner, use, used_ms, bool(is_new))


async def add_token(
    transaction: Transaction, digest: bytes, user_id: int, device_id: str | None, use: Use, now_ms: int
) -> None:
    await transaction.run(
        "INSERT INTO tokens (hash, user_id, device_id, use, created_ms, used_ms) VALUES (?,?,?,?,?,?)",
        (digest, user_id, device_id, use, now_ms, now_ms),
    )


async def touch(transaction: Transaction, digest: bytes, device_id: str | None, now_ms: int) -> None:
    """Note that token and device are in use."""
    await transaction.run("UPDATE tokens SET used_ms = ? WHERE hash = ?", (now_ms, digest))
    await transaction.run("UPDATE devices SET seen_ms = ? WHERE id = ?", (now_ms, device_id))


async def drop_token(transaction: Transaction, digest: bytes) -> None:
    """End one session or key."""
    await transaction.run("DELETE FROM tokens WHERE hash = ?", (digest,))


async def drop_tokens_of(transaction: Transaction, device_id: str, use: Use) -> None:
    """End a device's tokens of that kind."""
    await transaction.run("DELETE FROM tokens WHERE device_id = ? AND use = ?", (device_id, use))


async def drop_tokens(transaction: Transaction, user_id: int, use: Use) -> None:
    """End all sessions, or all keys, of a user."""
    await transaction.run("DELETE FROM tokens WHERE user_id = ? AND use = ?", (user_id, use))


async def drop_unused(transaction: Transaction, use: Use, before_ms: int) -> None:
    """Forget tokens last used before *before_ms*."""
    await transaction.run("DELETE FROM tokens WHERE use = ? AND used_ms < ?", (use, before_ms))
