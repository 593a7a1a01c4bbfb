"""Forged tokens, odd passwords, and a person who reaches for what is another's."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Iterator

import pytest

from tests.abuse.test_corpus import ask
from tests.daemon import PASSWORD, USER, Daemon
from tests.sync.api import Api, Json, Request, sha256
from tests.sync.conftest import new_laptop
from tests.sync.hostile import TEXT, Stranger

pytestmark = pytest.mark.slow

ME = "/api/v1/auth/me"


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def claims_of(token: str) -> Json:
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def signed(claims: Json, key: str, **head: object) -> str:
    """A token of RFC 7519, signed with *key*."""
    text = f"{part({'alg': 'HS256', 'typ': 'JWT', **head})}.{part(claims)}"
    digest = hmac.digest(key.encode(), text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def forged(server: Daemon, token: str) -> Iterator[str]:
    """Tokens that say what *token* says, or more, and were not signed here."""
    claims = claims_of(token)
    head, body, signature = token.split(".")
    for algorithm in ("none", "None", "nOnE", "", "HS256", "HS512", "RS256", "ES256"):
        yield f"{part({'alg': algorithm, 'typ': 'JWT'})}.{body}."
        yield f"{part({'alg': algorithm, 'typ': 'JWT'})}.{body}.{signature}"
    for key in ("", "secret", "syncd", "\0", server.url, USER, claims["sub"], claims["jti"], PASSWORD, "0" * 64):
        yield signed(claims, key)
    for kid in ("/dev/null", "../../../../dev/null", "' OR 1=1 --", "", "key.pem\0"):
        yield signed(claims, "", kid=kid)
    yield signed(claims, "", jku="http://127.0.0.1/keys", jwk={"kty": "oct", "k": ""})
    for more in ({"exp": 10**30}, {"exp": "never"}, {"scope": "admin"}, {"sub": "1"}, {"did": None}, {"jti": ["x"]}):
        yield f"{head}.{part(claims | more)}.{signature}"
    yield f"{head}.{body}.{signature[:-4]}"
    yield f"{head}.{body}.{signature}.{signature}"
    yield f"{head}.{body}"
    yield from (
        "..",
        ".",
        "a.b.c",
        f"{head}..{signature}",
        f".{body}.{signature}",
        f"{part([])}.{part([])}.{signature}",
    )
    yield f"{head}.{part('x' * 20_000)}.{signature}"[:6000]
    yield f"{base64.urlsafe_b64encode(b'[' * 3000).decode()}.{body}.{signature}"


def test_forged_tokens(stranger: Stranger) -> None:
    assert stranger.send("GET", ME)[0] == 200
    for token in forged(stranger.server, stranger.api.token):
        status, _ = stranger.send("GET", ME, fields=[("Authorization", f"Bearer {token}")])
        assert status == 401, token[:200]
        status, _ = stranger.send("PUT", "/api/v1/sync/files/forged", b"x", [("Authorization", f"Bearer {token}")])
        assert status == 401, token[:200]


HEADERS = ["", "Bearer", "Bearer ", "bearer  ", "Basic ZGVzaTpjb3JyZWN0IGhvcnNlIDk=", "Basic eDp5", "Basic", "Basic !",
           "Basic bm9jb2xvbg==", "Bearer \udcff\udcfe", "Bearer a b", "x" * 100, "Token x", "Bearer " + "x" * 6000,
           "Bearer ٠", "Digest username=desi"]  # fmt: skip


@pytest.mark.parametrize("header", HEADERS, ids=range(len(HEADERS)))
def test_no_token(stranger: Stranger, header: str) -> None:
    for target in (
        ME,
        "/api/v1/sync/changes",
        "/api/v1/sync/events",
        "/api/v1/sync/download/abuse/text.txt",
        "/api/v1/trash",
    ):
        status, answer = stranger.send("GET", target, fields=[("Authorization", header)])
        assert status == 401 and TEXT not in answer, target


def test_two_tokens(stranger: Stranger) -> None:
    good, bad = f"Bearer {stranger.api.token}", "Bearer a.b.c"
    for pair in ((bad, good), (bad, bad)):
        status, _ = stranger.send("GET", ME, fields=[("Authorization", one) for one in pair])
        assert status in (400, 401)


def test_tokens_in_other_places_are_none(stranger: Stranger) -> None:
    token = stranger.api.token
    empty = ("Authorization", "")
    for target in (f"{ME}?token={token}", f"{ME}?access_token={token}", f"{ME}?authorization=Bearer%20{token}"):
        assert stranger.send("GET", target, fields=[empty])[0] == 401
    assert stranger.send("GET", ME, fields=[empty, ("Cookie", f"token={token}; Authorization={token}")])[0] == 401
    assert stranger.send("GET", ME, fields=[empty, ("X-Forwarded-User", USER), ("Remote-User", USER)])[0] == 401


def test_dead_tokens(server: Daemon, person: Api) -> None:
    laptop = new_laptop(person)
    renewed = person.renew_token(laptop.id).json()["device_token"]
    assert laptop.api.me().status == 401
    other = laptop.api.with_token(renewed)
    assert other.me().status == 200
    assert person.change_device(laptop.id, enabled=False).status == 200
    assert other.me().status == 401
    assert person.change_device(laptop.id, enabled=True).status == 200
    assert person.remove_device(laptop.id).status == 204
    assert other.me().status == 401
    session = person.with_token("").login(USER, PASSWORD).json()["token"]
    assert person.with_token(session).logout().status == 204
    assert person.with_token(session).me().status == 401


# --- what is another's


@pytest.fixture(scope="module")
def other(server: Daemon) -> Api:
    """Another person, with a file of the same name as ours."""
    api = Api("127.0.0.1", server.port)
    answer = api.register("nora", PASSWORD)
    assert answer.status == 201, answer.body
    api = api.with_token(answer.json()["token"])
    assert api.put("abuse/own.txt", b"nora's").status == 201
    return api


def test_nothing_of_another_person(stranger: Stranger, person: Api, other: Api) -> None:
    laptop = new_laptop(person)
    secret = b"nobody else's business"
    api = laptop.api
    before = api.all_changes()[1]
    assert api.put("abuse/secret.txt", secret).status == 201
    upload_id = api.open_upload("abuse/later.txt", 5).json()["id"]
    assert api.put("abuse/secret.txt", b"clash", "sha256:" + "1" * 64).status == 201
    conflict = api.conflicts().json()[-1]["id"]
    assert api.put("abuse/bin.txt", secret).status == 201 and api.delete("abuse/bin.txt").status == 204
    binned = [one["id"] for one in api.trash(1000).json()["entries"] if one["original_path"] == "abuse/bin.txt"]
    answers = [
        (403, other.device(laptop.id)),
        (403, other.change_device(laptop.id, name="mine")),
        (403, other.remove_device(laptop.id)),
        (403, other.renew_token(laptop.id)),
        (404, other.upload_state(upload_id)),
        (404, other.send_chunk(upload_id, 0, b"mine!")),
        (404, other.complete(upload_id)),
        (404, other.cancel_upload(upload_id)),
        (404, other.resolve(conflict, "server_wins")),
        (404, other.restore(binned[0])),
        (404, other.erase(binned[0])),
        (404, other.download("abuse/secret.txt")),
        (404, other.blocks("abuse/secret.txt")),
        (404, other.delete("abuse/secret.txt")),
        (404, other.move("abuse/secret.txt", "mine.txt")),
    ]
    for at, (wanted, answer) in enumerate(answers):
        # Whether a device of that id exists is told to nobody else either way.
        assert answer.status in ((403, 404) if wanted == 403 else (404,)), (at, answer.status, answer.body)
        assert secret not in answer.body
    assert other.ack(before, laptop.id).status in (403, 404)
    assert other.report([], laptop.id).status in (403, 404)
    assert other.open_upload("x", 5, device_id=laptop.id).status in (403, 404)
    assert {change["path"] for change in other.all_changes()[0]} == {"abuse/own.txt"}
    assert other.conflicts().json() == [] and other.trash().json()["entries"] == []
    [receipt] = other.receipts([sha256(secret)]).json()["receipts"]
    assert (receipt["stored"], receipt["in_trash"], receipt["paths"]) == (False, False, [])
    assert [one["name"] for one in other.devices().json()] == []
    assert other.empty_trash().status in (200, 204)
    assert api.download("abuse/secret.txt").body == secret
    assert api.upload_state(upload_id).status == 200
    assert any(one["id"] == binned[0] for one in api.trash(1000).json()["entries"])


def test_a_device_manages_itself_alone(person: Api) -> None:
    one, two = new_laptop(person), new_laptop(person)
    for answer in (
        one.api.device(two.id),
        one.api.change_device(two.id, enabled=False),
        one.api.remove_device(two.id),
        one.api.renew_token(two.id),
        one.api.ack(0, two.id),
        one.api.report([], two.id),
    ):
        assert answer.status == 403, answer.body
    assert two.api.me().json()["device"]["id"] == two.id
    for name in ("x", "%00", "..", "0" * 36, two.id.upper(), two.id + "x", "9" * 5000):
        assert person.device(name).status in (400, 403, 404), name


# --- pages of others, and mirrors

SVG = "<svg/onload=alert(1)>"


def test_what_is_reflected_is_no_page(stranger: Stranger, person: Api) -> None:
    enc = "%3Csvg/onload=alert(1)%3E"
    for method, target in [
        ("GET", f"/api/v1/{enc}"),
        ("GET", f"/api/v1/sync/download/{enc}"),
        ("GET", f"/api/v1/sync/changes?cursor={enc}"),
        ("GET", f"/api/v1/sync/upload/{enc}"),
        ("GET", f"/api/v1/sync/devices/{enc}"),
        ("DELETE", f"/api/v1/trash/{enc}"),
    ]:
        status, answer = stranger.send(method, target)
        assert 400 <= status < 500
        assert b"text/html" not in answer.lower().partition(b"\r\n\r\n")[0], target
    added = person.add_device(SVG)
    assert added.status in (200, 400)
    assert added.header("content-type").startswith("application/")
    assert stranger.api.put("abuse/page.html", b"<script>alert(1)</script>").status == 201
    found = stranger.api.download("abuse/page.html")
    assert found.header("x-content-type-options") == "nosniff"
    safe = not found.header("content-type").startswith("text/html") or "attachment" in found.header(
        "content-disposition"
    )
    assert safe or "sandbox" in found.header("content-security-policy")


def test_another_site_gets_nothing(stranger: Stranger) -> None:
    token = f"Authorization: Bearer {stranger.api.token}\r\n"
    head = f"GET {ME} HTTP/1.1\r\nHost: evil.example.com\r\n{token}\r\n"
    assert ask(stranger.server, head.encode()).startswith(b"HTTP/1.1 421")
    for origin in ("https://evil.example.com", "null", "http://localhost.evil.example.com"):
        asking = [("Origin", origin), ("Access-Control-Request-Method", "PUT"), ("Authorization", "")]
        status, answer = stranger.send("OPTIONS", "/api/v1/sync/files/x", fields=asking)
        assert status < 500 and b"access-control-allow-origin" not in answer.lower()
        status, answer = stranger.send("GET", ME, fields=[("Origin", origin)])
        assert b"access-control-allow-origin" not in answer.lower()


def test_reading_changes_nothing(stranger: Stranger) -> None:
    before = stranger.api.all_changes()
    for target in (
        "auth/logout",
        "sync/move",
        "sync/ack",
        "sync/report",
        "sync/conflicts/1/resolve",
        "trash/1/restore",
    ):
        assert stranger.send("GET", f"/api/v1/{target}")[0] in (404, 405), target
    assert stranger.api.all_changes() == before


# --- passwords; what is slowed down comes last

PASSWORDS = [
    "",
    "short",
    "x" * 72,
    "x" * 73,
    "x" * 5000,
    "pass\0word!",
    "😀" * 20,
    "\ud800" * 8,
    "ß" * 128,
    5,
    None,
    [],
]


@pytest.mark.parametrize("password", PASSWORDS, ids=range(len(PASSWORDS)))
def test_passwords(stranger: Stranger, password: object) -> None:
    body = {"username": "nobody", "password": password}
    assert stranger.post("/api/v1/auth/login", body).status in (400, 401, 413, 429)
    body = {"username": f"new{PASSWORDS.index(password)}", "password": password}
    answer = stranger.post("/api/v1/auth/register", body)
    assert answer.status in (201, 400, 413, 429)
    if answer.status == 201:
        assert stranger.post("/api/v1/auth/login", body).status in (200, 429)


NAMES = [
    "",
    ".",
    "..",
    "a/b",
    ".hidden",
    "x" * 300,
    "a\0b",
    "\ud800",
    "DESI",
    "deſi",
    " desi ",
    "desi\u200b",
    "e\u0301",
    5,
    None,
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_names(stranger: Stranger, name: object) -> None:
    answer = stranger.post("/api/v1/auth/register", {"username": name, "password": PASSWORD})
    assert answer.status in (201, 400, 409, 429), answer.body
    if name in ("DESI", "deſi", " desi "):
        assert answer.status in (409, 429)
    assert stranger.api.me().json()["user"]["username"] == USER


def test_guessing_is_slowed_down_wherever_it_claims_to_come_from(stranger: Stranger) -> None:
    statuses = []
    for number in range(12):
        body = json.dumps({"username": USER, "password": f"wrong {number}"}).encode()
        forwarded = [
            ("X-Forwarded-For", f"10.1.2.{number}"),
            ("Forwarded", f"for=10.1.2.{number}"),
            ("X-Real-IP", f"10.1.2.{number}"),
        ]
        status, answer = stranger.send("POST", "/api/v1/auth/login", body, [*forwarded, ("Authorization", "")])
        statuses.append(status)
    assert set(statuses) <= {401, 429} and statuses[-1] == 429
    assert b"retry-after" in answer.lower()
    assert stranger.api.ask(Request("GET", ME)).status == 200  # who has a token is not kept out
