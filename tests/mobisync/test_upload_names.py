"""Names from phones: kept where possible, made safe where not, never escaping; and the same name twice."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from tests import samples
from tests.daemon import Daemon, wait_until
from tests.phone import Phone

MIB = 1 << 20


def only_file(daemon: Daemon, phone: Phone) -> str:
    """The one file in May 2024, by /files and on the disk alike; its name."""
    [path] = phone.listed("2024/5")
    name = path.removeprefix("2024/5/")
    on_disk = [file.name for file in daemon.tree(phone.user).rglob("*") if file.is_file()]
    assert on_disk == [name]
    return name


def test_device_of_reserved_characters_has_one_folder(phone: Phone) -> None:
    """Row 5."""
    odd = replace(phone, device=")**??/\\//<>***_+")
    assert odd.upload("x.jpg", samples.jpeg()).status == 200
    assert odd.listed("2024/5") == ["2024/5/x.jpg"]


@pytest.mark.parametrize("device", ["a/b", ".hidden", "a..b", "con", "Desi's phone: 2", " blank ", "x" * 140])
def test_device_is_named_alike_at_every_endpoint(phone: Phone, open_daemon: Daemon, device: str) -> None:
    owner = replace(phone, device=device)
    assert owner.upload("x.jpg", samples.jpeg()).status == 200
    assert owner.folders().json() == [{"Year": "2024", "Months": ["2024/5"]}]
    assert owner.listed("2024/5") == ["2024/5/x.jpg"]
    assert owner.img("2024/5/x.jpg").status == 200
    assert owner.stream("2024/5/x.jpg").body == samples.jpeg()
    assert owner.regenerate().json() == {"Regenerated": 1}
    assert owner.move_to_trash("2024/5/x.jpg").status == 200
    assert owner.listed("2024/5") == []
    assert owner.listed("Trash") == ["Trash/2024/5/x.jpg"]
    assert owner.restore("Trash/2024/5/x.jpg").status == 200
    assert owner.listed("2024/5") == ["2024/5/x.jpg"]
    [stored] = list(open_daemon.tree(phone.user).rglob("x.jpg"))
    assert stored.relative_to(open_daemon.tree(phone.user)).parts[1:] == ("2024", "5", "x.jpg")


@pytest.mark.parametrize("device", ["..", ".", "../../up", "/etc", "..\\up"])
def test_no_device_leads_out(phone: Phone, open_daemon: Daemon, device: str) -> None:
    owner = replace(phone, device=device)
    content = samples.jpeg() + owner.user.encode()
    status = owner.upload("x.jpg", content).status
    assert status in (200, 400)
    own = open_daemon.tree(owner.user)
    stored = [path for path in open_daemon.storage.rglob("x.jpg") if path.read_bytes() == content]
    places = [path.relative_to(own).parts for path in stored]
    assert [place[1:] for place in places] == [("2024", "5", "x.jpg")] * (status == 200)
    assert all(not place[0].startswith(".") for place in places)


def test_empty_device_or_file_name_is_refused(phone: Phone) -> None:
    assert replace(phone, device="").upload("x.jpg", samples.jpeg()).status == 400
    assert phone.upload("", samples.jpeg()).status == 400
    assert phone.folders().json() == []


@pytest.mark.parametrize(
    "name",
    [
        "a b  c.jpg",
        "Снимка от морето.jpg",
        "été à Plovdiv.jpg",
        "a;b=c.jpg",
        "50% off, #1 & more!.jpg",
        "name (2).jpg",
        "日本 📷.jpg",
        "a..b.jpg",
        "no extension",
        "'quoted'.jpg",
    ],
)
def test_harmless_name_is_kept_unchanged(phone: Phone, open_daemon: Daemon, name: str) -> None:
    """Row 20."""
    assert phone.upload(name, samples.jpeg()).status == 200
    assert only_file(open_daemon, phone) == name
    assert phone.stream(f"2024/5/{name}").body == samples.jpeg()


@pytest.mark.parametrize(
    "name",
    [
        "../../../evil.jpg",
        "a/b\\c:d.jpg",
        "/etc/cron.d/evil.jpg",
        "..\\..\\evil.jpg",
        "..",
        ".hidden.jpg",
        "con",
        "a\tb\x07c.jpg",
        'say "hi".jpg',
        "two\nlines.jpg",
        "trailing.jpg. . .",
    ],
)
def test_dangerous_name_ends_as_one_plain_name(phone: Phone, open_daemon: Daemon, name: str) -> None:
    """Rows 21, 22."""
    answer = phone.upload(name, samples.jpeg())
    if answer.status == 400:
        assert phone.listed("2024/5") == []
        return
    assert answer.status == 200
    stored = only_file(open_daemon, phone)
    assert not stored.startswith(".")
    assert not set(stored) & set('/\\\n\t\x07"')
    assert phone.stream(f"2024/5/{stored}").body == samples.jpeg()
    assert phone.move_to_trash(f"2024/5/{stored}").status == 200
    assert phone.listed("2024/5") == []


@pytest.mark.parametrize("stem", ["n" * 150, "n" * 400, "ж" * 150, "📷" * 100])
def test_long_name_keeps_its_extension(phone: Phone, open_daemon: Daemon, stem: str) -> None:
    """Row 23."""
    assert phone.upload(f"{stem}.jpg", samples.jpeg()).status == 200
    stored = only_file(open_daemon, phone)
    assert stored.endswith(".jpg")
    assert len(stored.encode()) <= 255
    assert stem.startswith(stored.removesuffix(".jpg").rstrip("~…")[:20])


def test_long_names_that_differ_at_their_ends_are_two_files(phone: Phone) -> None:
    assert phone.upload("n" * 300 + "1.jpg", samples.jpeg((1, 1, 1))).status == 200
    assert phone.upload("n" * 300 + "2.jpg", samples.jpeg((2, 2, 2))).status == 200
    contents = {phone.stream(path).body for path in phone.listed("2024/5")}
    assert contents == {samples.jpeg((1, 1, 1)), samples.jpeg((2, 2, 2))}


def test_same_file_again_changes_nothing(phone: Phone) -> None:
    """Row 24."""
    assert phone.upload("x.jpg", samples.jpeg()).status == 200
    assert phone.upload("x.jpg", samples.jpeg()).status == 200
    assert phone.listed("2024/5") == ["2024/5/x.jpg"]


def test_other_bytes_under_a_taken_name_are_kept_beside_it(phone: Phone) -> None:
    """Row 25."""
    colours = ((10, 0, 0), (20, 0, 0), (30, 0, 0))
    for colour in colours:
        assert phone.upload("x.jpg", samples.jpeg(colour)).status == 200
    paths = ("2024/5/x.jpg", "2024/5/x (2).jpg", "2024/5/x (3).jpg")
    assert sorted(phone.listed("2024/5")) == sorted(paths)
    assert [phone.stream(path).body for path in paths] == [samples.jpeg(colour) for colour in colours]


def test_whole_run_sent_again_after_a_crash_adds_nothing(phone: Phone) -> None:
    run = [("x.jpg", samples.jpeg((1, 0, 0))), ("x.jpg", samples.jpeg((2, 0, 0))), ("y.jpg", samples.jpeg((3, 0, 0)))]
    for name, content in run + run:
        assert phone.upload(name, content).status == 200
    assert sorted(phone.listed("2024/5")) == ["2024/5/x (2).jpg", "2024/5/x.jpg", "2024/5/y.jpg"]


@pytest.mark.parametrize("value", ["true", "True", " TRUE "])
def test_upload_into_the_trash(phone: Phone, value: str) -> None:
    """Row 26."""
    answer = phone.upload("x.jpg", samples.jpeg(), changes={"x-save-to-trash": value})
    assert answer.status == 200
    assert phone.listed("2024/5") == []
    assert phone.listed("Trash") == ["Trash/2024/5/x.jpg"]


def test_any_other_trash_value_is_ignored(phone: Phone) -> None:
    assert phone.upload("x.jpg", samples.jpeg(), changes={"x-save-to-trash": "yes"}).status == 200
    assert phone.listed("2024/5") == ["2024/5/x.jpg"]


def test_interrupted_upload_leaves_nothing(phone: Phone, open_daemon: Daemon) -> None:
    """Row 28."""
    lost, whole = (samples.jpeg() + os.urandom(4 * MIB) for _ in range(2))
    mark = lost[-3 * MIB :][:64]
    exchange, _tail = phone.begin_upload("x.jpg", len(lost))
    exchange.send(lost[: 2 * MIB])
    assert phone.listed("2024/5") == []
    exchange.cut()
    assert phone.listed("2024/5") == []
    assert phone.upload("x.jpg", whole).status == 200
    assert phone.listed("2024/5") == ["2024/5/x.jpg"]
    assert phone.stream("2024/5/x.jpg").body == whole
    assert len(traces(open_daemon, whole[-64:])) == 1
    wait_until(lambda: not traces(open_daemon, mark), "the staged bytes of the cut upload to go")


def traces(daemon: Daemon, mark: bytes) -> list[str]:
    """Files anywhere on the volume that hold *mark*."""
    found = []
    for path in daemon.storage.rglob("*"):
        try:
            if path.is_file() and mark in path.read_bytes():
                found.append(str(path))
        except FileNotFoundError:  # a staging file of somebody else that was published meanwhile
            continue
    return found


def test_big_upload_is_streamed_whole(phone: Phone) -> None:
    block = os.urandom(MIB)
    size = len(samples.jpeg()) + 24 * MIB
    chunks = (samples.jpeg(), *[block] * 24)
    assert phone.upload_stream("big.jpg", chunks, size).status == 200
    assert phone.stream("2024/5/big.jpg", method="HEAD").header("content-length") == str(size)
    assert phone.stream("2024/5/big.jpg", f"bytes=-{MIB}").body == block
