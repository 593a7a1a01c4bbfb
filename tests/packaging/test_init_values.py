"""Values of /etc/config/syncd that no household writes and an attacker would: each is read back equal, or refused."""

from __future__ import annotations

import configparser
import shlex
import signal
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncd import ini
from tests.daemon import Daemon, wait_until
from tests.packaging.openwrt import FILES, INIT, SHELLS, Box

pytestmark = pytest.mark.packaging

PLAIN = [
    "two words",
    "it's",
    'say "yes"',
    "100%",
    "%(state)s ${state} $(reboot) `reboot` $HOME",
    "#443e4d",
    "a#b;c",
    "[::]:8420",
    "[storage]",
    "a = b",
    "-n",
    "--config=/tmp/x",
    "back\\slash \\n \\",
    "*?~!&|<>(){}",
    "schöne Grüße 写真 🙂",
    "",
]
REFUSED = [
    "a\nb",
    "a\n[server]\nlisten = 0.0.0.0:1",
    "end\n",
    "\n",
    "tab\there",
    "\rback",
    "bell\a",
    "del\x7f",
    " before",
    "behind ",
]


@pytest.fixture(params=SHELLS)
def box(tmp_path: Path, request: pytest.FixtureRequest) -> Box:
    return Box(tmp_path, request.param)


def read_back(file: Path) -> dict[tuple[str, str], str]:
    """All settings of *file* as syncd reads it; configparser has to agree."""
    text = file.read_text("utf-8")
    lines = ini.parse(text, "x")
    ours = {(one.section, one.key): one.value for one in lines.assignments}
    assert len(ours) == len(lines.assignments)
    other = configparser.RawConfigParser(
        delimiters=("=",), inline_comment_prefixes=None, default_section="\0", empty_lines_in_values=False
    )
    other.read_string(text)
    assert {(name, key): value for name in other.sections() for key, value in other.items(name)} == ours
    return ours


def rendered(box: Box, values: list[str]) -> dict[tuple[str, str], str]:
    """What becomes of *values*, each an option of one section; the disk and the state are left out."""
    several = [(f"k{number}", value) for number, value in enumerate(values)]
    box.configure([("storage", "storage", [("path", "/mnt/disk")]), ("trash", "trash", several)])
    done = box.run("render")
    assert done.err == ""
    found = read_back(box.conf)
    assert found.pop(("storage", "path")) == "/mnt/disk"
    assert found.pop(("server", "state")).endswith("/etc/syncd/state")
    return found


def test_odd_values_are_read_back_as_they_were(box: Box) -> None:
    assert rendered(box, PLAIN) == {("trash", f"k{number}"): value for number, value in enumerate(PLAIN)}


printable = (
    st.text(
        st.characters(min_codepoint=32, exclude_categories=["Cc", "Cs", "Zl", "Zp", "Zs", "Cf", "Cn", "Co"])
        | st.sampled_from(" '\"$`\\%#;[]=-*"),
        max_size=40,
    )
    .map(str.strip)
    .filter(lambda text: not {"#", ";"} & set(text.split(" ")))  # these the program takes for comments, and refuses
)


@pytest.mark.parametrize("shell", SHELLS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(printable, min_size=1, max_size=12))
def test_any_line_of_text_is_read_back(shell: str, tmp_path: Path, values: list[str]) -> None:
    assert rendered(Box(tmp_path, shell), values) == {("trash", f"k{n}"): one for n, one in enumerate(values)}


@pytest.mark.parametrize("shell", SHELLS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40))
def test_no_text_at_all_becomes_another_setting(shell: str, tmp_path: Path, value: str) -> None:
    box = Box(tmp_path, shell)
    box.configure([("storage", "s", [("path", "/mnt/disk")]), ("trash", "t", [("keep_days", value)])])
    done = box.run("render")
    if done.status == 0:
        lines = ini.parse(box.conf.read_text("utf-8"), "x")
        assert lines.sections == (("server", 2), ("storage", 4), ("trash", 6))
        assert len(lines.assignments) + len(lines.problems) == 3  # what it cannot read it refuses, and never starts
    else:
        assert "syncd.t.keep_days: " in done.err


@pytest.mark.parametrize("value", REFUSED)
def test_what_a_line_cannot_hold_is_refused_by_name(box: Box, value: str) -> None:
    box.configure([("syncd", "main", [("enabled", "1")]), ("storage", "storage", [("path", value)])])
    done = box.run("start")
    assert "procd_open_instance" not in done.calls
    assert not box.conf.exists()
    assert done.log.startswith("daemon.err: /etc/config/syncd: syncd.storage.path: ")
    assert "reboot" not in done.log


def test_one_bad_item_of_a_list_refuses_it(box: Box) -> None:
    box.configure([("storage", "s", [("path", "/mnt")]), ("server", "server", [("hosts", ["good", "bad\n[x]"])])])
    done = box.run("render")
    assert done.status == 1
    assert "syncd.server.hosts: contains a line break" in done.err


def test_items_of_a_list_stand_behind_each_other(box: Box) -> None:
    addresses = ["0.0.0.0:8420", "[::]:8080"]
    box.configure([("storage", "s", [("path", "/mnt")]), ("server", "server", [("listen", addresses), ("hosts", "a")])])
    assert box.run("render").status == 0
    found = read_back(box.conf)
    assert found["server", "listen"] == "0.0.0.0:8420, [::]:8080"
    assert found["server", "hosts"] == "a"
    assert found["server", "state"].endswith("/etc/syncd/state")


def test_apps_are_sections_with_their_names(box: Box) -> None:
    box.configure(
        [
            ("storage", "storage", [("path", "/mnt")]),
            ("app", "obtainium", [("title", "Obtainium")]),
            ("app:my-notes", None, [("title", "Notes")]),  # a name that UCI has no section names for
        ]
    )
    assert box.run("render").status == 0
    found = read_back(box.conf)
    assert found["app:obtainium", "title"] == "Obtainium"
    assert found["app:my-notes", "title"] == "Notes"


def test_a_state_of_ones_own_is_not_doubled(box: Box) -> None:
    box.configure([("storage", "storage", [("path", "/mnt")]), ("server", "server", [("state", "/mnt/flash/syncd")])])
    assert box.run("render").status == 0
    assert read_back(box.conf)["server", "state"] == "/mnt/flash/syncd"


@pytest.mark.parametrize(
    ("section", "told"),
    [
        (("app", None, [("title", "x")]), "config app: has no name"),
        (("Storage", "x", []), "config Storage: is no section"),
        (("DEFAULT", "x", [("path", "/")]), "config DEFAULT: is no section"),
        (("app:a]b", "x", []), "config app:a]b: is no section"),
        (("trash", "x", [("Keep_days", "3")]), "syncd.x.Keep_days: is no setting"),
    ],
)
def test_names_that_would_be_misread_are_refused(
    box: Box, section: tuple[str, str | None, list[tuple[str, str | list[str]]]], told: str
) -> None:
    box.configure([("storage", "storage", [("path", "/mnt")]), section])
    done = box.run("render")
    assert done.status == 1
    assert told in done.err


def test_an_option_without_a_section_is_refused(box: Box) -> None:
    (box.root / "etc/config/syncd").write_text("option path '/mnt'\n")
    assert "path: stands before any section" in box.run("check").err


def test_the_script_restarts_for_all_that_a_running_daemon_does_not_take_over(tmp_path: Path) -> None:
    """Each section is changed while a daemon runs, and its log says whether that was taken over."""
    changes: dict[str, dict[str, object]] = {
        "server": {"hosts": "nas.example.org"},
        "storage": {"delete_guard": 7},
        "media": {"workers": 1},
        "accounts": {"session_days": 8},
        "uploads": {"max_gb": 9},
        "mobisync": {"other_files": "keep"},
        "sync": {"tombstone_days": 9},
        "syncfile": {"short_passwords": False},
        "trash": {"keep_days": 9},
        "settings": {"keep": 9},
        "app:notes": {"title": "Notes"},
    }
    box = Box(tmp_path, "dash")
    box.conf.parent.mkdir(parents=True)
    box.conf.write_text("".join(f"[{section}]\nkey = {section}\n" for section in changes))
    needs_a_start = {line.removeprefix("key = ") for line in box.run("syncd_at_start_only").out.splitlines()[1::2]}
    with Daemon() as daemon:
        for count, (section, change) in enumerate(changes.items(), start=1):
            daemon.configure({section: change})
            assert daemon.process is not None
            before = daemon.log.read_text()
            daemon.process.send_signal(signal.SIGHUP)
            wait_until(lambda: daemon.log.read_text().count("the configuration was read again") == count, section)  # noqa: B023  # called in this round only
            said = daemon.log.read_text().removeprefix(before)
            assert ("change at the next start" in said) == (section in needs_a_start), section


# What runs once after the installation

STUBS = """
for call in mkdir chmod chown; do eval "$call() { echo $call \\"\\$@\\"; }"; done
uci() {
    case "$*" in
    "-q show syncd") printf '%s\\n' "$shown" ;;
    "-q get syncd.@storage[0]") case "$shown" in *=storage*) echo storage ;; *) return 1 ;; esac ;;
    *) echo uci "$@" ;;
    esac
}
awk() { command awk "$1" "$mounts"; }
. "$script"
"""
OWN_FOLDER = [
    "mkdir -p /etc/syncd/state",
    "chmod 0755 /etc/syncd",
    "chown syncd:syncd /etc/syncd/state",
    "chmod 0700 /etc/syncd/state",
]


NAMED = "syncd.main=syncd\nsyncd.main.enabled='0'\nsyncd.storage=storage"
NAMELESS = "syncd.@storage[0]=storage"
MOUNTS = "/dev/sda1 /mnt/sda1 ext4 rw,relatime 0 0\n/dev/sdb1 /mnt/sdb1 f2fs rw 0 0\n"


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("mounts", "shown", "chosen"),
    [
        (MOUNTS, NAMED, "/mnt/sda1/syncd"),
        (MOUNTS.replace(" rw,", " ro,"), NAMED, "/mnt/sdb1/syncd"),
        (MOUNTS.replace("ext4", "vfat"), NAMED, "/mnt/sdb1/syncd"),  # it has no owners, and syncd init would fail
        (MOUNTS.replace("ext4", "fuseblk").replace("f2fs", "exfat"), NAMED, None),
        (MOUNTS, NAMELESS, "/mnt/sda1/syncd"),
        (MOUNTS, f"{NAMED}\nsyncd.storage.path='/mnt/other'", None),
        (MOUNTS, f"{NAMELESS}\nsyncd.@storage[0].path='/mnt/other'", None),
        (MOUNTS, f"{NAMED}\nsyncd.storage.path=''", "/mnt/sda1/syncd"),
        (MOUNTS, "syncd.main.conffile='/etc/syncd/own.conf'", None),
        ("/dev/root / squashfs ro 0 0\ntmpfs /tmp tmpfs rw 0 0\n", NAMED, None),
        ("/dev/sda1 /mnt/my\\040disk ext4 rw 0 0\n", NAMED, None),
    ],
)
def test_the_first_start_proposes_a_disk_that_is_mounted(
    tmp_path: Path, shell: str, mounts: str, shown: str, chosen: str | None
) -> None:
    (tmp_path / "mounts").write_text(mounts)
    given_ = f"mounts='{tmp_path}/mounts' shown={shlex.quote(shown)} script='{FILES}/syncd.defaults'\n"
    done = subprocess.run([*SHELLS[shell], "-c", given_ + STUBS], capture_output=True, text=True)
    proposal = [f"uci set syncd.@storage[0].path={chosen}", "uci commit syncd"] if chosen else []
    assert (done.returncode, done.stdout.splitlines(), done.stderr) == (0, OWN_FOLDER + proposal, "")


@pytest.mark.parametrize("shell", SHELLS)
def test_a_box_without_a_section_for_the_disk_gets_one(tmp_path: Path, shell: str) -> None:
    (tmp_path / "mounts").write_text(MOUNTS)
    given_ = f"mounts='{tmp_path}/mounts' shown='' script='{FILES}/syncd.defaults'\n"
    done = subprocess.run([*SHELLS[shell], "-c", given_ + STUBS], capture_output=True, text=True)
    assert done.stdout.splitlines()[len(OWN_FOLDER) :] == [
        "uci set syncd.storage=storage",
        "uci set syncd.@storage[0].path=/mnt/sda1/syncd",
        "uci commit syncd",
    ]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("value", ["a # b", "; x"])
def test_the_program_refuses_values_that_look_like_comments(tmp_path: Path, shell: str, value: str) -> None:
    box = Box(tmp_path, shell, real=True)
    box.configure([("storage", "storage", [("path", "/mnt/disk")]), ("app", "notes", [("title", value)])])
    done = box.run("check")
    assert done.status == 1
    assert done.err.startswith("/etc/config/syncd: ")


def test_the_files_of_the_box_are_small_and_say_what_they_keep() -> None:
    assert (FILES / "syncd.keep").read_text() == "/etc/syncd/\n"
    assert "option enabled '0'" in (FILES / "syncd.config").read_text()
    assert INIT.stat().st_mode & 0o111
