"""Short links: addresses from which one version of a file can be fetched without a log-in, for twenty hours.

A link follows its file when that is renamed, and is dead once the file is removed or another version takes its place.
"""

from __future__ import annotations

import uuid

from syncd.core import reconcile, tree
from syncd.core.accounts import digest_of
from syncd.core.core import Core
from syncd.core.lifetime import is_over
from syncd.db import links
from syncd.db.links import Link
from syncd.errors import NotFound
from syncd.model import Entry, TreePath, User

MOST_PER_USER = 10_000  # links alive at once; the oldest end


async def make(core: Core, user: User, path: TreePath) -> str:
    """A new link to the file at *path*, as it is now: 122 random bits as a UUID, shown this once.

    Raises NotFound, and Busy while another program changes the file.
    """
    found = await reconcile.settled(core, user, path)
    assert found.hash is not None
    link_id = str(uuid.uuid4())
    link = Link(user.id, found.node, found.hash, core.keeper.moment())
    with core.use() as mount:
        async with mount.index.write(durable=False) as transaction:
            await links.add(transaction, digest_of(link_id), link, MOST_PER_USER)
    return link_id


async def follow(core: Core, link_id: str) -> tuple[User, Entry]:
    """The file that a link leads to, and whose it is; raises NotFound when it leads nowhere (any more)."""
    with core.use() as mount:
        link = await links.at(mount.index, digest_of(link_id))
    if link is None or is_over(link.since, core.keeper.moment()):
        raise _nowhere()
    user = await core.accounts.by_id(link.user_id)
    found = await tree.node(core, user, link.node) if user is not None else None
    if user is None or found is None:
        raise _nowhere()
    current = await reconcile.settled(core, user, TreePath.parse(found.path))
    if (current.node, current.hash) != (link.node, link.content):
        raise _nowhere()
    return user, current


def _nowhere() -> NotFound:
    return NotFound("this link leads to nothing any more; ask for a new one")
