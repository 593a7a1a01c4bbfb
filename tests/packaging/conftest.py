"""Staged bundles and packages, each made once."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bundle import stage
from debian import mkdeb
from debian.releases import RELEASES, Package
from openwrt import mkipk
from openwrt.architectures import TARGETS
from syncd import __version__

Stage = Callable[..., Path]
Press = Callable[[str], Path]


@pytest.fixture(scope="session")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """Order a DESTDIR: `staged("--system=openwrt", "--target=pure")`. It is shared, so look and don't touch."""
    made: dict[tuple[str, ...], Path] = {}

    def order(*arguments: str) -> Path:
        if arguments not in made:
            root = tmp_path_factory.mktemp("staged") / "root"
            assert stage.main(["--destdir", str(root), *arguments]) == 0
            made[arguments] = root
        return made[arguments]

    return order


def program(root: Path) -> tuple[str, ...]:
    """The command that runs what is staged in *root* by the Python of the tests, as the launcher would."""
    interpreter = os.path.realpath(sys.executable)  # not the environment's link, which would add its libraries
    return (interpreter, "-s", "-E", "-B", str(root / "usr/lib/syncd"))


@pytest.fixture(scope="session")
def pressed(tmp_path_factory: pytest.TempPathFactory) -> Press:
    """Order an .ipk: `pressed("aarch64_generic")`. All that have one bundle are made together."""
    made: dict[str, Path] = {}

    def order(architecture: str) -> Path:
        if architecture not in made:
            siblings = [name for name, target in TARGETS.items() if target == TARGETS[architecture]]
            files = [one.file for one in mkipk.make(siblings, tmp_path_factory.mktemp("ipk"))]
            made.update(zip(siblings, files, strict=True))
        return made[architecture]

    return order


EPOCH = 1_795_000_000
Deb = Callable[..., Path]


@pytest.fixture(scope="session")
def deb(tmp_path_factory: pytest.TempPathFactory) -> Deb:
    """Order a package of Debian: `deb("deb12", "amd64", "0.0.9")`; without a version it is this one's."""
    made: dict[Package, Path] = {}

    def order(mark: str, architecture: str, version: str = __version__) -> Path:
        wanted = Package(RELEASES[mark], architecture, version)
        if wanted not in made:
            made[wanted] = mkdeb.build(wanted, tmp_path_factory.mktemp("deb"), EPOCH)
        return made[wanted]

    return order
