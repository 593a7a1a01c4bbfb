"""What an .ipk holds, on a box whose shell is BusyBox: first settings, set-up, start, a phone, a changed setting.

The C library is Debian's, so that this machine's Python runs it; rc.common and procd are the recorder's.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bundle import targets, tree
from tests.daemon import STOP_S, free_port, wait_until
from tests.packaging.box import Box, box
from tests.packaging.openwrt import RC_COMMON, uci
from tests.phone import Phone
from tests.samples import jpeg

pytestmark = [
    pytest.mark.packaging,
    pytest.mark.heavy,
    pytest.mark.timeout(600),  # the first box of all is made from packages
    pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts"),
]
STORAGE = "/mnt/disk/syncd"
USER = "anna"


@pytest.fixture
def router(tmp_path: Path) -> Iterator[Box]:
    """A box with the package's files in it, and the user that installing makes."""
    target = targets.host(os.uname().machine, 64, glibc=True)  # which bundle.stage refuses for a real router
    package = tmp_path / "package"
    package.mkdir()
    tree.fill(package, tree.Order("openwrt", target, targets.OPENWRT_PYTHON), os.uname().machine, 86400)
    with box("bookworm", tmp_path) as made:
        subprocess.run(["mount", "--bind", "/proc", made.path("/proc")], check=True)
        for part in ("etc", "usr"):  # not all of it at once: /lib is a link here
            shutil.copytree(package / part, made.path(part), symlinks=True, dirs_exist_ok=True)
        busybox = shutil.which("busybox")
        assert busybox is not None
        shutil.copy(busybox, made.path("/bin/busybox"))
        made.path("/bin/sh").unlink()
        made.path("/bin/sh").symlink_to("busybox")
        # The recorder as it is, but for the root it works in, and for what a real box lets root do.
        recorder = RC_COMMON.read_text().replace("root=$3\n", "root=\n")
        recorder = "\n".join(line for line in recorder.splitlines() if not line.startswith(("chgrp()", "chown()")))
        made.path("/etc/rc.common").write_text(recorder)
        made.path("/etc/config").mkdir(exist_ok=True)
        must(made, "useradd", "--system", "--user-group", "syncd")
        must(made, "sh", "-c", ". /etc/uci-defaults/syncd 2>/dev/null")  # there is no uci here
        yield made


def must(router: Box, *argv: str) -> str:
    """The standard output of a command that has to succeed."""
    done = router.chroot(*argv)
    assert done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
    return done.stdout


def configure(router: Box, port: int, *more: tuple[str, str, list[tuple[str, str | list[str]]]]) -> None:
    server = ("server", "server", [("listen", [f"127.0.0.1:{port}"])])
    main = ("syncd", "main", [("enabled", "1")])
    text = uci([main, server, ("storage", "storage", [("path", STORAGE)]), *more])
    router.path("/etc/config/syncd").write_text(text)


def owner(router: Box, place: str) -> str:
    return must(router, "stat", "-c", "%U:%G %a", place).strip()


def test_a_router_from_its_first_minute(router: Box) -> None:
    assert must(router, "syncd", "version").startswith("syncd ")
    refused = router.chroot("syncd", "status")
    assert refused.returncode == 78
    assert "syncd.storage.path: is not set" in refused.stderr

    port = free_port()
    configure(router, port)
    must(router, "mkdir", "-p", STORAGE)
    assert "is an administrator" in must(router, "syncd", "init", "--user", USER)
    assert owner(router, "/etc/syncd") == "root:root 755"
    assert owner(router, "/etc/syncd/state") == "syncd:syncd 700"
    assert owner(router, "/etc/syncd/state/accounts.db") == "syncd:syncd 600"
    assert owner(router, "/var/etc/syncd/syncd.conf") == "root:syncd 640"
    assert owner(router, STORAGE) == "syncd:syncd 755"

    must(router, "/etc/init.d/syncd", "start")
    calls = router.path("/calls").read_text()
    [command] = [line for line in calls.splitlines() if line.startswith("procd_set_param <command>")]
    argv = [word.strip("<>") for word in shlex.split(command)[2:]]
    with subprocess.Popen(["chroot", "--userspec=syncd:syncd", router.root, *argv]) as daemon:
        try:
            wait_until(lambda: '"daemon": {' in router.chroot("syncd", "status", "--json").stdout, "the daemon to run")
            _backs_up(router, port)
            configure(router, port, ("trash", "trash", [("keep_days", "90")]))
            assert "trash.keep_days = 90" in must(router, "syncd", "config", "show")
        finally:
            daemon.terminate()
        assert daemon.wait(STOP_S) == 0
    assert owner(router, f"{STORAGE}/.syncd/index.db").startswith("syncd:syncd")


def _backs_up(router: Box, port: int) -> None:
    """A photo goes there and comes back."""
    key = json.loads(must(router, "syncd", "device", "add", USER, "phone", "--json"))["key"]
    phone = Phone(f"http://127.0.0.1:{port}/k/{key}", USER, "phone")
    assert phone.upload("one.jpg", jpeg()).status == 200
    [listed] = phone.listed(phone.folders().json()[0]["Months"][0])
    assert phone.stream(listed).body == jpeg()
