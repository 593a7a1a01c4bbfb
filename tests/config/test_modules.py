"""Ways to sign in: off unless configured, and never half configured."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from syncd.config import ConfigError, load
from tests.daemon import ROOT, Daemon

WHOLE = "[server]\npublic_url = https://sync.example.org\n[oidc]\nissuer = https://id.example.org\n"


def text_of(tmp_path: Path, text: str) -> str:
    """What is wrong with a configuration; '' for nothing."""
    path = tmp_path / "syncd.conf"
    path.write_text(text)
    try:
        load(path)
    except ConfigError as exc:
        return str(exc).replace(str(path), "syncd.conf")
    return ""


def test_there_is_none_by_default() -> None:
    assert load(ROOT / "etc" / "syncd.conf").config.modules == {}


def test_a_section_without_client_id_is_off(tmp_path: Path) -> None:
    path = tmp_path / "syncd.conf"
    path.write_text("[oidc]\nissuer = https://id.example.org\n[github]\nallow = 5\n")
    assert load(path).config.modules == {}


def test_a_whole_one_is_on(tmp_path: Path) -> None:
    path = tmp_path / "syncd.conf"
    path.write_text(f"{WHOLE}client_id = syncd\nclient_secret = s\nallow = 5, @example.org anna@example.org\n")
    config = load(path).config
    assert list(config.modules) == ["oidc"]
    assert config.oidc.allow == ("5", "@example.org", "anna@example.org")


def test_they_stand_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "syncd.conf"
    sections = [f"[{name}]\nclient_id = a\nclient_secret = s\n" for name in ("google", "github")]
    path.write_text("".join(sections) + f"{WHOLE}client_id = a\nclient_secret = s\n")
    assert list(load(path).config.modules) == ["google", "github", "oidc"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[oidc]\nclient_id = a\nclient_secret = s\nissuer = https://x.org\n",
            "syncd.conf:2: [oidc] client_id: needs [server] public_url",
        ),
        (f"{WHOLE}client_id = a\n", "syncd.conf:5: [oidc] client_id: needs client_secret_file or client_secret"),
        (f"{WHOLE}client_id = a\nclient_secret = s\nclient_secret_file = /s\n", "not both"),
        ("[server]\npublic_url = https://x.org\n[oidc]\nclient_id = a\nclient_secret = s\n", "needs issuer"),
        (f"{WHOLE}client_id = a\nclient_secret = s\nscope = profile\n", "syncd.conf:7: [oidc] scope: lacks openid"),
        (
            f"{WHOLE}client_id = a\nclient_secret = s\ncreate = yes\n",
            "syncd.conf:7: [oidc] create: would let everybody in",
        ),
        (f"{WHOLE}client_id = a\nclient_secret = s\ntoken_url = https://x.org/t\n", "needs all of authorization_url"),
        (
            f"{WHOLE.replace('https://id', 'http://id')}client_id = a\nclient_secret = s\n",
            "[oidc] issuer: must begin with https://",
        ),
        (
            "[server]\npublic_url = https://x.org\n[github]\nclient_id = a\nclient_secret = s\napi_url = http://x.org\n",
            "[github] api_url",
        ),
    ],
)
def test_what_is_missing_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    found = text_of(tmp_path, text)
    assert said in found and len(found.splitlines()) == 1, found


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    box = Daemon(
        {"server": {"public_url": "https://x.org"}, "github": {"client_id": "a", "client_secret": "s3cr3t"}}, tmp_path
    )
    for form in ((), ("--json",)):
        said = box.must("config", "show", *form)
        assert "s3cr3t" not in said and "not shown" in said
    assert "s3cr3t" not in repr(load(box.conf))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("package", "section", "says"),
    [
        ("cryptography", "[google]\n", "[google] needs the Python package cryptography: "),
        ("ssl", "[github]\n", "[github] needs the Python package ssl: "),
        ("cryptography", "[github]\n", "run: syncd init"),
    ],
)
def test_what_is_not_installed_is_named_at_the_start(tmp_path: Path, package: str, section: str, says: str) -> None:
    """GitHub needs no signatures, so it comes as far as the disk, which was not prepared."""
    box = Daemon(None, tmp_path)
    box.configure({"server": {"public_url": "https://x.org"}})
    box.conf.write_text(box.conf.read_text() + f"{section}client_id = a\nclient_secret = s\n")
    code = f"import sys; sys.modules[{package!r}] = None; from syncd.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code, "serve", "--config", str(box.conf)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1 and says in done.stderr and "Traceback" not in done.stderr
