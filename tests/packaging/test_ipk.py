"""The packages for OpenWrt as they come out of the press."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from openwrt import lint_ipk, mkipk
from openwrt.architectures import TARGETS
from openwrt.package import Package, read
from syncd import __version__
from tests.packaging.conftest import Press

pytestmark = pytest.mark.packaging
heavy = pytest.mark.heavy
ONE_OF_EACH = {target: architecture for architecture, target in TARGETS.items()}


@heavy
@pytest.mark.parametrize("architecture", sorted(ONE_OF_EACH.values()))
def test_a_package_is_good_and_within_its_budget(pressed: Press, architecture: str) -> None:
    """The budget, 2.5 MB packed and 8 MB installed, is one of the rules."""
    file = pressed(architecture)
    assert lint_ipk.main([str(file)]) == 0


@heavy
def test_two_architectures_of_one_bundle_differ_in_their_name_alone(pressed: Press) -> None:
    one, other = (opened(pressed(name)) for name in ("aarch64_cortex-a53", "aarch64_generic"))
    assert one.streams[1] == other.streams[1]
    fields = {key for (key, value), (_, theirs) in zip(one.fields, other.fields, strict=True) if value != theirs}
    assert fields == {"Architecture"}


def opened(file: Path) -> Package:
    return read(file.name, file.read_bytes())


@heavy
def test_the_same_package_is_made_twice(pressed: Press, tmp_path: Path) -> None:
    for made in mkipk.make(["aarch64_generic", "all"], tmp_path):
        assert made.file.read_bytes() == pressed(made.file.stem.split("_", 2)[2]).read_bytes()


@heavy
def test_where_a_wheel_is_missing_the_feed_has_the_library(pressed: Press) -> None:
    for architecture, bundled in {"aarch64_generic": True, "arm_cortex-a9_neon": False, "all": False}.items():
        package = opened(pressed(architecture))
        assert ("python3-bcrypt" in package.field("Depends").split(", ")) != bundled
        assert (package.file("/usr/lib/syncd/bcrypt") is not None) == bundled


@heavy
def test_the_service_gets_a_user_of_its_own_and_keeps_its_settings(pressed: Press) -> None:
    package = opened(pressed("all"))
    assert package.field("Version") == f"{__version__}-r1"
    assert package.field("Require-User") == "syncd=481:syncd=481"
    assert package.text("conffiles") == "/etc/config/syncd\n"
    assert package.text("postinst").splitlines()[-1] == "default_postinst $0 $@"


def test_an_architecture_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert mkipk.main(["mips_24kc"]) == 1
    assert re.search(r"no package for mips_24kc; there are: .*\ball\b", capsys.readouterr().err)


def test_a_package_that_the_checker_refuses_is_not_called_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    good = mkipk.make_luci(tmp_path)
    bad = tmp_path / "syncd_1.0.0-r1_all.ipk"
    bad.write_bytes(b"!<arch>\n")
    monkeypatch.setattr(mkipk, "make_luci", lambda: good)
    for made, code in ((good, 0), (mkipk.Made(bad, 8, 8), 1)):
        monkeypatch.setattr(mkipk, "make", lambda _, made=made: [made])
        assert mkipk.main([]) == code
    assert "syncd_1.0.0-r1_all.ipk: container: " in capsys.readouterr().out


def test_the_page_in_luci_is_a_good_package_for_every_router(tmp_path: Path) -> None:
    made = mkipk.make_luci(tmp_path)
    assert lint_ipk.main([str(made.file)]) == 0
    package = opened(made.file)
    assert made.file.name == f"luci-app-syncd_{__version__}-r1_all.ipk"
    assert {"libc", "luci-base", "syncd"} <= set(package.field("Depends").split(", "))
    assert package.file("/www/luci-static/resources/view/syncd/syncd.js") is not None
    assert "rpcd reload" in package.text("postinst-pkg") and package.text("conffiles") == ""
    assert mkipk.make_luci(tmp_path / "again").file.read_bytes() == made.file.read_bytes()
