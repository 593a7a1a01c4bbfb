"""Hostile upload sessions and chunks."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Callable

import pytest

from tests.sync.api import Request, blocks_of, digest_header, listed, sha256
from tests.sync.conftest import Laptop
from tests.sync.hostile import Stranger

pytestmark = pytest.mark.slow

LEAST = 65536  # bytes, the smallest chunk


@pytest.fixture
def opened(stranger: Stranger, folder: str) -> tuple[str, bytes]:
    """An upload of three chunks, and its content."""
    content = random.randbytes(3 * LEAST - 5)
    answer = stranger.api.open_upload(f"{folder}/x.bin", len(content), chunk_size=LEAST, expected_hash=sha256(content))
    assert answer.status == 200, answer.body
    return answer.json()["id"], content


INDEXES = ["-1", "n", "3", "2147483647", "2147483648", "4294967296", "9223372036854775808", "18446744073709551616",
           "1.5", "1e0", "0x0", "+0", "%EF%BC%91", "%D9%A1", "", "%20", "%00", "..", "9" * 6000, "0/0"]  # fmt: skip


def test_chunk_numbers(stranger: Stranger, opened: tuple[str, bytes]) -> None:
    upload_id, content = opened
    for index in INDEXES:
        target = f"/api/v1/sync/upload/{upload_id}/chunks/{index}"
        assert stranger.send("PUT", target, content[:LEAST])[0] in (400, 404, 405), index
    assert stranger.api.upload_state(upload_id).json()["received_chunks"] == 0


def test_chunks_of_a_wrong_length(stranger: Stranger, opened: tuple[str, bytes]) -> None:
    upload_id, content = opened
    for index, length in [(0, LEAST - 1), (0, LEAST + 1), (0, 0), (2, LEAST), (2, LEAST - 6), (0, 3 * LEAST)]:
        answer = stranger.ask(Request("PUT", f"/api/v1/sync/upload/{upload_id}/chunks/{index}", bytes(length)))
        assert (answer.status, answer.json()["code"]) == (400, "chunk_size_mismatch")
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (length, bytes(length)) if length else b"0\r\n\r\n"
        head = f"PUT /api/v1/sync/upload/{upload_id}/chunks/{index} HTTP/1.1\r\nHost: localhost\r\n"
        fields = f"Authorization: Bearer {stranger.api.token}\r\nTransfer-Encoding: chunked\r\n\r\n"
        with socket.create_connection(("127.0.0.1", stranger.server.port), 20) as link:
            link.sendall(head.encode() + fields.encode() + body)
            assert link.recv(65536).startswith(b"HTTP/1.1 400"), (index, length)
    state = stranger.api.upload_state(upload_id).json()
    assert state["received_chunks"] == 0 and state["missing"] == [[0, 2]]


def test_a_digest_that_is_wrong_or_nonsense(stranger: Stranger, opened: tuple[str, bytes]) -> None:
    upload_id, content = opened
    piece = content[:LEAST]
    assert stranger.api.send_chunk(upload_id, 0, piece, digest_header(b"other")).status == 400
    target = f"/api/v1/sync/upload/{upload_id}/chunks/0"
    for value in (
        "sha-256=",
        "sha-256=:x:",
        "sha-256=:" + "A" * 5000 + ":",
        "\udcff",
        "sha-256=::",
        ":::",
        "md5=:AA==:",
    ):
        assert stranger.send("PUT", target, piece, [("Content-Digest", value)])[0] in (200, 400), value
    assert stranger.api.send_chunk(upload_id, 0, piece, digest_header(piece)).status == 200


def test_a_chunk_sent_again_with_other_bytes(stranger: Stranger, opened: tuple[str, bytes]) -> None:
    upload_id, content = opened
    for index in (0, 1, 2):
        assert stranger.api.send_chunk(upload_id, index, content[index * LEAST : (index + 1) * LEAST]).status == 200
    assert stranger.api.send_chunk(upload_id, 1, bytes(LEAST)).status == 200
    answer = stranger.api.complete(upload_id)
    assert (answer.status, answer.json()["code"]) == (400, "hash_mismatch")
    assert stranger.api.send_chunk(upload_id, 1, content[LEAST : 2 * LEAST]).status == 200
    assert stranger.api.complete(upload_id).status == 200


def test_one_chunk_from_many_at_once(stranger: Stranger, folder: str) -> None:
    """Whoever wins, the chunk is one of those that were sent, whole."""
    bodies = [bytes([number]) * LEAST * 16 for number in range(8)]
    upload_id = stranger.api.open_upload(f"{folder}/x.bin", LEAST * 16, chunk_size=LEAST * 16).json()["id"]
    statuses: list[int] = []

    def send(body: bytes) -> None:
        statuses.append(stranger.api.send_chunk(upload_id, 0, body).status)

    threads = [threading.Thread(target=send, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) <= {200, 409} and 200 in statuses
    assert stranger.api.complete(upload_id).status == 200
    assert stranger.api.download(f"{folder}/x.bin").body in bodies


def test_completing_too_early_too_often_and_meanwhile(stranger: Stranger, opened: tuple[str, bytes]) -> None:
    upload_id, content = opened
    answer = stranger.api.complete(upload_id)
    assert (answer.status, answer.json()["code"], answer.json()["missing"]) == (400, "chunks_missing", [[0, 2]])
    for index in (0, 2):
        assert stranger.api.send_chunk(upload_id, index, content[index * LEAST : (index + 1) * LEAST]).status == 200
    target = f"/api/v1/sync/upload/{upload_id}/chunks/1"
    link = stranger.api.abandon(Request("PUT", target, content[LEAST : 2 * LEAST]), 0.5)
    answer = stranger.api.complete(upload_id)
    assert (answer.status, answer.json()["missing"]) == (400, [[1, 1]])
    link.close()
    assert stranger.api.send_chunk(upload_id, 1, content[LEAST : 2 * LEAST]).status == 200
    first, second = stranger.api.complete(upload_id), stranger.api.complete(upload_id)
    assert first.status == second.status == 200 and first.json() == second.json()
    assert stranger.api.send_chunk(upload_id, 1, content[LEAST : 2 * LEAST]).status == 409


def test_completing_in_a_crowd(stranger: Stranger, opened: tuple[str, bytes]) -> None:
    upload_id, content = opened
    for index in (0, 1, 2):
        assert stranger.api.send_chunk(upload_id, index, content[index * LEAST : (index + 1) * LEAST]).status == 200
    answers: list[tuple[int, bytes]] = []

    def complete() -> None:
        answer = stranger.api.complete(upload_id)
        answers.append((answer.status, answer.body))

    threads = [threading.Thread(target=complete) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(answers)) == 1 and answers[0][0] == 200


def test_a_broken_chunk_never_counts(stranger: Stranger, opened: tuple[str, bytes]) -> None:
    upload_id, content = opened
    for part in (0.2, 0.9, 0.9999):
        target = f"/api/v1/sync/upload/{upload_id}/chunks/0"
        stranger.api.abandon(Request("PUT", target, content[:LEAST]), part).close()
    answer = stranger.api.send_chunk(upload_id, 1, content[LEAST : 2 * LEAST])
    assert answer.status == 200
    assert stranger.api.upload_state(upload_id).json()["missing"] == [[0, 0], [2, 2]]


def test_ids_that_are_none(stranger: Stranger, opened: tuple[str, bytes]) -> None:
    upload_id, content = opened
    assert stranger.api.cancel_upload(upload_id).status == 204
    for name in (upload_id, "0" * 32, "..", "%2e%2e%2fx", "%00", "x" * 5000, "%ff", "-", upload_id.upper() + "x"):
        base = f"/api/v1/sync/upload/{name}"
        for method, target in [
            ("GET", base),
            ("DELETE", base),
            ("PUT", base + "/chunks/0"),
            ("POST", base + "/complete"),
        ]:
            body = content[:LEAST] if method == "PUT" else b""
            assert stranger.send(method, target, body)[0] in (400, 404, 405), (method, name)


SIZES: list[object] = [
    -1,
    2**31 * 65536,
    2**63,
    2**64,
    10**30,
    1.5,
    1e300,
    True,
    None,
    "10",
    [],
    {},
    float("nan"),
    float("inf"),
]


@pytest.mark.parametrize("size", SIZES, ids=range(len(SIZES)))
def test_sizes(stranger: Stranger, size: object) -> None:
    answer = stranger.post("/api/v1/sync/upload", {"target_path": "abuse/size", "expected_size": size})
    assert answer.status in (400, 413, 507), answer.body


CHUNK_SIZES = [0, 1, 1 << 30, -1, 2**63, 2**64, 1.5, True, "x", [], float("nan")]


@pytest.mark.parametrize("chunk_size", CHUNK_SIZES, ids=range(len(CHUNK_SIZES)))
def test_chunk_sizes(stranger: Stranger, chunk_size: object) -> None:
    body = {"target_path": "abuse/chunks", "expected_size": 1 << 20, "chunk_size": chunk_size}
    answer = stranger.post("/api/v1/sync/upload", body)
    assert answer.status in (200, 400), answer.body
    if answer.status == 200:
        assert LEAST <= answer.json()["chunk_size"] <= 64 << 20
        assert stranger.api.cancel_upload(answer.json()["id"]).status == 204


WISHES: list[tuple[str, object]] = [
    ("target_path", "../x"), ("target_path", "/etc/passwd"), ("target_path", "a/../b"), ("target_path", ""),
    ("target_path", "a//b"), ("target_path", "a\0b"), ("target_path", "\ud800"), ("target_path", "x" * 256),
    ("target_path", "/".join(["a"] * 3000)), ("target_path", 5), ("target_path", None), ("target_path", "a\nb"),
    ("target_path", ".syncd/x"), ("target_path", ".trash/x"),
    ("expected_hash", "sha256:"), ("expected_hash", "md5:" + "0" * 32), ("expected_hash", "sha256:" + "g" * 64),
    ("expected_hash", 5), ("expected_hash", "0" * 64), ("base_hash", "x"), ("base_hash", []), ("base_hash", "sha256:é"),
    ("modified_at", "yesterday"), ("modified_at", 10**30), ("modified_at", "9999999-01-01T00:00:00Z"),
    ("modified_at", "2026-02-30T00:00:00Z"), ("modified_at", "0000-00-00T00:00:00Z"),
    ("blocks", "x"), ("blocks", [1]), ("blocks", ["0" * 64] * 2), ("blocks", ["x" * 64]), ("blocks", [["0" * 64]]),
    ("blocks", {"0": "0" * 64}), ("device_id", "x"), ("device_id", 5), ("device_id", "0" * 5000),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), WISHES, ids=range(len(WISHES)))
def test_wishes(stranger: Stranger, name: str, value: object) -> None:
    body: dict[str, object] = {"target_path": "abuse/wish", "expected_size": 5, name: value}
    answer = stranger.post("/api/v1/sync/upload", body)
    assert answer.status in (400, 403, 404), answer.body
    assert answer.header("content-type").startswith("application/problem+json")


def test_an_empty_file_has_no_chunks(stranger: Stranger, folder: str) -> None:
    answer = stranger.api.open_upload(f"{folder}/empty", 0)
    assert (answer.json()["chunk_count"], answer.json()["missing"]) == (0, [])
    assert stranger.api.send_chunk(answer.json()["id"], 0, b"").status == 400
    assert stranger.api.complete(answer.json()["id"]).json()["content_hash"] == sha256(b"")


def test_a_flood_of_sessions_ends_in_patience(stranger: Stranger, laptop: Callable[[], Laptop], folder: str) -> None:
    api = laptop().api
    ids = []
    for number in range(200):
        answer = api.open_upload(f"{folder}/{number}", 5)
        if answer.status == 200:
            ids.append(answer.json()["id"])
        else:
            assert (answer.status, answer.json()["code"]) == (429, "too_many_sessions")
            assert int(answer.header("retry-after")) > 0
    assert len(ids) == 16
    assert stranger.api.open_upload(f"{folder}/other", 5).status == 200  # another device goes on
    for one in ids:
        assert api.cancel_upload(one).status == 204
    assert api.open_upload(f"{folder}/again", 5).status == 200


def test_blocks_that_lie(stranger: Stranger, folder: str) -> None:
    content = random.randbytes(2 * LEAST)
    blocks = blocks_of(content, LEAST)
    answer = stranger.api.open_upload(f"{folder}/x", len(content), chunk_size=LEAST, blocks=blocks)
    upload_id = answer.json()["id"]
    assert listed(answer.json()["missing"]) == [0, 1]
    refused = stranger.api.send_chunk(upload_id, 0, content[LEAST:])
    assert (refused.status, refused.json()["code"]) == (400, "digest_mismatch")
    assert stranger.api.upload_state(upload_id).json()["missing"] == [[0, 1]]
    for value in ("0", "-1", "x", "65535", str(2**70), "", "1.5"):
        assert stranger.send("GET", f"/api/v1/sync/blocks/abuse/text.txt?chunk_size={value}")[0] in (200, 400), value
