"""A staged bundle is what runs: the daemon from it, not from the checkout."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bundle import elf, stage
from bundle.bytecode import RUNNING
from bundle.libraries import compiled
from bundle.targets import DEBIAN_PYTHONS, OPENWRT_PYTHON
from tests.daemon import USER, Daemon
from tests.packaging.conftest import Stage, program
from tests.phone import Phone
from tests.samples import jpeg

pytestmark = [pytest.mark.packaging, pytest.mark.heavy]
ON_OPENWRT = "--system=openwrt"


def test_the_bundle_serves_a_phone(staged: Stage, tmp_path: Path) -> None:
    with Daemon(root=tmp_path, syncd=program(staged())) as daemon:
        key = json.loads(daemon.must("device", "add", USER, "phone", "--json"))["key"]
        phone = Phone(f"{daemon.url}/k/{key}", USER, "phone")
        assert phone.upload("one.jpg", jpeg()).status == 200
        [listed] = phone.listed(phone.folders().json()[0]["Months"][0])
        assert phone.stream(listed).body == jpeg()
        assert "daemon:    runs" in daemon.must("status")
        found = daemon.must("doctor")
        assert "aiohttp" not in found and "bcrypt" not in found


LIBRARIES = "aiohttp aiohttp._http_parser aiohttp._http_writer aiohttp._websocket.reader_c aiosqlite bcrypt._bcrypt "
LIBRARIES += "frozenlist._frozenlist idna jwt multidict._multidict propcache._helpers_c yarl._quoting_c syncd.app"


def test_libraries_come_from_the_bundle_and_their_compiled_parts_load(staged: Stage) -> None:
    """By their own names: aiohttp goes on without its compiled parts and says nothing."""
    folder = staged() / "usr/lib/syncd"
    look = "import sys, importlib; sys.path.insert(0, sys.argv[1]);"
    look += "print(*(importlib.import_module(name).__file__ for name in sys.argv[2:]), sep='\\n')"
    argv = [program(folder)[0], "-I", "-c", look, str(folder), *LIBRARIES.split()]
    done = subprocess.run(argv, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert [name for name in done.stdout.split() if not name.startswith(f"{folder}/")] == []


@pytest.mark.parametrize("target", ["x86_64-musl", "aarch64-musl", "armv7-musl", "pure"])
def test_a_router_gets_byte_code_alone(staged: Stage, target: str) -> None:
    program = staged(ON_OPENWRT, f"--target={target}") / "usr/lib/syncd"
    assert list(program.rglob("*.py")) == [program / "__main__.py"]
    assert (program / "syncd/media/worker.pyc").is_file() and (program / "aiohttp/web.pyc").is_file()
    assert bool(compiled(program)) == (target != "pure")
    for path in compiled(program):
        assert not [name for name in elf.read(path.read_bytes()).needed if name == "libc.so.6"]


def test_the_same_is_made_twice(staged: Stage, tmp_path: Path) -> None:
    arguments = (ON_OPENWRT, "--target=aarch64-musl")
    assert stage.main(["--destdir", str(tmp_path / "again"), *arguments]) == 0
    assert fingerprints(tmp_path / "again") == fingerprints(staged(*arguments))


def fingerprints(root: Path) -> dict[str, tuple[int, float, str]]:
    """Mode, time and content of all that is in *root*."""
    return {
        str(path.relative_to(root)): (path.lstat().st_mode, path.lstat().st_mtime, fingerprint(path))
        for path in (root, *root.rglob("*"))
    }


def fingerprint(path: Path) -> str:
    if path.is_symlink():
        return os.readlink(path)
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def test_another_python_is_refused_in_one_line(staged: Stage) -> None:
    [other] = set(DEBIAN_PYTHONS) - {RUNNING}
    done = subprocess.run(
        [*program(staged("--target=x86_64-gnu", f"--python={other}")), "version"], text=True, capture_output=True
    )
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith(f"syncd needs Python {other}, found {RUNNING}: ") and done.stderr.count("\n") == 1


def test_a_router_with_another_python_hears_which_release_the_package_is_for(staged: Stage) -> None:
    """The byte-code is for one minor version; what looks at the version is a source that every one can read."""
    main = staged(ON_OPENWRT, "--target=pure") / "usr/lib/syncd/__main__.py"
    other = "import sys; sys.version_info = (3, 13, 9); exec(open(sys.argv[1]).read())"
    done = subprocess.run([sys.executable, "-I", "-c", other, str(main)], text=True, capture_output=True)
    assert done.returncode == 1
    assert done.stderr == (
        f"syncd needs Python {OPENWRT_PYTHON}, found 3.13: this package is for OpenWrt 23.05 and 24.10; "
        "on another release take the package made for that\n"
    )


def test_the_launcher_starts_what_is_installed_and_nothing_from_the_environment(tmp_path: Path) -> None:
    destdir, place = tmp_path / "destdir", tmp_path / "opt"
    arguments = ["--destdir", str(destdir), "--prefix", str(place), "--interpreter", program(place)[0]]
    assert stage.main([*arguments, "--storage", "/home/Big Disk%1"]) == 0
    place.symlink_to(destdir / str(place).lstrip("/"))
    (tmp_path / "aiohttp.py").write_text("raise SystemExit('from the environment')")
    environment = {"PYTHONPATH": str(tmp_path), "PYTHONSTARTUP": "x", "PATH": "/nowhere", "HOME": str(tmp_path)}
    settings = destdir / "etc/syncd/syncd.conf"
    done = subprocess.run(
        ["/bin/sh", str(place / "bin/syncd"), "config", "show", "--config", str(settings)],
        env=environment,
        text=True,
        capture_output=True,
    )
    assert done.returncode == 0 and "path = /home/Big Disk%1" in done.stdout, done.stderr
    drop_in = (destdir / "etc/systemd/system/syncd.service.d/storage.conf").read_text()
    assert {'ReadWritePaths="-/home/Big Disk%%1"', "ProtectHome=no"} <= set(drop_in.splitlines())


def test_the_launcher_says_when_python_is_missing(staged: Stage, tmp_path: Path) -> None:
    text = (staged(ON_OPENWRT, "--target=pure") / "usr/bin/syncd").read_text()
    launcher = tmp_path / "syncd"
    launcher.write_text(text.replace("/usr/bin/python3", f"{tmp_path}/python3"))
    done = subprocess.run(["/bin/sh", str(launcher), "version"], text=True, capture_output=True)
    assert (done.returncode, done.stderr) == (1, f"syncd: {tmp_path}/python3 is missing; install python3-light\n")


def test_without_bcrypt_a_password_is_refused_in_one_line_and_the_disk_is_prepared(
    staged: Stage, tmp_path: Path
) -> None:
    """The package for every router takes it from the feed, where it may be missing. (-S: not from this machine.)"""
    [python, *rest] = program(staged(ON_OPENWRT, "--target=pure"))
    box = Daemon(root=tmp_path, syncd=(python, "-S", *rest))
    done = box.cli("init", "--user", USER, "--password-stdin", input="correct horse 9\n")
    assert done.returncode == 1 and done.stderr.startswith("syncd init: passwords need the Python package bcrypt")
    assert done.stderr.count("\n") == 1
    assert "bcrypt is missing" in box.must("doctor")
    box.close()


def test_the_licences_of_all_libraries_are_there(staged: Stage) -> None:
    program = staged() / "usr/lib/syncd"
    text = (program / "LICENSES").read_text()
    titles = [path.name.removesuffix(".dist-info").replace("-", " ") for path in program.glob("*.dist-info")]
    assert len(titles) >= 12
    assert [title for title in titles if f"\n{title}:" not in text.lower()] == []
    for name in ("Apache License", "The MIT License", "llhttp", "PYTHON SOFTWARE FOUNDATION LICENSE"):
        assert name.lower() in text.lower(), name
