"""Who may do what: the three access modes, tokens, keys in the address, registration."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests import samples
from tests.daemon import PASSWORD, Daemon
from tests.phone import Answer, Phone

X = "2024/5/x.jpg"
DATA_ENDPOINTS = (
    "folders",
    "files",
    "img",
    "move-to-trash",
    "restore",
    "regenerate-thumbnails",
    "clean-orphan-thumbnails",
    "run-document-detection",
    "delete-all",
)


def member(daemon: Daemon, name: str, password: str = PASSWORD) -> Phone:
    """A second-generation phone, logged in."""
    answer = Phone(daemon.url, name, "phone-1").login(password)
    assert answer.status == 200
    return Phone(daemon.url, name, "phone-1", answer.json()["Token"])


def by_key(daemon: Daemon, user: str, device: str) -> Phone:
    """A first-generation phone whose owner typed the address with a key."""
    key = daemon.add_device(user, device)
    return Phone(f"{daemon.url}/k/{key}", user, device, generation=1)


def ask(phone: Phone, endpoint: str) -> Answer:
    who = {"User": phone.user, "DeviceId": phone.device}
    return phone.post(endpoint, {**who, "UserData": who, "Folder": "2024/5", "File": X, "Files": []})


def test_register_then_login(open_daemon: Daemon, nickname: str) -> None:
    """Row 63."""
    phone = Phone(open_daemon.url, nickname, "phone-1")
    first, second = phone.register("long enough 1"), phone.login("long enough 1")
    assert (first.status, second.status) == (200, 200)
    assert first.json()["Token"] and second.json()["Token"]
    assert first.json()["UserId"] == second.json()["UserId"] != ""


def test_failed_login_is_401(token_daemon: Daemon, nickname: str) -> None:
    """Row 64."""
    assert Phone(token_daemon.url, "desi", "phone-1").login("wrong horse 9").status == 401
    assert Phone(token_daemon.url, nickname, "phone-1").login(PASSWORD).status == 401


def test_stale_token_does_not_hinder_a_login(token_daemon: Daemon) -> None:
    assert Phone(token_daemon.url, "desi", "phone-1", token="0" * 64).login(PASSWORD).status == 200


def test_existing_name_cannot_be_registered_again(open_daemon: Daemon, nickname: str) -> None:
    """Row 65."""
    phone = Phone(open_daemon.url, nickname, "phone-1")
    assert phone.register("the old one 1").status == 200
    for name in (nickname, nickname.upper()):
        assert replace(phone, user=name).register("the new one 2").status == 409
    assert phone.login("the new one 2").status == 401
    assert phone.login("the old one 1").status == 200


def test_nickname_with_files_cannot_be_taken_by_registering(phone: Phone) -> None:
    assert phone.upload("x.jpg", samples.jpeg()).status == 200
    assert phone.register("long enough 1").status == 409
    assert phone.listed("2024/5") == [X]


def test_bad_registrations(open_daemon: Daemon, nickname: str) -> None:
    """Row 66."""
    phone = Phone(open_daemon.url, nickname, "phone-1")
    assert replace(phone, user="").register("long enough 1").status == 400
    assert phone.register("").status == 400
    assert phone.register("short").status == 400
    assert replace(phone, user="../up").register("long enough 1").status == 400
    for endpoint in ("auth/register", "auth/login"):
        assert phone.begin_post(endpoint, b"{").answer().status == 400
        wrong = phone.raw("GET", phone.target(endpoint))
        assert wrong.status == 405
        assert "POST" in wrong.header("allow")


def test_registration_is_closed_unless_opened(token_daemon: Daemon, nickname: str) -> None:
    assert Phone(token_daemon.url, nickname, "phone-1").register("long enough 1").status == 403


def test_account_id_stands_for_the_name(open_daemon: Daemon, nickname: str) -> None:
    """Row 67."""
    account = Phone(open_daemon.url, nickname, "phone-1").register("long enough 1").json()
    phone = Phone(open_daemon.url, nickname, "phone-1", account["Token"])
    assert phone.upload("page.jpg", samples.text_page()).status == 200
    by_id = replace(phone, user=account["UserId"])
    assert by_id.listed("2024/5") == phone.listed("2024/5") == ["2024/5/page.jpg"]
    assert by_id.run_detection().json() == {"Moved": 1}
    assert phone.listed("2024/5") == []


def test_nickname_alone_is_enough_in_open_mode(phone: Phone) -> None:
    """Row 68."""
    assert phone.upload("x.jpg", samples.jpeg()).status == 200
    assert phone.listed("2024/5") == [X]
    assert phone.stream(X).status == 200


def test_listing_does_not_make_an_account(open_daemon: Daemon, phone: Phone) -> None:
    assert phone.listed("2024/5") == []
    assert phone.user not in open_daemon.must("user", "list", "--json")


def test_open_mode_still_guards_accounts_with_a_password(open_daemon: Daemon, nickname: str) -> None:
    phone = Phone(open_daemon.url, nickname, "phone-1")
    token = phone.register("long enough 1").json()["Token"]
    assert phone.upload("x.jpg", samples.jpeg()).status == 401
    assert phone.folders().status == 401
    assert replace(phone, token=token).upload("x.jpg", samples.jpeg()).status == 200
    assert phone.stream(X).status == 401
    assert replace(phone, token=token).img(X).status == 200


@pytest.mark.parametrize("endpoint", DATA_ENDPOINTS)
def test_default_mode_answers_nobody_without_a_token(token_daemon: Daemon, endpoint: str) -> None:
    for name in ("desi", "stranger"):
        phone = Phone(token_daemon.url, name, "phone-1")
        assert ask(phone, endpoint).status == 401
        assert ask(replace(phone, token="0" * 64), endpoint).status == 401


def test_default_mode_takes_no_upload_or_stream_without_a_token(token_daemon: Daemon) -> None:
    for name in ("desi", "stranger"):
        phone = Phone(token_daemon.url, name, "phone-1")
        assert phone.upload("x.jpg", samples.jpeg()).status == 401
        assert phone.stream(X).status == 401


def test_default_mode_serves_a_token(token_daemon: Daemon) -> None:
    phone = member(token_daemon, "desi")
    assert phone.upload("x.jpg", samples.jpeg()).status == 200
    assert phone.listed("2024/5") == [X]
    assert phone.img(X).status == 200


def test_token_of_another_is_forbidden(token_daemon: Daemon) -> None:
    foreign = replace(member(token_daemon, "desi"), user="stranger")
    assert foreign.upload("x.jpg", samples.jpeg()).status == 403
    assert [ask(foreign, endpoint).status for endpoint in DATA_ENDPOINTS] == [403] * len(DATA_ENDPOINTS)


def test_key_in_the_address_opens_everything(token_daemon: Daemon) -> None:
    phone = by_key(token_daemon, "desi", "keyed")
    for typed in (phone, replace(phone, url=phone.url + "/")):
        assert typed.upload("x.jpg", samples.jpeg()).status == 200
        assert typed.folders().json() == [{"Year": "2024", "Months": ["2024/5"]}]
        assert typed.listed("2024/5") == [X]
        assert typed.img(X).status == 200
        assert typed.stream(X, "bytes=0-3").status == 206
    assert replace(phone, url=phone.url + "/").target("upload").endswith("//upload")


def test_key_opens_only_its_owner(token_daemon: Daemon) -> None:
    phone = replace(by_key(token_daemon, "desi", "keyed only"), user="stranger")
    assert phone.upload("x.jpg", samples.jpeg()).status == 403
    assert [ask(phone, endpoint).status for endpoint in DATA_ENDPOINTS] == [403] * len(DATA_ENDPOINTS)
    assert phone.stream(X).status == 403


def test_revoked_key_opens_nothing(token_daemon: Daemon) -> None:
    phone = by_key(token_daemon, "desi", "lost")
    assert phone.upload("x.jpg", samples.jpeg()).status == 200
    token_daemon.revoke_device("desi", "lost")
    assert phone.upload("y.jpg", samples.jpeg((1, 1, 1))).status == 401
    assert phone.files("2024/5").status == 401
    assert phone.stream(X).status == 401


def test_made_up_key_opens_nothing(token_daemon: Daemon) -> None:
    phone = Phone(f"{token_daemon.url}/k/{'a' * 43}", "desi", "phone-1", generation=1)
    assert phone.upload("x.jpg", samples.jpeg()).status == 401
    assert phone.folders().status == 401


def test_key_does_not_reach_the_log(token_daemon: Daemon) -> None:
    phone = by_key(token_daemon, "desi", "discreet")
    assert phone.upload("x.jpg", samples.jpeg()).status == 200
    assert phone.img("2024/5/none.jpg").status == 404
    assert phone.url.rpartition("/")[2] not in token_daemon.log.read_text("utf-8")


def test_known_mode_serves_names_without_a_password(nora: Phone) -> None:
    assert nora.upload("x.jpg", samples.jpeg()).status == 200
    assert nora.listed("2024/5") == [X]
    assert nora.stream(X).status == 200


def test_known_mode_guards_names_with_a_password(known_daemon: Daemon) -> None:
    phone = Phone(known_daemon.url, "desi", "phone-1")
    assert phone.upload("x.jpg", samples.jpeg()).status == 401
    assert phone.folders().status == 401
    assert member(known_daemon, "desi").upload("x.jpg", samples.jpeg()).status == 200


def test_known_mode_turns_strangers_away(known_daemon: Daemon, nickname: str) -> None:
    phone = Phone(known_daemon.url, nickname, "phone-1", generation=1)
    assert phone.upload("x.jpg", samples.jpeg()).status == 403
    answer = phone.folders()
    assert answer.status == 403 or (answer.status, answer.json()) == (200, [])
    assert nickname not in known_daemon.must("user", "list", "--json")


def test_name_without_a_password_cannot_log_in(known_daemon: Daemon) -> None:
    for password in ("", "anything 123"):
        assert Phone(known_daemon.url, "nora", "phone-1").login(password).status == 401


def test_a_newcomer_who_sends_many_files_at_once_is_one_account(open_daemon: Daemon) -> None:
    for number in range(5):
        phone = Phone(open_daemon.url, f"crowd{number}y", "phone-1", generation=1)
        names = [f"{one}.jpg" for one in range(8)]
        with ThreadPoolExecutor(len(names)) as threads:
            sent = [threads.submit(phone.upload, name, samples.jpeg()) for name in names]
        assert [one.result().status for one in sent] == [200] * len(names), [one.result().body for one in sent]
