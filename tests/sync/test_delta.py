"""A large file of which a little changed: only that travels, counted on the socket, in both directions."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.daemon import Daemon
from tests.sync.api import Api, blocks_of, listed, sha256
from tests.sync.conftest import new_laptop
from tests.sync.proxy import CountingProxy

pytestmark = pytest.mark.slow

MIB = 1 << 20
SIZE = 256 * MIB
BLOCK = MIB
MOST = 6 * MIB  # bytes that may travel for one that changed
AT = 100 * MIB + 4711  # on no block's edge


@pytest.fixture
def line(server: Daemon) -> Iterator[CountingProxy]:
    with CountingProxy(server.port) as proxy:
        yield proxy


@pytest.fixture
def laptops(person: Api) -> tuple[Api, Api]:
    return new_laptop(person).api, new_laptop(person).api


def send_changed(api: Api, path: str, content: bytes, base: bytes) -> int:
    """Upload *content* by its blocks over what was *base*; how many chunks it took."""
    blocks = blocks_of(content, BLOCK)
    opened = api.open_upload(
        path,
        len(content),
        chunk_size=BLOCK,
        blocks=blocks,
        expected_hash=sha256(content),
        base_hash=sha256(base),
    )
    assert opened.status == 200, opened.body
    missing = listed(opened.json()["missing"])
    for index in missing:
        assert api.send_chunk(opened.json()["id"], index, content[index * BLOCK : (index + 1) * BLOCK]).status == 200
    done = api.complete(opened.json()["id"])
    assert done.status == 200, done.body
    assert done.json()["content_hash"] == sha256(content) and done.json()["conflict"] is None
    return len(missing)


def fetch_changed(api: Api, path: str, old: bytes) -> bytes:
    """What is at *path* now, made from *old* and the blocks that differ."""
    found = api.blocks(path, BLOCK)
    assert found.status == 200, found.body
    size, names = found.json()["file_size"], found.json()["blocks"]
    held = blocks_of(old, BLOCK)
    pieces = []
    for index, name in enumerate(names):
        first, last = index * BLOCK, min((index + 1) * BLOCK, size) - 1
        if index < len(held) and held[index] == name:
            pieces.append(old[first : last + 1])
            continue
        answer = api.download(
            path, {"Range": f"bytes={first}-{last}", "If-Match": f'"{found.json()["content_hash"][7:]}"'}
        )
        assert answer.status == 206
        pieces.append(answer.body)
    whole = b"".join(pieces)
    assert sha256(whole) == found.json()["content_hash"]
    return whole


@pytest.mark.timeout(300)
def test_a_change_of_a_mebibyte_sends_little(line: CountingProxy, laptops: tuple[Api, Api], folder: str) -> None:
    direct, other = laptops
    through = Api("127.0.0.1", line.port, direct.token)
    old = b"".join(random.randbytes(16 * MIB) for _ in range(SIZE // (16 * MIB)))
    path = f"{folder}/film.mkv"
    assert direct.put(path, old).status == 201
    new = old[:AT] + random.randbytes(MIB) + old[AT + MIB :]
    chunks = send_changed(through, path, new, old)
    assert chunks == 2
    assert line.up < MOST and line.down < MOST
    line.reset()
    assert fetch_changed(Api("127.0.0.1", line.port, other.token), path, old) == new
    assert line.up < MOST and line.down < MOST


def test_blocks_are_found_in_any_file_of_the_user(line: CountingProxy, laptops: tuple[Api, Api], folder: str) -> None:
    """A copy under another name, made longer in front by whole blocks, sends only what is new."""
    direct, _ = laptops
    old = random.randbytes(8 * BLOCK + 99)
    assert direct.upload(f"{folder}/one.bin", old, chunk_size=BLOCK, blocks=blocks_of(old, BLOCK)).status == 200
    new = random.randbytes(BLOCK) + old
    through = Api("127.0.0.1", line.port, direct.token)
    assert send_changed(through, f"{folder}/two.bin", new, b"never there") == 1
    assert line.up < 2 * BLOCK
    assert direct.download(f"{folder}/two.bin").body == new
    assert direct.download(f"{folder}/one.bin").body == old


def test_blocks_of_another_user_are_none_of_ours(
    server: Daemon, line: CountingProxy, laptops: tuple[Api, Api], folder: str
) -> None:
    direct, _ = laptops
    secret = random.randbytes(4 * BLOCK)
    blocks = blocks_of(secret, BLOCK)
    assert direct.upload(f"{folder}/secret.bin", secret, chunk_size=BLOCK, blocks=blocks).status == 200
    stranger = Api("127.0.0.1", line.port)
    registered = stranger.register(f"stranger{folder[-1]}", "correct horse 9")
    assert registered.status == 201, registered.body
    stranger = stranger.with_token(registered.json()["token"])
    opened = stranger.open_upload("mine.bin", len(secret), chunk_size=BLOCK, blocks=blocks)
    assert opened.json()["missing"] == [[0, 3]]
    assert direct.upload_state(opened.json()["id"]).status == 404
    assert stranger.cancel_upload(opened.json()["id"]).status == 204
