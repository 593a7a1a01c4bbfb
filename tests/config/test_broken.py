"""A file that cannot be right stops the start, with the line of each mistake."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.cli import main
from syncd.config import ConfigError, load

# name, content, line, and words the message must have
BROKEN = [
    ("unknown_section", "[sever]\nlisten = 0.0.0.0:1\n", 1, "[sever]: unknown section; did you mean server?"),
    ("unknown_section_unlike_any", "\n[qqq]\n", 2, "possible are server, storage"),
    ("section_in_capitals", "[Server]\n", 1, "did you mean server?"),
    ("the_special_section_of_configparser", "[DEFAULT]\npath = /srv\n", 1, "unknown section"),
    ("unknown_key", "[server]\nlissten = 0.0.0.0:1\n", 2, "[server] lissten: unknown key; did you mean listen?"),
    ("key_in_capitals", "[server]\nLISTEN = 0.0.0.0:1\n", 2, "did you mean listen?"),
    ("key_of_another_section", "[server]\npath = /srv/x\n", 2, "belongs below [storage]"),
    ("doubled_key", "[trash]\nkeep_days = 3\n\nkeep_days = 3\n", 4, "was set in line 2 already"),
    ("doubled_section", "[trash]\n[media]\n[trash]\n", 3, "began in line 1 already"),
    ("no_section", "keep_days = 3\n", 1, "before any [section]"),
    ("no_equals", "[trash]\nkeep_days 3\n", 2, "neither [section] nor key = value"),
    ("colon", "[trash]\nkeep_days: 3\n", 2, "neither [section] nor key = value"),
    ("no_key", "[trash]\n= 3\n", 2, "neither [section] nor key = value"),
    ("empty_key", "[trash]\n\t = 3\n", 2, "begins with a space or tab"),
    ("open_header", "[trash\nkeep_days = 3\n", 1, "write [name]"),
    ("text_behind_header", "[trash] # old things\n", 1, "write [name]"),
    ("empty_header", "[]\n", 1, "write [name]"),
    ("doubled_brackets", "[[trash]]\n", 1, "write [name]"),
    ("indented_by_tab", "[trash]\n\tkeep_days = 3\n", 2, "begins with a space or tab"),
    ("value_on_two_lines", "[server]\nlisten = 0.0.0.0:1,\n  0.0.0.0:2\n", 3, "keep a value on one line"),
    ("tab_in_value", "[storage]\npath = /srv/a\tb\n", 2, "control character"),
    ("nul", "[storage]\npath = /srv/a\0b\n", 2, "control character"),
    ("escape", "[storage]\npath = /srv/\x1b[2J\n", 2, "control character"),
    ("no_break_space", "[trash]\nkeep_days\u00a0= 3\n", 2, "unusual space"),
    ("not_utf8", b"[storage]\n\npath = /srv/\xe9\n", 3, "UTF-8"),
    ("utf16", "[trash]\n".encode("utf-16"), 1, "UTF-8"),
    ("ten_megabytes", b"#" * 10_000_000, 1, "larger than 65536 bytes"),
    ("comment_behind_value", "[storage]\npath = /srv/syncd # the disk\n", 2, "a line of its own"),
    ("comment_as_value", "[storage]\npath = ; none\n", 2, "a line of its own"),
    ("days_empty", "[trash]\nkeep_days =\n", 2, "'' is not a whole number"),
    ("days_with_unit", "[trash]\nkeep_days = 30d\n", 2, "write 0 to 36500 days, digits only"),
    ("days_negative", "[trash]\nkeep_days = -1\n", 2, "out of range; write 0 to 36500 days"),
    ("days_with_point", "[trash]\nkeep_days = 1.5\n", 2, "not a whole number"),
    ("days_with_underscore", "[trash]\nkeep_days = 1_0\n", 2, "not a whole number"),
    ("days_in_other_digits", "[trash]\nkeep_days = ٣\n", 2, "not a whole number"),
    ("days_of_5000_digits", "[trash]\nkeep_days = " + "9" * 5000 + "\n", 2, "not a whole number"),
    ("size_with_unit", "[storage]\nreserve_mb = 64MB\n", 2, "16 to 1048576 MiB, digits only, or auto"),
    ("size_too_small", "[storage]\nreserve_mb = 0\n", 2, "out of range; write 16 to 1048576 MiB, or auto"),
    ("switch", "[media]\nrequire_sandbox = maybe\n", 2, "write yes or no"),
    ("choice", "[storage]\ndurability = none\n", 2, "write full or balanced"),
    ("choice_in_capitals", "[server]\nlog_level = INFO\n", 2, "write error or warning or info or debug"),
    ("relative_storage", "[storage]\npath = srv/syncd\n", 2, "does not begin with '/'"),
    ("quoted_storage", '[storage]\npath = "/srv/syncd"\n', 2, "without quotes"),
    ("home_storage", "[storage]\npath = ~/syncd\n", 2, "does not begin with '/'"),
    ("empty_storage", "[storage]\npath =\n", 2, "does not begin with '/'"),
    ("storage_at_root", "[storage]\npath = /\n", 2, "the whole system"),
    ("storage_at_root_in_disguise", "[storage]\npath = //./\n", 2, "the whole system"),
    ("storage_climbs", "[storage]\npath = /srv/../etc\n", 2, "contains '..'"),
    ("state_at_root", "[server]\nstate = /\n", 2, "the whole system"),
    ("relative_classifier", "[mobisync]\ndocument_classifier = classify\n", 2, "does not begin with '/'"),
    ("storage_inside_state", "[storage]\npath = /var/lib/syncd/files\n", 2, "lie inside each other"),
    ("state_inside_storage", "[server]\nstate = /srv/syncd/.state\n", 2, "lie inside each other"),
    ("storage_is_state", "[server]\nstate = /a\n[storage]\npath = /a/\n", 4, "lie inside each other"),
    ("listen_nowhere", "[server]\nlisten =\n", 2, "write 1 to 16"),
    ("listen_port_alone", "[server]\nlisten = 8420\n", 2, "write it like 0.0.0.0:8420"),
    ("listen_without_port", "[server]\nlisten = 0.0.0.0\n", 2, "write it like 0.0.0.0:8420"),
    ("listen_port_0", "[server]\nlisten = 0.0.0.0:0\n", 2, "port '0' is not possible; write 1 to 65535"),
    ("listen_port_70000", "[server]\nlisten = 0.0.0.0:70000\n", 2, "port '70000' is not possible"),
    ("listen_port_negative", "[server]\nlisten = 0.0.0.0:-1\n", 2, "port '-1' is not possible"),
    ("listen_on_a_name", "[server]\nlisten = localhost:8420\n", 2, "write it like 0.0.0.0:8420"),
    ("listen_on_a_star", "[server]\nlisten = *:8420\n", 2, "write it like 0.0.0.0:8420"),
    ("listen_on_256", "[server]\nlisten = 256.0.0.1:8420\n", 2, "write it like 0.0.0.0:8420"),
    ("listen_ipv6_bare", "[server]\nlisten = ::1:8420\n", 2, "[::1]:8420"),
    ("listen_ipv4_in_brackets", "[server]\nlisten = [127.0.0.1]:8420\n", 2, "brackets belong around an IPv6"),
    ("listen_twice", "[server]\nlisten = 127.0.0.1:1, 127.0.0.1:1\n", 2, "listed twice"),
    ("listen_twice_ipv6", "[server]\nlisten = [::1]:1, [0:0:0:0:0:0:0:1]:1\n", 2, "listed twice"),
    ("listen_overlapping", "[server]\nlisten = 127.0.0.1:1, 0.0.0.0:1\n", 2, "overlap"),
    ("listen_on_too_many", "[server]\nlisten = " + " ".join(f"127.0.0.1:{n}" for n in range(1, 18)), 2, "17 addresses"),
    ("public_url_is_a_name", "[server]\npublic_url = nas.example.org\n", 2, "like https://sync.example.org"),
    ("public_url_ftp", "[server]\npublic_url = ftp://nas.example.org\n", 2, "not a plain web address"),
    ("public_url_without_host", "[server]\npublic_url = http://\n", 2, "not a plain web address"),
    ("public_url_port", "[server]\npublic_url = http://nas:70000\n", 2, "not a plain web address"),
    ("public_url_bad_ipv6", "[server]\npublic_url = http://[::1\n", 2, "not a plain web address"),
    ("public_url_with_password", "[server]\npublic_url = http://a:b@nas\n", 2, "not a plain web address"),
    ("public_url_with_query", "[server]\npublic_url = http://nas/?x\n", 2, "not a plain web address"),
    ("hosts_with_port", "[server]\nhosts = nas:80\n", 2, "without port or http://"),
    ("app_without_name", "[app:]\ntitle = x\n", 1, "'' is no name of an app; write 1 to 40 small letters"),
    ("app_alone", "[app]\ntitle = x\n", 1, "github, google, app:NAME"),
    ("app_in_capitals", "[app:Obtainium]\n", 1, "small letters"),
    ("app_with_slash", "[app:a/b]\n", 1, "small letters"),
    ("app_with_dot", "[app:a.b]\n", 1, "small letters"),
    ("app_with_umlaut", "[app:grün]\n", 1, "small letters"),
    ("app_with_long_name", f"[app:{'a' * 41}]\n", 1, "1 to 40"),
    ("app_twice", "[app:a]\n[app:b]\n[app:a]\n", 3, "began in line 1 already"),
    ("app_with_unknown_key", "[app:a]\ntitel = x\n", 2, "[app:a] titel: unknown key; did you mean title?"),
    ("app_with_another_key", "[app:a]\npath = /x\n", 2, "belongs below [storage]"),
    ("app_renamed", "[app:a]\nname = b\n", 2, "unknown key"),
    ("app_with_long_title", f"[app:a]\ntitle = {'x' * 61}\n", 2, "has 61 characters"),
    ("app_with_relative_logo", "[app:a]\nlogo = a.svg\n", 2, "does not begin with '/'"),
    ("app_with_logo_of_another_kind", "[app:a]\nlogo = /a.jpg\n", 2, "neither .svg nor .png"),
    ("colour_that_ends_the_style", "[app:a]\ncolor1 = red;}\n", 2, "is no colour"),
    ("colour_that_fetches", "[app:a]\ncolor2 = url(//x)\n", 2, "is no colour"),
    ("colour_nobody_knows", "[app:a]\nbutton = reddish\n", 2, "is no colour"),
    ("colour_of_four_digits", "[app:a]\nbutton = #1234\n", 2, "is no colour"),
    ("colour_beyond_255", "[app:a]\nbutton = rgb(1, 2, 256)\n", 2, "is no colour"),
    ("colour_of_several_names", "[app:a]\nbutton = red blue\n", 2, "is no colour"),
    ("colour_empty", "[app:a]\nbutton =\n", 2, "is no colour"),
    ("keep_nothing", "[settings]\nkeep = 0\n", 2, "1 to 1000 versions"),
    ("hosts_with_star", "[server]\nhosts = *.example.org\n", 2, "not a host name"),
]


@pytest.mark.parametrize(("content", "line", "words"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_each_mistake_ends_with_78_and_its_line(
    content: str | bytes, line: int, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "syncd.conf"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert main(["config", "check", "--config", str(path)]) == 78
    printed = capsys.readouterr()
    [message] = printed.err.splitlines()
    assert message.startswith(f"{path}:{line}: ")
    assert words in message
    assert printed.out == ""


def test_all_mistakes_are_named_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "syncd.conf"
    path.write_text("x = 1\n[trash]\nkeep_days = no\n[nowhere]\na = 1\nb = 2\n[media]\nworkers = 99\nworker = 1\n")
    with pytest.raises(ConfigError) as caught:
        load(path, ["media.timeout_s=0", "no_such.key=1", "trash"])
    assert [(one.line, one.section, one.key) for one in caught.value.problems] == [
        (1, "", ""),
        (3, "trash", "keep_days"),
        (4, "nowhere", ""),
        (8, "media", "workers"),
        (9, "media", "worker"),
        (0, "media", "timeout_s"),
        (0, "no_such", "key"),
        (0, "", ""),
    ]
    assert len(str(caught.value).splitlines()) == 8


def test_keys_below_a_broken_header_are_not_blamed_on_the_section_above(tmp_path: Path) -> None:
    path = tmp_path / "syncd.conf"
    path.write_text("[trash]\n[media\nworkers = 1\n")
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert [one.line for one in caught.value.problems] == [2]


@pytest.mark.parametrize(
    "text",
    [
        "trash.keep_days",
        "keep_days=3",
        "=",
        "",
        "trash.keep_days=x",
        "storage.path=/a\nb",
        "storage.path=/",
        "app:A.title=x",
        "app:.title=x",
    ],
)
def test_a_wrong_override_ends_with_78(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "syncd.conf"
    path.touch()
    assert main(["--set", text, "--config", str(path), "config", "check"]) == 78
    assert capsys.readouterr().err.startswith("--set: ")


def problem_with(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load(path)
    return str(caught.value)


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    assert problem_with(tmp_path / "none").startswith(f"{tmp_path}/none: cannot be read: No such file")


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    assert "name the configuration file itself" in problem_with(tmp_path)


def test_a_pipe_is_refused_without_waiting_for_its_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "name the configuration file itself" in problem_with(tmp_path / "pipe")


def test_a_name_with_nul_is_refused(tmp_path: Path) -> None:
    assert "cannot be read" in problem_with(tmp_path / "a\0b")


def test_a_file_everybody_can_write_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "syncd.conf"
    path.touch()
    path.chmod(0o666)
    assert "chmod o-w" in problem_with(path)


@pytest.fixture
def nobody() -> Iterator[None]:
    """Be somebody whom permissions hold, even where the tests run as root."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    yield
    os.seteuid(before)


def test_an_unreadable_file_is_refused(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    path = tmp_path / "syncd.conf"
    path.touch(mode=0)
    request.getfixturevalue("nobody")
    assert "Permission denied" in problem_with(path)


def test_whoever_may_not_read_the_settings_hears_who_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    assert problem_with(tmp_path / "a.conf").endswith("cannot be read: Permission denied; run this as root")
