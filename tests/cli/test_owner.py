"""Root types a command; what it touches stays the service's."""

from __future__ import annotations

import errno
import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.cli.owner import Owner, hand_over, newcomer, owner_of
from syncd.errors import SyncError
from tests.daemon import PASSWORD, ROOT, Daemon

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")

SERVICE = pwd.getpwnam("nobody")


def is_open(path: Path) -> bool:
    """Can everybody come to *path*?"""
    return all(one.stat().st_mode & 0o001 for one in path.resolve().parents)


def interpreter() -> str:
    """A Python of this minor that everybody may run; root's own may lie in root's home."""
    libraries = Path(sysconfig.get_path("purelib"))
    for one in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        home = Path(one).resolve()
        if home.exists() and is_open(home) and is_open(libraries) and is_open(ROOT / "syncd"):
            return one
    pytest.skip("nobody but root can read Python or this folder")


@pytest.fixture
def box() -> Iterator[Daemon]:
    """A box whose state is the service's and whose disk was just formatted by root."""
    root = Path(tempfile.mkdtemp(prefix="syncd-owner-"))
    root.chmod(0o755)
    made = Daemon(root=root)
    made.state.mkdir(mode=0o700)
    os.chown(made.state, SERVICE.pw_uid, SERVICE.pw_gid)
    yield made
    shutil.rmtree(root)


def run(box: Daemon, *args: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """`syncd ARGS…` as root."""
    libraries = f"{ROOT}:{sysconfig.get_path('purelib')}"
    return subprocess.run(
        [interpreter(), "-m", "syncd", *args, "--config", str(box.conf)],
        input=given,
        text=True,
        capture_output=True,
        check=False,
        timeout=60,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": libraries},
        cwd="/",
    )


def test_what_root_sets_up_belongs_to_the_service(box: Daemon) -> None:
    done = run(box, "init", "--user", "anna", "--password-stdin", given=f"{PASSWORD}\n")
    assert done.returncode == 0, done.stderr
    assert run(box, "user", "add", "carl", "--no-password").returncode == 0
    assert run(box, "scan").returncode == 0
    assert "carl" in run(box, "user", "list").stdout
    made = [*box.state.rglob("*"), box.storage, *box.storage.rglob("*")]
    assert len(made) > 5
    assert {one.lstat().st_uid for one in made} == {SERVICE.pw_uid}


def test_doctor_sees_the_disk_with_the_eyes_of_the_service(box: Daemon) -> None:
    assert run(box, "init").returncode == 0
    os.chown(box.storage, 0, 0)
    done = run(box, "doctor")
    assert done.returncode == 1
    assert f"{box.storage} cannot be written by nobody" in done.stdout
    assert f"chown -R nobody {box.storage}" in done.stdout


def test_settings_that_only_root_can_read_are_no_good(box: Daemon) -> None:
    """The service would end at each start, although root was told that all is well."""
    box.conf.chmod(0o600)
    done = run(box, "config", "check")
    assert done.returncode == 1
    assert "Permission denied" in done.stderr
    assert f"which runs as nobody; for a file: chgrp {SERVICE.pw_name}" in done.stderr
    box.conf.chmod(0o644)
    assert run(box, "config", "check").stdout == "the settings are good\n"


def test_a_disk_of_somebody_else_is_not_taken(box: Daemon) -> None:
    os.chown(box.storage, 1, 1)
    done = run(box, "init")
    assert done.returncode == 1
    assert f"{box.storage} belongs to another user, and syncd runs as nobody" in done.stderr
    assert box.storage.stat().st_uid == 1 and not any(box.storage.iterdir())


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder that only root can have put where it is."""
    made = Path(tempfile.mkdtemp(prefix="syncd-owner-", dir="/var/tmp"))
    yield made
    shutil.rmtree(made)


OWNER = Owner(SERVICE.pw_uid, SERVICE.pw_gid, SERVICE.pw_name)


def test_a_new_disk_is_given_and_what_lies_on_it_is_not(folder: Path) -> None:
    (folder / "lost+found").mkdir()
    (folder / ".syncd").mkdir()
    os.chown(folder / ".syncd", OWNER.uid, OWNER.gid)
    hand_over(folder, OWNER)
    assert (folder.stat().st_uid, (folder / "lost+found").stat().st_uid) == (OWNER.uid, 0)


def test_a_folder_with_what_is_roots_is_not_given(folder: Path) -> None:
    """Its owner could remove and replace it: `path = /etc` would hand over the box."""
    (folder / "passwd").touch()
    with pytest.raises(SyncError, match=r"holds what is not syncd's.*chown -R nobody"):
        hand_over(folder, OWNER)
    assert folder.stat().st_uid == 0


def test_a_link_of_the_service_leads_to_no_folder_of_roots(folder: Path) -> None:
    (folder / "disk").mkdir()
    (folder / "roots").mkdir()
    os.chown(folder / "disk", OWNER.uid, OWNER.gid)
    link = folder / "disk" / "syncd"
    link.symlink_to(folder / "roots")
    for owner in (OWNER.uid, 0):  # one that root made could be exchanged there as well
        os.chown(link, owner, -1, follow_symlinks=False)
        with pytest.raises(SyncError, match="somebody else than root"):
            hand_over(link, OWNER)
    assert (folder / "roots").stat().st_uid == 0


def test_a_link_of_roots_is_followed(folder: Path) -> None:
    (folder / "disk").mkdir()
    (folder / "syncd").symlink_to("disk")
    hand_over(folder / "syncd", OWNER)
    assert (folder / "disk").stat().st_uid == OWNER.uid


def test_a_disk_that_knows_no_owners_is_explained(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "fchown", refuse)
    with pytest.raises(SyncError, match="mounted with uid=nobody"):
        hand_over(folder, OWNER)


@pytest.mark.parametrize("there", [True, False])
def test_a_state_that_is_to_be_made_is_the_services(folder: Path, monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    monkeypatch.setattr("syncd.cli.owner.SERVICE", "nobody")
    state = folder / "deep" / "state"
    if there:
        state.mkdir(parents=True)
    assert newcomer(state) == OWNER
    assert (state.stat().st_uid, state.parent.stat().st_uid) == (OWNER.uid, 0)
    assert newcomer(state) is None and owner_of(state) == OWNER


def test_a_state_that_root_uses_stays_roots(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncd.cli.owner.SERVICE", "nobody")
    (folder / "accounts.db").touch()
    assert newcomer(folder) is None and folder.stat().st_uid == 0
    monkeypatch.setattr("syncd.cli.owner.SERVICE", "no-such-user")
    assert newcomer(folder / "new") is None and not (folder / "new").exists()


def test_a_user_without_a_name_is_a_number(tmp_path: Path) -> None:
    os.chown(tmp_path, 54321, 54322)
    owner = owner_of(tmp_path)
    assert owner == Owner(54321, 54322, "54321")
    with pytest.raises(SyncError, match="syncd runs as 7"):
        hand_over(tmp_path, Owner(7, 7, "7"))


def test_what_is_roots_stays_roots(tmp_path: Path) -> None:
    assert owner_of(tmp_path) is None
    assert owner_of(tmp_path / "not yet") is None
