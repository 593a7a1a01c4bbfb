"""OpenWrt's init script under the shells it may meet: what it asks of procd, and when it asks nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from syncd.config import options
from tests.packaging.openwrt import FILES, INIT, SHELLS, Box, Sections

pytestmark = pytest.mark.packaging

TRIGGERS = ["procd_add_reload_trigger <syncd>", "procd_add_reload_mount_trigger </mnt/disk/syncd>"]


def on(box: Box, *more: tuple[str, str, list[tuple[str, str | list[str]]]]) -> Sections:
    """Settings of a box that is switched on."""
    return [("syncd", "main", [("enabled", "1")]), ("storage", "storage", [("path", box.disk)]), *more]


@pytest.fixture(params=SHELLS)
def box(tmp_path: Path, request: pytest.FixtureRequest) -> Box:
    """Set up, its disk there, switched on; the program finds all settings good."""
    return _ready(Box(tmp_path, request.param))


@pytest.fixture(params=SHELLS)
def real(tmp_path: Path, request: pytest.FixtureRequest) -> Box:
    """The same with the program itself."""
    return _ready(Box(tmp_path, request.param, real=True))


def _ready(box: Box) -> Box:
    box.set_up()
    box.configure(on(box))
    return box


def instance(*, nice: int = 5, port: int = 8420) -> list[str]:
    return [
        "procd_open_instance",
        "procd_set_param <command> </usr/bin/syncd> <serve> <--config> </var/etc/syncd/syncd.conf>",
        "procd_set_param <file> </var/etc/syncd/syncd.conf>",
        "procd_set_param <reload_signal> <HUP>",
        "procd_set_param <respawn> <60> <5> <5>",
        "procd_set_param <user> <syncd>",
        "procd_set_param <no_new_privs> <1>",
        "procd_set_param <limits> <core=0> <nofile=4096 8192>",
        f"procd_set_param <nice> <{nice}>",
        "procd_set_param <term_timeout> <30>",
        "procd_set_param <stdout> <1>",
        "procd_set_param <stderr> <1>",
        f"procd_add_mdns <syncd> <tcp> <{port}>",
        "procd_close_instance",
    ]


def asked(calls: list[str]) -> list[str]:
    """*calls* without what the file of settings needs."""
    return [one for one in calls if not one.startswith("chgrp ")]


def test_a_start_asks_procd_for_the_service(box: Box) -> None:
    done = box.run("start")
    assert (done.status, done.out, done.err, done.log) == (0, "", "", "")
    assert asked(done.calls) == ["procd_open_service", *instance(), *TRIGGERS, "procd_close_service"]
    text = box.conf.read_text().replace(str(box.root), "")
    assert text == (
        "# Made from /etc/config/syncd by /etc/init.d/syncd: change them there.\n"
        "[server]\nstate = /etc/syncd/state\n[storage]\npath = /mnt/disk/syncd\n"
    )


def test_the_settings_are_for_root_and_the_service_alone(box: Box) -> None:
    done = box.run("render")
    assert box.conf.stat().st_mode & 0o777 == 0o640
    assert box.conf.parent.stat().st_mode & 0o777 == 0o750
    pid = done.calls[1].rpartition(".")[2]
    assert done.calls == ["chgrp <syncd> </var/etc/syncd>", f"chgrp <syncd> </var/etc/syncd/syncd.conf.new.{pid}"]
    assert [one.name for one in box.conf.parent.iterdir()] == ["syncd.conf"]


def test_port_and_niceness_come_from_the_settings(box: Box) -> None:
    server = ("server", "server", [("listen", ["0.0.0.0:9000", "[::]:9001"])])
    main = ("syncd", "main", [("enabled", "yes"), ("nice", "19")])
    box.configure([main, server, ("storage", "storage", [("path", box.disk)])])
    assert asked(box.run("start").calls)[1:-3] == instance(nice=19, port=9000)


def test_switched_off_starts_nothing_and_hears_when_it_is_switched_on(box: Box) -> None:
    shutil.copy(FILES / "syncd.config", box.root / "etc/config/syncd")
    done = box.run("start")
    assert asked(done.calls) == ["procd_open_service", TRIGGERS[0], "procd_close_service"]
    assert done.log == ""


def test_a_fresh_box_says_which_disk_it_misses(box: Box) -> None:
    shutil.copy(FILES / "syncd.config", box.root / "etc/config/syncd")
    done = box.run("check")
    assert done.status == 1
    assert done.err == (
        "/etc/config/syncd: syncd.storage.path: is not set; name a folder on your disk:"
        " uci set syncd.storage.path=/mnt/sda1/syncd; uci commit syncd\n"
    )


def test_what_the_program_refuses_starts_nothing_and_is_in_the_log(real: Box) -> None:
    real.configure(on(real, ("trash", "trash", [("keep_days", "soon"), ("keep_weeks", "3")])))
    done = real.run("start")
    assert asked(done.calls) == ["procd_open_service", TRIGGERS[0], "procd_close_service"]
    assert done.log == (
        "daemon.err: /etc/config/syncd: [trash] keep_days: 'soon' is not a whole number;"
        " write 0 to 36500 days, digits only\n"
        "daemon.err: /etc/config/syncd: [trash] keep_weeks: unknown key; did you mean keep_days?\n"
    )
    assert not list(real.conf.parent.iterdir())


def test_check_says_it_to_who_asked_and_changes_nothing(real: Box) -> None:
    good = real.run("check")
    assert (good.status, good.out, good.err) == (0, "the settings are good\n", "")
    real.configure(on(real, ("storage", "other", [("path", "/mnt/other")])))
    bad = real.run("check")
    assert bad.status == 1
    assert "[storage]: began in line" in bad.err
    assert bad.log == ""
    assert not list(real.conf.parent.iterdir())


@pytest.mark.parametrize(
    ("option", "told"),
    [
        (("enabled", "maybe"), "syncd.main.enabled: write 1 or 0"),
        (("nice", "-5"), "syncd.main.nice: write 0 to 19"),
        (("nice", "20"), "syncd.main.nice: write 0 to 19"),
        (("conffile", "own.conf"), "syncd.main.conffile: write the whole path, beginning with /"),
        (("conffile", "/etc/syncd/syncd.conf"), "syncd.main.conffile: is where the settings in force are found"),
        (("niec", "1"), "syncd.main.niec: unknown here; possible are enabled, nice and conffile"),
    ],
)
def test_options_of_the_script_itself_are_checked(box: Box, option: tuple[str, str], told: str) -> None:
    box.configure([("syncd", "main", [("enabled", "1"), option]), ("storage", "storage", [("path", box.disk)])])
    done = box.run("start")
    assert told in done.log
    assert "procd_open_instance" not in done.calls


def test_an_unreadable_file_of_settings_starts_nothing(box: Box) -> None:
    (box.root / "etc/config/syncd").unlink()
    done = box.run("start")
    assert done.log == "daemon.err: /etc/config/syncd: the file: cannot be read: uci: Entry not found\n"
    assert "procd_open_instance" not in done.calls


def test_a_line_that_uci_leaves_out_is_a_mistake_of_the_file(box: Box) -> None:
    """Else a setting that stands there would count for nothing: for how long deleted files are kept, perhaps."""
    box.run("start")
    complaint = "uci: Parse error (invalid command) at line 9, byte 0\n"
    (box.root / "complaint").write_text(complaint)
    done = box.run("start")
    assert done.log == f"daemon.err: /etc/config/syncd: the file: cannot be read: {complaint}"
    assert "procd_open_instance" not in done.calls
    assert asked(box.run("reload").calls) == []
    assert box.run("check").status == 1


def test_another_niceness_needs_a_new_start(box: Box) -> None:
    box.run("start")
    box.configure([("syncd", "main", [("enabled", "1"), ("nice", "7")]), ("storage", "storage", [("path", box.disk)])])
    done = box.run("reload")
    assert asked(done.calls)[:1] == ["procd_kill"]
    assert asked(done.calls)[2:-3] == instance(nice=7)


def test_a_file_of_ones_own_may_have_been_written_on_windows(real: Box) -> None:
    own = real.root / "etc/syncd/own.conf"
    own.write_bytes(f"[server] \r\nstate = {real.root}/etc/syncd/state\r\n[storage]\r\npath={real.disk}\r\n".encode())
    real.configure([("syncd", "main", [("enabled", "1"), ("conffile", str(own))])])
    done = real.run("start")
    assert (done.log, asked(done.calls)[1:-3]) == ("", instance())


def test_who_does_not_see_the_log_can_ask_why_nothing_would_start(box: Box) -> None:
    assert (box.run("can_start").status, box.run("can_start").err) == (0, "")
    (box.root / "etc/syncd/state/accounts.db").unlink()
    done = box.run("can_start")
    assert (done.status, done.log) == (1, "")
    assert done.err.startswith("syncd is not set up: run syncd init")
    box.configure([("storage", "storage", [("path", box.disk)])])
    done = box.run("can_start")
    assert (done.status, done.log) == (1, "")
    assert done.err.startswith("syncd is switched off; for on: ")
    assert asked(done.calls) == []


def test_a_file_of_ones_own_is_taken_as_it_is_and_checked(real: Box) -> None:
    own = real.root / "etc/syncd/own.conf"
    own.write_text(
        f"[server]\nlisten = 0.0.0.0:8080\nstate = {real.root}/etc/syncd/state\n[storage]\npath={real.disk}\n"
    )
    real.configure([("syncd", "main", [("enabled", "1"), ("conffile", str(own))])])
    done = real.run("start")
    assert asked(done.calls) == ["procd_open_service", *instance(port=8080), *TRIGGERS, "procd_close_service"]
    assert real.conf.resolve() == own
    own.write_text("[sever]\n")
    done = real.run("start")
    assert "procd_open_instance" not in done.calls
    assert done.log.startswith("daemon.err: /etc/syncd/own.conf:1: [sever]: unknown section")
    # And back: what was a link becomes a file, and the user's own stays as it is.
    real.configure(on(real))
    assert "procd_open_instance" in real.run("start").calls
    assert not real.conf.is_symlink()
    assert own.read_text() == "[sever]\n"


def test_a_box_that_was_never_set_up_says_how(box: Box) -> None:
    (box.root / "etc/syncd/state/accounts.db").unlink()
    done = box.run("start")
    assert done.log == ("daemon.err: syncd is not set up: run syncd init --user NAME, then /etc/init.d/syncd start\n")
    assert asked(done.calls) == ["procd_open_service", *TRIGGERS, "procd_close_service"]


@pytest.mark.parametrize("state", ["/var/lib/syncd-test", "/tmp/nothing-here/syncd-test"])
def test_accounts_in_ram_are_warned_of(box: Box, state: str) -> None:
    box.configure(on(box, ("server", "server", [("state", state)])))
    assert box.run("start").log.splitlines()[0] == (
        "daemon.warn: accounts and keys are kept in RAM and gone after a reboot: set [server] state to /etc/syncd/state"
    )


def test_without_its_disk_it_starts_and_says_so(box: Box) -> None:
    (box.root / "mnt/disk/syncd/.syncd/volume-id").unlink()
    done = box.run("start")
    assert done.log == (
        "daemon.warn: the disk is not there: /mnt/disk/syncd is not what syncd init has prepared."
        " Connect or mount it; no restart is needed\n"
    )
    assert asked(done.calls)[1:-3] == instance()


def test_a_reload_signals_where_that_is_enough_and_restarts_where_not(box: Box) -> None:
    box.run("start")
    box.configure(on(box, ("trash", "trash", [("keep_days", "90")])))
    assert "procd_kill" not in box.run("reload").calls
    assert "keep_days = 90" in box.conf.read_text()
    box.configure(on(box, ("media", "media", [("workers", "1")])))
    done = box.run("reload")
    assert asked(done.calls)[:1] == ["procd_kill"]
    assert "procd_open_instance" in done.calls


def test_a_reload_restarts_also_when_the_command_line_has_made_the_settings_in_between(box: Box) -> None:
    box.run("start")
    box.configure(on(box, ("media", "media", [("workers", "1")])))
    box.run("render")
    assert asked(box.run("reload").calls)[:1] == ["procd_kill"]
    assert "procd_kill" not in box.run("reload").calls


def test_a_reload_of_bad_settings_leaves_the_service_as_it_is(real: Box) -> None:
    real.run("start")
    before = real.conf.read_text()
    real.configure(on(real, ("trash", "trash", [("keep_days", "soon")])))
    done = real.run("reload")
    assert asked(done.calls) == []
    assert "the new settings were not taken over; a service that runs keeps those it has" in done.log
    assert real.conf.read_text() == before


@pytest.mark.parametrize("command", ["start", "restart"])
def test_a_service_that_runs_is_not_ended_by_a_command_that_cannot_start_it(real: Box, command: str) -> None:
    real.run("start")
    (real.root / "running").touch()
    real.configure(on(real, ("trash", "trash", [("keep_days", "soon")])))
    done = real.run(command)
    assert done.status == 1
    assert "keep_days: 'soon' is not a whole number" in done.log
    assert not {"procd_kill", "procd_close_service"} & set(done.calls)


def test_a_restart_ends_the_service_and_starts_it(box: Box) -> None:
    (box.root / "running").touch()
    calls = asked(box.run("restart").calls)
    assert calls == ["procd_kill", "procd_open_service", *instance(), *TRIGGERS, "procd_close_service"]


def test_a_reload_after_switching_off_ends_the_service(box: Box) -> None:
    box.run("start")
    box.configure([("syncd", "main", [("enabled", "0")]), ("storage", "storage", [("path", box.disk)])])
    done = box.run("reload")
    assert asked(done.calls) == ["procd_open_service", *TRIGGERS, "procd_close_service"]


def test_the_shell_knows_the_default_port_and_folders_of_the_program() -> None:
    defaults = {(one.section, one.key): one.default for one in options()}
    text = INIT.read_text()
    [address] = defaults["server", "listen"]  # type: ignore[misc]  # the table holds values of every kind
    assert f"echo {address.port}\n" in text  # type: ignore[has-type]  # as above
    assert f"${{path:-{defaults['storage', 'path']}}}" in text
    assert f"${{state:-{defaults['server', 'state']}}}" in text


@pytest.mark.parametrize("shell", SHELLS)
def test_the_command_makes_its_settings_when_they_are_not_those_of_uci(tmp_path: Path, shell: str) -> None:
    settings, config, init = tmp_path / "syncd.conf", tmp_path / "config", tmp_path / "init"
    init.write_text("#!/bin/sh\necho $1; exit $(cat $0.status)\n")
    init.chmod(0o755)
    text = (FILES / "launcher.sh").read_text().replace("/var/etc/syncd", "/run/syncd")
    for place, path in (
        ("/etc/syncd/syncd.conf", settings),
        ("/etc/config/syncd", config),
        ("/etc/init.d/syncd", init),
    ):
        assert place in text
        text = text.replace(place, str(path))
    script = f"id() {{ echo ${{uid:-0}}; }}\n{text}echo run\n"

    def told(*args: str, status: int = 0, uid: int = 0) -> list[str]:
        init.with_name("init.status").write_text(str(status))
        done = subprocess.run(
            [*SHELLS[shell], "-c", f"uid={uid}\n{script}", "syncd", *args], capture_output=True, text=True
        )
        return [*done.stdout.split(), str(done.returncode)]

    made = tmp_path / "made"
    settings.symlink_to(made)
    config.touch()
    assert told("status") == ["render", "run", "0"]
    assert told("init", "--user", "anna", status=1) == ["render", "78"]
    assert told("status", uid=1000) == ["run", "0"]
    for without in ([], ["version"], ["--help"], ["sync", "/x"], ["config", "check", "--config", "x"], ["--config=x"]):
        assert told(*without, status=1) == ["run", "0"], without
    for asked_how in (["init", "--help"], ["user", "add", "-h"], ["config", "show", "--reference"]):
        assert told(*asked_how, status=1) == ["run", "0"], asked_how
    for name in ("a --config b", "a -h b", "version"):
        assert told("user", "add", name) == ["render", "run", "0"], name
    made.touch()
    os.utime(config, (1, 1))
    assert told("status") == ["run", "0"]
    os.utime(made, (1, 1))  # uci commit may have come after it in the same second
    assert told("status") == ["render", "run", "0"]
    os.utime(made, (0, 0))
    assert told("status") == ["render", "run", "0"]
    settings.unlink()
    settings.write_text("")  # as sed -i leaves it
    assert told("status") == ["78"]
    assert told("version") == ["run", "0"]


@pytest.mark.parametrize("script", ["syncd.init", "syncd.defaults", "launcher.sh"])
def test_shellcheck_finds_nothing(script: str) -> None:
    # SC3043: OpenWrt's shell has "local". SC2034, SC1008: rc.common reads the variables and is the interpreter.
    done = subprocess.run(
        ["shellcheck", "-s", "dash", "-e", "SC3043,SC2034,SC1008", FILES / script], capture_output=True, text=True
    )
    assert done.stdout == ""
    assert done.returncode == 0
