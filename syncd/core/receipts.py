"""May the phone delete its copy? What is really here, content by content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from syncd.core.core import Core
from syncd.core.mount import Mount
from syncd.core.plans import is_current, tree_place
from syncd.db import entries, meta, trash
from syncd.model import Entry, User

ASKED = 500  # contents in one query


@dataclass(slots=True)
class Receipt:
    """What is here of one content. `durable`: it would survive the power going now."""

    hash: bytes
    durable: bool = False
    paths: list[str] = field(default_factory=list)
    in_trash: bool = False
    verified_ms: int | None = None  # Unix ms of the last re-read that found it right


async def receipts(core: Core, user: User, hashes: Sequence[bytes]) -> list[Receipt]:
    """A receipt for each of *hashes*, in order. A file that is missing or changed on the disk counts for nothing."""
    found = {digest: Receipt(digest) for digest in hashes}
    asked = list(found)
    with core.use() as mount:
        live: list[Entry] = []
        for start in range(0, len(asked), ASKED):
            part = asked[start : start + ASKED]
            live += await entries.with_contents(mount.index, user.id, part)
            for digest in await trash.contents_among(mount.index, user.id, part):
                found[digest].in_trash = True
        live = await mount.disk.run(lambda: [one for one in live if _is_there(mount, user, one)])
        if live and core.config.storage.durability != "full":
            await _make_durable(mount, max(one.seq for one in live))
    for entry in live:
        assert entry.hash is not None
        receipt = found[entry.hash]
        receipt.paths.append(entry.path)
        receipt.durable = True
        receipt.verified_ms = max(receipt.verified_ms or 0, entry.verified_ms or 0) or None
    return [found[digest] for digest in hashes]


def _is_there(mount: Mount, user: User, entry: Entry) -> bool:
    state = mount.root.state(tree_place(user, entry.path))
    return state is not None and is_current(entry, state)


async def _make_durable(mount: Mount, seq: int) -> None:
    """Somebody is about to delete the other copy: what `balanced` put off is made good now."""
    if seq > await meta.number(mount.index, "durable_seq"):
        await mount.make_durable()
