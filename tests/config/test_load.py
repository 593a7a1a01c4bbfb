"""What a good file means, and where each value was said."""

from __future__ import annotations

import configparser
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd import ini
from syncd.config import Address, AppSection, Config, Option, load, options
from syncd.options import written
from syncd.sections import EXAMPLE

REFERENCE = Path(__file__).parents[2] / "etc" / "syncd.conf"


def loaded(tmp_path: Path, text: str | bytes, *overrides: str) -> Config:
    path = tmp_path / "syncd.conf"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(path, overrides).config


def test_an_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    assert loaded(tmp_path, "") == Config()


def test_the_default_file_may_be_missing(tmp_path: Path) -> None:
    assert load(tmp_path / "none", may_be_missing=True).config == Config()


def test_the_shipped_file_gives_the_defaults() -> None:
    assert load(REFERENCE).config == Config()


def test_the_shipped_file_gives_the_defaults_with_every_line_in_force(tmp_path: Path) -> None:
    lines = REFERENCE.read_text().splitlines()
    text = "\n".join(line[1:] if re.match(r"#[a-z\[]", line) else line for line in lines)
    path = tmp_path / "syncd.conf"
    path.write_text(text)
    result = load(path)
    assert result.config == Config(apps=(EXAMPLE,))
    assert not [one for one in result.sources if one.place == "default"]


@pytest.mark.parametrize(
    "text", ["[trash]\nkeep_days = 3", "[trash]\r\nkeep_days=3\r\n", "\ufeff[trash]\nkeep_days\t= 3 \n"]
)
def test_line_ends_marks_and_spaces_do_not_matter(text: str, tmp_path: Path) -> None:
    assert loaded(tmp_path, text).trash.keep_days == 3


def test_a_value_is_kept_whole(tmp_path: Path) -> None:
    assert loaded(tmp_path, "[storage]\npath = /mnt/Disk #1/a%b;c = d/ü\n").storage.path == Path(
        "/mnt/Disk #1/a%b;c = d/ü"
    )


def test_a_path_is_tidied(tmp_path: Path) -> None:
    assert loaded(tmp_path, "[storage]\npath = //mnt/./disk/\n").storage.path == Path("/mnt/disk")


def test_a_link_to_the_file_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("[trash]\nkeep_days = 3\n")
    (tmp_path / "link").symlink_to("real")
    assert load(tmp_path / "link").config.trash.keep_days == 3


def test_listening_on_several_addresses_of_both_kinds(tmp_path: Path) -> None:
    config = loaded(tmp_path, "[server]\nlisten = 0.0.0.0:8420, [::]:8420 [::1]:65535\n")
    assert config.server.listen == (Address("0.0.0.0", 8420), Address("::", 8420), Address("::1", 65535))


def test_host_names_are_lower_case_and_once(tmp_path: Path) -> None:
    assert loaded(tmp_path, "[server]\nhosts = NAS, nas.example.org nas\n").server.hosts == ("nas", "nas.example.org")


def test_the_public_address_has_no_slash_at_its_end(tmp_path: Path) -> None:
    assert loaded(tmp_path, "[server]\npublic_url = https://a.example:8443/sync/\n").server.public_url == (
        "https://a.example:8443/sync"
    )


@pytest.mark.parametrize(
    ("word", "meaning"), [("yes", True), ("On", True), ("1", True), ("no", False), ("FALSE", False)]
)
def test_switches_as_other_files_on_the_box_have_them(word: str, meaning: bool, tmp_path: Path) -> None:
    assert loaded(tmp_path, f"[media]\nrequire_sandbox = {word}\n").media.require_sandbox is meaning


def test_reserve_in_mib_or_auto(tmp_path: Path) -> None:
    assert loaded(tmp_path, "[storage]\nreserve_mb = 500\n").storage.reserve_mb == 500
    assert loaded(tmp_path, "[storage]\nreserve_mb = auto\n").storage.reserve_mb is None


def test_the_command_line_wins_and_its_last_word_counts(tmp_path: Path) -> None:
    text = "[trash]\nkeep_days = 3\n"
    assert loaded(tmp_path, text, "trash.keep_days=4", "trash.keep_days = 5").trash.keep_days == 5


def test_an_app_is_a_section_and_needs_nothing_else(tmp_path: Path) -> None:
    config = loaded(tmp_path, "[app:thunder]\n[app:obtainium]\ntitle = Obtainium\nbutton = #FC3\n")
    assert config.apps == (AppSection("thunder"), replace(EXAMPLE, button="#fc3"))
    assert config.apps[0].title == "thunder"
    assert config.app("obtainium") is config.apps[1] and config.app("x") is None


def test_an_app_can_be_said_on_the_command_line(tmp_path: Path) -> None:
    config = loaded(tmp_path, "[app:b]\ntitle = B\n", "app:a.title=A", "app:b.title=", "app:a.color1=rgb(1,2,3)")
    assert config.apps == (AppSection("b"), AppSection("a", "A", color1="rgb(1,2,3)"))


def test_values_of_apps_know_where_they_were_said(tmp_path: Path) -> None:
    path = tmp_path / "syncd.conf"
    path.write_text("[app:a]\ntitle = A\n")
    places = {(one.section, one.key): one.place for one in load(path).sources}
    assert (places["app:a", "title"], places["app:a", "logo"]) == (f"{path}:2", "default")


@pytest.mark.parametrize("colour", ["#fff", "#A1b2C3", "rgb(0,0,0)", "rgb( 255 , 1, 20 )", "RebeccaPurple", "yellow"])
def test_colours_as_css_has_them(colour: str, tmp_path: Path) -> None:
    assert loaded(tmp_path, f"[app:a]\ncolor1 = {colour}\n").apps[0].color1 == colour.lower()


def test_each_value_knows_where_it_was_said(tmp_path: Path) -> None:
    path = tmp_path / "syncd.conf"
    path.write_text("[trash]\n\nkeep_days = 3\n[media]\nworkers = 1\n")
    places = {(one.section, one.key): one.place for one in load(path, ["media.workers=2"]).sources}
    assert places["trash", "keep_days"] == f"{path}:3"
    assert places["media", "workers"] == "--set"
    assert places["storage", "path"] == "default"
    assert len(places) == len(tuple(options()))


@pytest.mark.parametrize("one", list(options()), ids=lambda one: f"{one.section}.{one.key}")
def test_a_default_reads_back_as_itself(one: Option) -> None:
    assert one.kind.parse(written(one.default)) == one.default


line = st.one_of(
    st.sampled_from(["[a]", "[b]", "k = v", "k=", "x y = a = b", "# note", " ; note", "", " k = v", "k : v", "[a] b"]),
    st.text(st.characters(codec="utf-8"), max_size=12),
)


@given(st.lists(line, max_size=8).map("\n".join))
def test_what_is_understood_reads_the_same_in_configparser(text: str) -> None:
    lines = ini.parse(text, "f")
    names = [(item.section, item.key) for item in lines.assignments]
    sections = [name for name, _ in lines.sections]
    if lines.problems or len(set(names)) < len(names) or len(set(sections)) < len(sections):
        return
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",), default_section="\0", strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # the documented way
    parser.read_string(text)
    assert {(section, key): value for section in parser.sections() for key, value in parser[section].items()} == {
        (item.section, item.key): item.value for item in lines.assignments
    }
