"""Accounts and log-ins: rows 1 to 16 of the protocol page, and what it says beside them."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest

from tests.conftest import MakeDaemon
from tests.daemon import PASSWORD, USER, Daemon
from tests.syncfile.client import Client, Json, said

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
TAKEN = "the user has been registered, please change the user name."
BAD_NAME = 'username cannot contain the following characters: \\/:*?"<>|'
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json; charset=utf-8"}


def test_a_new_user_is_registered(stranger: Client, name: str) -> None:
    """Row 1."""
    assert stranger.register(name) == {"status": "success", "error_code": 1000, "msg": "registered a new user."}


def test_a_name_is_given_once(stranger: Client, name: str) -> None:
    """Rows 2, 8."""
    stranger.register(name)
    for email in ("other@email.com", f"{name}@email.com"):
        assert stranger.register(name, email=email) == {"status": "error", "error_code": 1001, "msg": TAKEN}


@pytest.mark.parametrize("spelt", [str.upper, " {}".format, "{} ".format])
def test_names_that_look_alike_are_one(stranger: Client, name: str, spelt: type[str]) -> None:
    stranger.register(name)
    assert stranger.register(spelt(name), email="z@z")["error_code"] == 1001
    assert stranger.log_in(spelt(name))["error_code"] == 1010


def test_an_address_is_given_once(stranger: Client, name: str) -> None:
    """Row 3."""
    stranger.register(name)
    answer = stranger.register(f"{name}2", email=f"{name}@email.com")
    assert answer["error_code"] == 1002
    assert answer["msg"] == "the email has been registered, please change the email."
    assert stranger.register(f"{name}2", email=f"{name.upper()}@email.com")["error_code"] == 1000


@pytest.mark.parametrize("blank", ["username", "password", "email"])
@pytest.mark.parametrize("value", ["", " ", "\t \n"])
def test_nothing_may_be_blank(stranger: Client, name: str, blank: str, value: str) -> None:
    """Row 4."""
    given = {"username": name, "password": "123", "email": "b@b", blank: value}
    answer = stranger.get("userRegister", **given)
    assert (answer["error_code"], answer["msg"]) == (1003, "blank username/password/email")


def test_nothing_at_all_is_blank(stranger: Client) -> None:
    """Row 5."""
    assert stranger.get("userRegister")["error_code"] == 1003


@pytest.mark.parametrize("character", '\\/:*?"<>|')
def test_nine_characters_are_refused(stranger: Client, character: str) -> None:
    """Row 6."""
    answer = stranger.register(f"a{character}b")
    assert (answer["error_code"], answer["msg"]) == (1004, BAD_NAME)


def test_a_refused_character_is_told_before_a_blank(stranger: Client) -> None:
    """Row 7."""
    assert stranger.register("a/b", "", "")["error_code"] == 1004


def test_a_name_may_be_of_any_script(stranger: Client, name: str) -> None:
    """Row 9."""
    assert stranger.register(f"用户{name}é")["error_code"] == 1000
    assert stranger.log_in(f"用户{name}é")["error_code"] == 1010


def test_one_of_many_gets_the_name_and_one_the_address(stranger: Client, name: str) -> None:
    with ThreadPoolExecutor(8) as crowd:
        names = crowd.map(lambda one: stranger.register(name, email=f"{name}{one}")["error_code"], range(5))
        emails = crowd.map(lambda one: stranger.register(f"{name}{one}", email=name)["error_code"], range(5))
        assert sorted(names) == [1000] + [1001] * 4
        assert sorted(emails) == [1000] + [1002] * 4


BAD_NAMES = [".", "..", ".hidden", "a\0b", "a\nb", "x" * 201, "é" * 150, "\udcff"]


@pytest.mark.parametrize("bad", BAD_NAMES, ids=range(len(BAD_NAMES)))
def test_a_name_that_cannot_be_a_folder_is_refused(stranger: Client, bad: str) -> None:
    assert stranger.register(bad, email=f"{BAD_NAMES.index(bad)}@bad")["error_code"] == 1004


@pytest.mark.parametrize("field", [{"email": "x" * 201}, {"email": "a\0b"}, {"password": "x" * 300}])
def test_what_cannot_be_kept_is_refused_with_a_reason(stranger: Client, name: str, field: dict[str, str]) -> None:
    answer = stranger.get("userRegister", **{"username": name, "password": "123", "email": name, **field})
    assert answer["error_code"] == 1003 and "characters" in answer["msg"]


@pytest.mark.parametrize("spelt", ["nobody at all", "", "\udcff"])
def test_nobody_is_let_in(stranger: Client, spelt: str) -> None:
    """Row 10."""
    answer = stranger.log_in(spelt)
    assert (answer["error_code"], answer["authid"]) == (1011, "")
    assert answer["msg"] == "auth failure. user is not registed or user name/password incorrect"


def test_a_wrong_password_lets_nobody_in(person: Client) -> None:
    """Row 11."""
    assert person.log_in(person.name, "1234")["error_code"] == 1011
    for asked in ({"username": person.name}, {"password": "123"}, {}):
        answer = person.get("getAuthID", **asked)
        assert (answer["error_code"], answer["authid"]) == (1011, "")


def test_the_right_password_gives_an_authid(person: Client) -> None:
    """Row 12."""
    answer = person.log_in(person.name)
    assert (answer["error_code"], answer["status"], answer["msg"]) == (1010, "success", "auth success")
    assert re.fullmatch(UUID, answer["authid"])


def test_a_second_log_in_ends_no_first(person: Client) -> None:
    """Row 13."""
    second = person.log_in(person.name)["authid"]
    assert second != person.authid
    assert [person.alive(one)["error_code"] for one in (person.authid, second)] == [1020, 1020]


@pytest.mark.parametrize("asked", [{"authid": "xxxxx"}, {"authid": ""}, {}, {"authid": "\udcff"}])
def test_what_is_no_authid_is_not_alive(stranger: Client, asked: dict[str, str]) -> None:
    """Row 14."""
    assert stranger.get("isAuthAlive", **asked) == {
        "status": "error", "error_code": 1021, "msg": "invalid authid", "auth_time": ""
    }  # fmt: skip


def test_an_authid_tells_when_it_was_given(person: Client) -> None:
    """Row 15."""
    answer = person.alive(person.authid)
    assert (answer["error_code"], answer["msg"]) == (1020, "valid authid, and auth still alive")
    assert re.fullmatch(r"UTC: [0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}", answer["auth_time"])


@pytest.mark.parametrize("method_call", ["GET folder", "GET file", "POST file"])
@pytest.mark.parametrize("op", ["mkdir", "upload", "download", "", "nonsense"])
def test_nothing_is_done_without_an_authid(stranger: Client, method_call: str, op: str) -> None:
    """Row 16."""
    method, call = method_call.split()
    for authid in ("", "authid=wrong&"):
        answer = said(stranger.ask(method, f"/v1/{call}?{authid}op={op}&path=a&filepath=a", b"x"))
        assert (answer["error_code"], answer["auth_time"]) == (1021, "")


@pytest.mark.parametrize("form", [True, False])
def test_a_password_may_come_in_the_body(stranger: Client, name: str, form: bool) -> None:
    def post(call: str, **fields: str) -> int:
        body = urlencode(fields).encode() if form else json.dumps(fields).encode()
        answer = said(stranger.ask("POST", f"/v1/{call}?fmt=json", body, FORM if form else JSON))
        tokens.append(answer.get("authid", ""))
        code: int = answer["error_code"]
        return code

    tokens: list[str] = []
    assert post("userRegister", username=name, password="1&2+3 4", email=name) == 1000
    assert post("getAuthID", username=name, password="1&2+3 4") == 1010
    assert post("isAuthAlive", authid=tokens[-1]) == 1020
    assert post("getAuthID", username=name, password="wrong") == 1011


@pytest.mark.parametrize(
    ("body", "headers"), [(b"[1", JSON), (b"[]", JSON), (b"\xff" * 9, JSON), (b"x" * 10_000, FORM), (b"\xff", FORM)]
)
def test_a_body_that_says_nothing_is_refused(stranger: Client, body: bytes, headers: dict[str, str]) -> None:
    for call, code in (("userRegister", 1003), ("getAuthID", 1011), ("isAuthAlive", 1021)):
        assert said(stranger.ask("POST", f"/v1/{call}", body, headers))["error_code"] == code


def test_a_form_for_files_is_told_from_a_wrong_password(person: Client) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="username"\r\n\r\nx\r\n--b--\r\n'
    answer = said(person.ask("POST", "/v1/getAuthID", body, {"Content-Type": "multipart/form-data; boundary=b"}))
    assert (answer["error_code"], answer["authid"]) == (1011, "")
    assert "application/x-www-form-urlencoded" in answer["msg"]


def test_guessing_is_slowed_down(person: Client) -> None:
    answers = [person.log_in(person.name, f"wrong {number}") for number in range(8)]
    assert {one["error_code"] for one in answers} == {1011}
    assert "retry_after" not in answers[0] and answers[-1]["retry_after"] >= 1
    assert Client(person.port, source="127.0.3.3").log_in(person.name)["error_code"] == 1010


@pytest.mark.slow
def test_a_crowd_at_the_door_is_told_to_come_again(daemon: MakeDaemon) -> None:
    server = daemon({"accounts": {"registration": "open"}})

    def log_in(number: int) -> Json:
        return Client(server.port, source=f"127.0.3.{number + 1}").log_in(USER, "wrong")  # 200, or it would raise

    with ThreadPoolExecutor(40) as crowd:
        answers = list(crowd.map(log_in, range(40)))
    assert {answer["error_code"] for answer in answers} == {1011}
    assert any("at the same time" in answer["msg"] and answer["retry_after"] > 0 for answer in answers)


def test_right_passwords_are_not_counted(person: Client) -> None:
    assert {person.log_in(person.name)["error_code"] for _ in range(40)} == {1010}


@pytest.mark.slow
def test_a_box_as_installed_registers_nobody(daemon: MakeDaemon) -> None:
    client = Client(daemon({"media": {"workers": 1}}).port)
    answer = client.register("newcomer")
    assert answer["error_code"] == 1003 and "registration is closed" in answer["msg"]
    assert client.register("a/b")["error_code"] == 1004
    assert client.log_in(USER, PASSWORD)["error_code"] == 1010


@pytest.mark.slow
def test_an_owner_may_want_longer_passwords(daemon: MakeDaemon) -> None:
    client = Client(daemon({"accounts": {"registration": "open"}, "syncfile": {"short_passwords": False}}).port)
    answer = client.register("newcomer")
    assert answer["error_code"] == 1003 and "8 to" in answer["msg"]
    assert client.register("newcomer", "12345678")["error_code"] == 1000


def test_another_password_ends_all_log_ins(server: Daemon, person: Client) -> None:
    assert person.alive(person.authid)["error_code"] == 1020
    server.must("user", "passwd", person.name, "--password-stdin", input="another password\n")
    assert person.alive(person.authid)["error_code"] == 1021


def test_who_is_removed_is_out_at_once(server: Daemon, person: Client) -> None:
    person.upload("a.txt", b"111")
    link = person.link("a.txt")
    assert person.ask("GET", link).status == 200
    server.must("user", "remove", person.name, "--yes")
    assert person.alive(person.authid)["error_code"] == 1021
    assert person.ask("GET", link).status == 404


@pytest.mark.slow
def test_a_log_in_survives_a_restart(daemon: MakeDaemon) -> None:
    server = daemon()
    client = Client(server.port)
    authid = client.log_in(USER, PASSWORD)["authid"]
    before = client.alive(authid)["auth_time"]
    server.restart()
    assert client.alive(authid)["auth_time"] == before


@pytest.mark.slow
def test_no_secret_is_kept_or_logged(daemon: MakeDaemon) -> None:
    server = daemon({"server": {"log_level": "debug"}, "accounts": {"registration": "open"}})
    client = Client(server.port)
    client.register("newcomer", "kept-by-anna 1", "n@n")
    client.log_in("newcomer", "tried-by-eve 2")
    authid = client.log_in("newcomer", "kept-by-anna 1")["authid"]
    person = Client(server.port, authid)
    person.upload("a.txt", b"111")
    link = person.link("a.txt")
    person.ask("GET", link)
    server.stop()
    log = server.log.read_text()
    assert "/v1/getAuthID" in log  # it is written at all
    kept = b"".join(one.read_bytes() for one in server.root.rglob("*") if one.is_file())
    for secret in ("kept-by-anna", "tried-by-eve", authid, link.partition("=")[2]):
        assert secret not in log
        assert secret.encode() not in kept
