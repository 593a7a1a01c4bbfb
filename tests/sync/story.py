"""A tour of the whole protocol: each operation's successes, and the ways in which it is refused."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from tests.daemon import PASSWORD, USER, Daemon, Sections, wait_until
from tests.sync.api import (
    JSON_TYPE,
    NOTHING_KNOWN,
    SMALLEST_CHUNK,
    Json,
    Request,
    blocks_of,
    digest_header,
    etag,
    posting,
    sha256,
)
from tests.sync.described import Operation, Witness, operations

NOBODY = "00000000-0000-4000-8000-000000000000"
NO_UPLOAD = "0" * 32
SECTIONS: Sections = {"accounts": {"registration": "open"}, "uploads": {"max_gb": 1}, "media": {"workers": 1}}
FILM = b"film" * (SMALLEST_CHUNK // 2)  # two chunks


@dataclass(frozen=True, slots=True)
class Cast:
    """Who acts: a person, two devices of theirs, somebody else and a device of that one."""

    person: Witness
    laptop: Witness
    laptop_id: str
    phone: Witness
    phone_id: str
    stranger: Witness
    their_device: str


def tell(server: Daemon) -> Witness:
    """All of it; what the witness saw. *server* runs, with SECTIONS, and is restarted on the way."""
    nobody = Witness("127.0.0.1", server.port)
    cast = _accounts(nobody)
    _devices(cast)
    _files(cast)
    _feed(cast)
    _uploads(cast)
    _conflicts(cast)
    _trash(cast)
    for one in operations():
        _refused_to_anybody(cast, one)
    nobody.get("/api/v1/openapi.json")
    _other_settings(server, cast)
    _without_disk(server, cast)
    return nobody


def _accounts(nobody: Witness) -> Cast:
    person = nobody.with_token(nobody.login(USER, PASSWORD).json()["token"])
    stranger = nobody.with_token(nobody.register("anna", PASSWORD).json()["token"])
    nobody.register("anna", PASSWORD)
    nobody.register("otto", "short")
    nobody.post("/api/v1/auth/login", {"username": USER})
    for _ in range(7):
        nobody.login("anna", "wrong horse 9")
        nobody.register("anna", PASSWORD)
    person.me()
    nobody.with_token(nobody.login(USER, PASSWORD).json()["token"]).logout()
    laptop, phone = _device(person, "laptop"), _device(person, "phone")
    theirs = _device(stranger, "desktop")
    laptop_api, phone_api = person.with_token(laptop["device_token"]), person.with_token(phone["device_token"])
    laptop_api.me()
    return Cast(
        person,
        laptop_api,
        laptop["device"]["id"],
        phone_api,
        phone["device"]["id"],
        stranger,
        theirs["device"]["id"],
    )


def _device(owner: Witness, kind: str) -> Json:
    return owner.add_device(f"my {kind}", kind, client_version="tests", os_info="Linux").json()


def _devices(cast: Cast) -> None:
    person, own = cast.person, _device(cast.person, "tablet")["device"]["id"]
    person.devices()
    person.add_device("x", "toaster")
    cast.laptop.add_device("x")
    person.device(own)
    person.change_device(own, name="old tablet", enabled=False)
    person.change_device(own, enabled="perhaps")
    person.renew_token(own)
    person.remove_device(own)
    for one in (own, cast.their_device):  # gone; another's
        person.device(one)
        person.change_device(one, name="mine")
        person.renew_token(one)
        person.remove_device(one)


def _files(cast: Cast) -> None:
    api = cast.laptop
    api.put("a/new.txt", b"one", headers=digest_header(b"one"))
    api.put("a/new.txt", b"two", sha256(b"one"))
    api.put("a/new.txt", b"three", headers={"If-Match": etag(b"one")})
    api.put("a/new.txt", b"three", headers=digest_header(b"four"))
    api.put(".trash/x", b"")
    api.move("a/new.txt", "a/moved.txt", sha256(b"two"))
    api.move("a/moved.txt", "a/../x")
    api.move("a/nothing.txt", "a/y.txt")
    api.post("/api/v1/sync/move", {"from": "a/moved.txt", "to": "a/y.txt", "device_id": cast.phone_id})
    api.put("a/other.txt", b"other")
    api.move("a/other.txt", "a/moved.txt")
    api.move("a/other.txt", "a/z.txt", NOTHING_KNOWN)
    for path in ("a/empty", "a/empty", "a/moved.txt", "a/../x"):
        api.keep_folder(path)
    for path in ("a", "a/empty", "a/empty", "a/../x"):
        api.remove_folder(path)
    api.folders()
    api.folders("..")
    for method in ("GET", "HEAD"):
        api.download("a/moved.txt", method=method)
        api.download("a/moved.txt", {"Range": "bytes=1-1"}, method)
        api.download("a/moved.txt", {"Range": "bytes=9-"}, method)
        api.download("a/moved.txt", {"If-None-Match": etag(b"two")}, method)
        api.download("a/moved.txt", {"If-Match": etag(b"one")}, method)
        api.download("a/nothing.txt", method=method)
        api.download(".trash/x", method=method)
    api.blocks("a/moved.txt", SMALLEST_CHUNK)
    api.blocks("a/nothing.txt")
    api.get("/api/v1/sync/blocks/a/moved.txt", chunk_size="large")
    api.delete("a/other.txt", {"If-Match": etag(b"another")})
    api.delete("a/other.txt")
    api.delete("a/other.txt")
    api.delete(".syncd/x")


def _feed(cast: Cast) -> None:
    api = cast.laptop
    cursor = api.changes(0).json()["cursor"]
    api.changes(cursor, limit=5, wait=0.1, prefix="a/")
    api.changes(cursor, limit=0)
    api.changes(cursor + 1000)
    api.ack(cursor)
    api.ack(cursor + 1000)
    api.ack(cursor, NOBODY)
    api.ack(cursor, cast.phone_id)
    api.get("/api/v1/sync/events", cursor="new")
    api.get("/api/v1/sync/events", cursor=cursor + 1000)
    with api.events(0) as events:
        api.seen.add(("follow_changes", events.status))
        next(iter(events))
    api.put("b/same.txt", b"same")
    api.ack(api.changes(0).json()["cursor"])
    api.report(
        [
            {"path": "b/same.txt", "change_type": "created", "content_hash": sha256(b"same"), "file_size": 4},
            {"path": "b/new.txt", "change_type": "created", "content_hash": sha256(b"new")},
            {"path": "b/same.txt", "change_type": "modified", "content_hash": sha256(b"x"), "base_hash": NOTHING_KNOWN},
            {"path": "b/same.txt", "change_type": "deleted", "base_hash": NOTHING_KNOWN},
            {"path": 7, "change_type": "deleted"},
            {"path": "b/x.txt", "change_type": "eaten"},
            {"path": "b/moved.txt", "change_type": "moved", "old_path": "b/same.txt"},
        ]
    )
    api.report([], NOBODY)
    api.report([], cast.phone_id)
    api.post("/api/v1/sync/report", {"changes": "all"})


def _uploads(cast: Cast) -> None:
    api = cast.laptop
    session = api.open_upload("c/film.mp4", len(FILM), expected_hash=sha256(FILM), chunk_size=SMALLEST_CHUNK).json()
    name = session["id"]
    api.send_chunk(name, 0, FILM[:SMALLEST_CHUNK])
    api.send_chunk(name, 1, b"short")
    api.upload_state(name)
    api.complete(name)
    api.send_chunk(name, 1, FILM[SMALLEST_CHUNK:], digest_header(FILM[SMALLEST_CHUNK:]))
    api.complete(name)
    api.upload_state(name)
    api.send_chunk(name, 1, FILM[SMALLEST_CHUNK:])
    edited = FILM[:SMALLEST_CHUNK] + b"edit" * (SMALLEST_CHUNK // 4)
    delta = api.open_upload(
        "c/film.mp4",
        len(edited),
        chunk_size=SMALLEST_CHUNK,
        blocks=blocks_of(edited, SMALLEST_CHUNK),
        base_hash=sha256(FILM),
        modified_at="2026-11-20T08:15:30.123Z",
    ).json()
    assert delta["missing"] == [[1, 1]]
    api.cancel_upload(delta["id"])
    wrong = api.open_upload("c/wrong.bin", 3, expected_hash=sha256(b"abc")).json()["id"]
    api.send_chunk(wrong, 0, b"abd")
    api.complete(wrong)
    api.cancel_upload(wrong)
    api.upload_state(NO_UPLOAD)
    api.cancel_upload(NO_UPLOAD)
    api.send_chunk(NO_UPLOAD, 0, b"x")
    api.complete(NO_UPLOAD)
    api.open_upload("c/x", 1, device_id=NOBODY)
    api.open_upload("c/x", 1, device_id=cast.phone_id)
    api.open_upload("c/x", -1)
    api.open_upload("c/x", 2 << 30)
    opened = [api.open_upload("c/x", 1).json() for _ in range(17)]
    for one in opened[:16]:
        api.cancel_upload(one["id"])


def _conflicts(cast: Cast) -> None:
    cast.laptop.put("d/notes.md", b"the laptop's")
    answer = cast.phone.put("d/notes.md", b"the phone's").json()
    number = answer["conflict"]["id"]
    api = cast.phone
    api.conflicts()
    api.resolve(number, "toss a coin")
    api.post(f"/api/v1/sync/conflicts/{number}/resolve", {"resolution": "keep_both", "device_id": cast.laptop_id})
    api.resolve(number, "client_wins")
    api.resolve(number, "client_wins")
    api.receipts([sha256(b"the phone's"), sha256(b"the laptop's"), sha256(b"nobody's")])
    api.receipts(["md5:1"])


def _trash(cast: Cast) -> None:
    api = cast.laptop
    api.trash(limit=0)
    api.trash(limit=1)
    entries = api.trash().json()["entries"]
    first, second = entries[0], entries[-1]
    api.put("e/taken.txt", b"taken")
    api.restore(first["id"], "e/taken.txt")
    api.restore(first["id"], "/")
    api.restore(first["id"], "e/back.txt")
    api.restore(first["id"])
    api.erase(second["id"])
    api.erase(second["id"])
    api.empty_trash()


def asking(one: Operation) -> Request:
    """A request for *one* that would do no harm if it were let through."""
    target = one.path.replace("{path}", "nowhere").replace("{index}", "0").replace("{session_id}", NO_UPLOAD)
    target = target.replace("{device_id}", NOBODY).replace("{conflict_id}", "999").replace("{trash_id}", "999")
    return Request(one.method.upper(), target)


def _refused_to_anybody(cast: Cast, one: Operation) -> None:
    """What every address answers alike: no token, a coded body, a strange host, too long a body."""
    plain, nobody = asking(one), cast.person.with_token("")
    if "401" in one.body["responses"] and one.id != "log_in":
        nobody.ask(plain)
    cast.person.ask(Request(plain.method, plain.target, None, {"Content-Encoding": "gzip"}))
    cast.person.ask(Request(plain.method, plain.target, None, {"Host": "evil.example.com"}))
    limits = {"begin_upload": 9 << 20, "report_changes": 17 << 20}
    if one.method in ("post", "put") and "application/json" in one.body.get("requestBody", {}).get("content", {}):
        long = b'{"x": "' + b"x" * limits.get(one.id, 2 << 20) + b'"}'
        target = plain.target.replace(NOBODY, cast.laptop_id)
        if one.id != "restore_file":
            cast.person.ask(Request(plain.method, target, long, JSON_TYPE))
            cast.person.ask(Request(plain.method, target, b"[", JSON_TYPE))


def _other_settings(server: Daemon, cast: Cast) -> None:
    """Registration closed, and no bound but the disk."""
    cast.laptop.put("f/x.txt", b"x")
    cast.laptop.delete("f/x.txt")
    [lying] = cast.laptop.trash().json()["entries"]
    restore = f"/api/v1/trash/{lying['id']}/restore"
    cast.laptop.ask(Request("POST", restore, b'{"x": "' + b"x" * (2 << 20) + b'"}', JSON_TYPE))
    cast.laptop.ask(Request("PUT", "/api/v1/sync/files/f/large", None, {"Content-Length": str(2 << 30)}))
    server.configure({"accounts": {"registration": "closed"}})
    server.restart()
    cast.person.with_token("").register("emil", PASSWORD)
    cast.laptop.open_upload("f/huge", 10**15)


def _without_disk(server: Daemon, cast: Cast) -> None:
    """Everything again while the disk is not there."""
    elsewhere = server.storage.with_name("elsewhere")
    server.storage.rename(elsewhere)
    try:
        wait_until(lambda: cast.person.receipts([]).status == 503, "the disk to be missed")
        for one in operations():
            if one.id not in ("log_out", "log_in", "register"):
                request = asking(one)
                body = {"hashes": [], "cursor": 0, "changes": [], "target_path": "x", "expected_size": 1}
                more = {"from": "x", "to": "y", "resolution": "keep_both", "name": "x", "device_type": "phone"}
                takes_json = "application/json" in one.body.get("requestBody", {}).get("content", {})
                sent = posting("", {**body, **more}).body if takes_json else None
                target = request.target.replace(NOBODY, cast.laptop_id)
                if one.id != "remove_device":
                    cast.person.ask(Request(request.method, target, sent, JSON_TYPE if takes_json else {}))
    finally:
        if server.storage.exists():
            shutil.rmtree(server.storage)
        elsewhere.rename(server.storage)
