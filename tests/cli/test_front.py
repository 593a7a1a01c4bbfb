"""The command line as a person meets it: words in any order, exit codes, no traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from syncd import __version__
from syncd.cli import main

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def conf(tmp_path: Path) -> str:
    path = tmp_path / "syncd.conf"
    path.write_text("[trash]\nkeep_days = 3\n")
    return str(path)


def shown(capsys: Capture, *argv: str) -> dict[str, tuple[object, str]]:
    """What `config show --json` says: section.key → value and source."""
    assert main(["config", "show", "--json", *argv]) == 0
    rows = json.loads(capsys.readouterr().out)
    return {f"{row['section']}.{row['key']}": (row["value"], row["source"]) for row in rows}


def test_version(capsys: Capture) -> None:
    assert main(["version"]) == 0
    assert capsys.readouterr().out == f"syncd {__version__}\n"


def test_version_as_json(capsys: Capture) -> None:
    assert main(["version", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"version": __version__}


@pytest.mark.parametrize(
    "argv",
    [
        "--config {} --set media.workers=2 config check",
        "config --config {} --set media.workers=2 check",
        "config check --config={} --set=media.workers=2",
        "--set media.workers=2 config --set media.timeout_s=9 check --config {}",
    ],
)
def test_settings_are_chosen_anywhere_on_the_line(argv: str, conf: str, capsys: Capture) -> None:
    assert main(argv.format(conf).split()) == 0
    assert main([*argv.replace("=2", "=x").format(conf).split()]) == 78
    assert "--set: [media] workers: 'x'" in capsys.readouterr().err
    assert main(argv.format(conf + ".gone").split()) == 78


def test_every_set_counts_wherever_it_stands(conf: str, capsys: Capture) -> None:
    assert main(["--set", "media.workers=2", "config", "--set", "media.timeout_s=9", "show", "--config", conf]) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.split() for line in said if not line.endswith("(default)")] == [
        ["media.workers", "=", "2", "(--set)"],
        ["media.timeout_s", "=", "9", "(--set)"],
        ["trash.keep_days", "=", "3", f"({conf}:2)"],
    ]


def test_show_as_json_keeps_types(conf: str, capsys: Capture) -> None:
    rows = shown(capsys, "--config", conf, "--set", "server.listen=127.0.0.1:1,[::1]:2")
    assert rows["trash.keep_days"] == (3, f"{conf}:2")
    assert rows["server.listen"] == (["127.0.0.1:1", "[::1]:2"], "--set")
    assert rows["media.require_sandbox"] == (False, "default")
    assert rows["storage.reserve_mb"] == ("auto", "default")
    assert rows["storage.path"] == ("/srv/syncd", "default")


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["nosuch"],
        ["config"],
        ["config", "nosuch"],
        ["version", "--nosuch"],
        ["version", "x"],
        ["version", "--config"],
    ],
)
def test_a_wrong_call_ends_with_2(argv: list[str], capsys: Capture) -> None:
    with pytest.raises(SystemExit) as ended:
        main(argv)
    assert ended.value.code == 2
    assert "usage: syncd" in capsys.readouterr().err


def test_help_lists_the_verbs(capsys: Capture) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    assert "\n  config     check and show" in capsys.readouterr().out


@pytest.mark.slow
def test_the_process_ends_with_the_code_and_no_traceback(conf: str) -> None:
    argv = [sys.executable, "-m", "syncd", "config", "check", "--config", conf, "--set", "trash.keep_days=x"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (78, "")
    assert done.stderr == "--set: [trash] keep_days: 'x' is not a whole number; write 0 to 36500 days, digits only\n"


@pytest.mark.slow
def test_a_reader_that_leaves_early_is_no_error_to_talk_about() -> None:
    argv = [sys.executable, "-m", "syncd", "config", "show", "--reference"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout and child.stderr
        child.stdout.close()
        assert child.stderr.read() == b""
        assert child.wait(60) == 1
