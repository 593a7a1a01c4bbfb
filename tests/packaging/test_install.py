"""Putting a tree into place: what is there already, what was cut short, what is taken away again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bundle import BundleError, uninstall
from bundle import tree as trees
from bundle.files import FILES, SETTINGS, File, placed
from bundle.install import install

pytestmark = pytest.mark.packaging


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """What a bundle looks like, without its content."""
    root = tmp_path / "tree"
    write(root / "usr/lib/syncd/__main__.py", "new program")
    write(root / "usr/bin/syncd", "new launcher")
    (root / "usr/bin/syncd").chmod(0o755)
    write(root / "etc/syncd/syncd.conf", "new settings")
    for path in (root, *root.rglob("*")):
        os.utime(path, (86400, 86400))
    return root


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def content(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()}


def test_a_fresh_folder_is_filled_with_modes_and_times(tree: Path, tmp_path: Path) -> None:
    made = tmp_path / "deep" / "destdir"
    install(tree, made, "/usr")
    assert content(made) == content(tree)
    assert os.access(made / "usr/bin/syncd", os.X_OK)
    assert {path.stat().st_mtime for path in (made, *made.rglob("*"))} == {86400}


def test_settings_that_are_there_stay_and_the_new_ones_lie_beside(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = tmp_path / "destdir"
    write(made / "etc/syncd/syncd.conf", "mine")
    install(tree, made, "/usr")
    assert content(made / "etc") == {"syncd/syncd.conf": "mine", "syncd/syncd.conf.new": "new settings"}
    assert "syncd.conf is kept as it is" in capsys.readouterr().out


def test_settings_that_nobody_changed_need_no_word(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        install(tree, tmp_path / "destdir", "/usr")
    assert content(tmp_path / "destdir") == content(tree) and capsys.readouterr().out == ""


def test_an_older_program_goes_as_a_whole(tree: Path, tmp_path: Path) -> None:
    made = tmp_path / "destdir"
    write(made / "usr/lib/syncd/old_module.py", "old")
    write(made / "usr/lib/other/theirs.py", "theirs")
    install(tree, made, "/usr")
    assert content(made / "usr/lib") == {"syncd/__main__.py": "new program", "other/theirs.py": "theirs"}


@pytest.mark.parametrize("there", [True, False])
def test_an_installation_that_was_cut_short_is_mended_by_the_next(tree: Path, tmp_path: Path, there: bool) -> None:
    """It ended while copying, or between the two renames."""
    made = tmp_path / "destdir"
    write(made / "usr/lib/.syncd.coming/half.py", "half")
    write(made / "usr/lib/.syncd.going/old.py", "old")
    write(made / "usr/bin/.syncd.coming", "half")
    if there:
        write(made / "usr/lib/syncd/old.py", "old")
    install(tree, made, "/usr")
    assert content(made) == content(tree)


def test_folders_of_a_system_keep_their_mode_and_time(tree: Path, tmp_path: Path) -> None:
    made = tmp_path / "destdir"
    (made / "usr/lib").mkdir(parents=True)
    (made / "usr/lib").chmod(0o700)
    os.utime(made / "usr", (99, 99))
    install(tree, made, "/usr")
    assert (made / "usr/lib").stat().st_mode & 0o777 == 0o700 and (made / "usr/bin").stat().st_mtime == 86400
    assert (made / "usr").stat().st_mtime != 86400


def test_a_link_in_the_place_of_the_program_goes_and_what_it_leads_to_stays(tree: Path, tmp_path: Path) -> None:
    made = tmp_path / "destdir"
    write(tmp_path / "checkout/own.py", "own")
    (made / "usr/lib").mkdir(parents=True)
    (made / "usr/lib/syncd").symlink_to(tmp_path / "checkout")
    install(tree, made, "/usr")
    assert content(made) == content(tree) and content(tmp_path / "checkout") == {"own.py": "own"}


def test_a_link_is_installed_as_one(tree: Path, tmp_path: Path) -> None:
    (tree / "etc/syncd/syncd.conf").unlink()
    (tree / "etc/syncd/syncd.conf").symlink_to("/var/etc/syncd/syncd.conf")
    for _ in range(2):
        install(tree, tmp_path / "destdir", "/usr")
    assert os.readlink(tmp_path / "destdir/etc/syncd/syncd.conf") == "/var/etc/syncd/syncd.conf"
    assert os.listdir(tmp_path / "destdir/etc/syncd") == ["syncd.conf"]


@pytest.mark.parametrize(
    ("storage", "writable", "line"),
    [
        ("/mnt/Big Disk%1", "/mnt/Big Disk%1", 'ReadWritePaths="-/mnt/Big Disk%%1"'),
        ("/mnt/disk/syncd", "/mnt/disk", 'ReadWritePaths="-/mnt/disk"'),
        ('/mnt/a\\b"c', '/mnt/a\\b"c', 'ReadWritePaths="-/mnt/a\\\\b\\"c"'),
        ("/home/anna/files", "/home/anna/files", "ProtectHome=no"),
        ("/root", "/root", "ProtectHome=no"),
    ],
)
def test_the_service_may_write_to_the_disk(storage: str, writable: str, line: str) -> None:
    lines = trees.drop_in(storage, writable).splitlines()
    assert line in lines
    assert ("ProtectHome=no" in lines) == storage.startswith(("/home", "/root"))


def test_a_folder_of_a_disk_counts_as_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "is_mount", lambda self: str(self) in ("/", "/home", "/mnt/disk"))
    assert trees.mount_point("/mnt/disk/deep/syncd") == "/mnt/disk" == trees.mount_point("/mnt/disk")
    for storage in ("/data/syncd", "/home/anna/syncd"):
        assert trees.mount_point(storage) == storage


def test_uninstalling_leaves_what_is_not_the_program(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = tmp_path / "destdir"
    install(tree, made, "/usr")
    write(made / "var/lib/syncd/accounts.db", "accounts")
    write(made / "srv/syncd/desi/photo.jpg", "photo")
    for _ in range(2):
        assert uninstall.main(["--destdir", str(made)]) == 0
    left = {"etc/syncd/syncd.conf", "var/lib/syncd/accounts.db", "srv/syncd/desi/photo.jpg"}
    assert set(content(made)) == left and "data disk" in capsys.readouterr().out


@pytest.mark.parametrize("precious", ["data/.syncd/volume-id", "state/accounts.db"])
def test_files_of_people_inside_the_program_are_never_removed_with_it(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], precious: str
) -> None:
    made = tmp_path / "destdir"
    install(tree, made, "/usr")
    write(made / "usr/lib/syncd" / precious, "precious")
    before = content(made)
    with pytest.raises(BundleError, match=r"lie in the program's own folder"):
        install(tree, made, "/usr")
    assert uninstall.main(["--destdir", str(made)]) == 1
    assert "lie in the program's own folder" in capsys.readouterr().err
    assert content(made) == before


def test_a_prefix_takes_the_place_of_usr_alone() -> None:
    assert placed("/usr/bin/syncd", "/usr/local") == "/usr/local/bin/syncd"
    assert placed("/usr/bin/syncd", "") == "/bin/syncd"
    assert placed(SETTINGS, "/opt") == SETTINGS
    assert File("a", "/etc/b").is_configuration and not File("a", "/usr/etc/b").is_configuration


@pytest.mark.parametrize("file", [file for files in FILES.values() for file in files], ids=lambda file: file.place)
def test_every_file_that_is_installed_is_there(file: File) -> None:
    assert (Path(__file__).parents[2] / file.source).is_file()
