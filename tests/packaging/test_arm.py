"""The packages for Debian, started on a Debian 12 of their architecture; on ARM that means under emulation."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from tests.packaging import payload
from tests.packaging.conftest import Deb
from tests.packaging.smoke import smoke
from tests.packaging.userland import NOBODY, Userland, box, debian_userland, run

pytestmark = [pytest.mark.packaging, pytest.mark.heavy, pytest.mark.timeout(900)]
ARCHITECTURES = ("amd64", "arm64", "armhf")

# Prints how much room was set aside, and what became of a rename that must not replace.
DISK_CALLS = """
import os, sys
sys.path.insert(0, "/usr/lib/syncd")
from syncd.disk import kernel
os.chdir(sys.argv[1])
room, folder = os.open("room", os.O_WRONLY | os.O_CREAT), os.open(".", os.O_RDONLY)
open("taken", "w").close()
kernel.allocate(room, 5_000_000)
print(os.fstat(room).st_blocks * 512)
try:
    kernel.rename_noreplace(folder, "room", folder, "taken")
except FileExistsError:
    print("refused")
kernel.rename_exchange(folder, "room", folder, "taken")
kernel.syncfs(folder)
print(os.stat("room").st_size, os.stat("taken").st_size)
"""


@pytest.fixture(scope="session")
def installed(deb: Deb, tmp_path_factory: pytest.TempPathFactory) -> payload.Make:
    """Order the unpacked package for an architecture; each is made once."""
    return cache(lambda architecture: payload.deb(deb("deb12", architecture), tmp_path_factory.mktemp("deb")))


@pytest.fixture(params=ARCHITECTURES)
def debian(request: pytest.FixtureRequest, installed: payload.Make) -> Userland:
    """A Debian 12 with the package installed, and Pillow as the package asks for."""
    return debian_userland(request.param, "python3-pil").over(installed(request.param).root)


def test_a_photo_goes_through_its_life_there(debian: Userland, tmp_path: Path) -> None:
    with box(debian, tmp_path, uid=0) as daemon:
        smoke(daemon, thumbnails=True)


def test_without_pillow_there_is_a_clear_no_and_uploads_go_on(installed: payload.Make, tmp_path: Path) -> None:
    debian = debian_userland("amd64").over(installed("amd64").root)
    with box(debian, tmp_path, uid=NOBODY) as daemon:
        smoke(daemon, thumbnails=False)
        assert "Pillow is missing" in daemon.must("doctor")


def test_compiled_libraries_load_under_their_own_names(debian: Userland, tmp_path: Path) -> None:
    payload.load_extensions(debian, tmp_path)


def test_calls_beyond_python_s_own_reach_the_kernel(debian: Userland, tmp_path: Path) -> None:
    """32-bit C libraries take sizes of two widths; a wrong one fails without a word."""
    room, refused, sizes = run(debian, tmp_path, DISK_CALLS, str(tmp_path / "box")).splitlines()
    assert int(room) >= 5_000_000
    assert (refused, sizes) == ("refused", "0 0")
