"""A router without ffmpeg, exiftool, Pillow and segno stores, lists, streams and syncs all the same."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.cli.remedies import NAMES, command
from tests import samples
from tests.client.laptop import Laptop
from tests.daemon import USER, Daemon
from tests.phone import Phone

pytestmark = pytest.mark.slow

# None in sys.modules is how the import system spells "absent".
BARE = """
import os, sys
os.environ["PATH"] = "/nowhere"
for name in ("PIL", "segno", "tqdm", "cryptography"):
    sys.modules[name] = None
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if sys.modules.get(name, name) is None else found(name, *rest)
sys.argv[0] = "syncd"
from syncd.__main__ import main
sys.exit(main())
"""


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Daemon]:
    with Daemon(root=tmp_path / "box", syncd=(sys.executable, "-c", BARE)) as box:
        yield box


def test_it_stores_lists_streams_and_syncs(bare: Daemon, tmp_path: Path) -> None:
    phone = Phone(f"{bare.url}/k/{bare.add_device(USER, 'phone')}", USER, "phone-1")
    photo, film = samples.photo(), samples.film("mp4")
    assert [phone.upload(name, content).status for name, content in (("a.jpg", photo), ("b.mp4", film))] == [200, 200]
    [year] = phone.folders().json()
    [folder] = year["Months"]
    names = phone.listed(folder)
    assert len(names) == 2
    for name in names:
        assert phone.img(name).status == 404
    [moving] = [name for name in names if name.endswith(".mp4")]
    part = phone.stream(moving, span="bytes=10-29")
    assert (part.status, part.body) == (206, film[10:30])

    laptop = Laptop(bare.url, USER, tmp_path, "laptop")
    laptop.folder.mkdir()
    assert laptop.pair().returncode == 0
    laptop.write("note.txt", b"from here")
    laptop.synced()
    assert photo in laptop.tree().values() and film in laptop.tree().values()
    assert (bare.tree() / "note.txt").read_bytes() == b"from here"


def test_doctor_says_of_each_what_is_lost_and_nothing_is_broken(bare: Daemon) -> None:
    done = bare.cli("doctor")
    assert done.returncode == 0, done.stdout
    for name in ("Pillow", "ffmpeg", "exiftool", "segno"):
        [line] = [line for line in done.stdout.splitlines() if line.startswith(("reduced", "note")) and name in line]
        assert "is missing: " in line


@pytest.mark.parametrize(
    "managers, name, said",
    [
        ({"apt"}, "Pillow", "apt install python3-pil"),
        ({"opkg"}, "Pillow", "opkg install python3-pillow"),
        ({"apk"}, "ffmpeg", "apk add ffmpeg ffprobe"),
        ({"opkg"}, "exiftool", "OpenWrt has no package of it; do without"),
        (set(), "segno", "pip install segno"),
        (set(), "ffmpeg", "install the package ffmpeg"),
    ],
)
def test_a_cure_is_a_line_to_type_on_this_box(managers: set[str], name: str, said: str) -> None:
    def which(program: str) -> str | None:
        return program if program in managers else None

    assert command(NAMES[name], name, which, in_venv=False) == said


def test_what_lives_in_a_virtual_environment_comes_from_pip() -> None:
    assert command(NAMES["Pillow"], "Pillow", lambda program: program, in_venv=True) == "pip install Pillow"
