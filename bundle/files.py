"""Which file of this repository goes where, on which system, with which mode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

System = Literal["systemd", "openwrt"]
SYSTEMS: tuple[System, ...] = ("systemd", "openwrt")


@dataclass(frozen=True, slots=True)
class File:
    """*source* in the repository goes to *place*; what is below /etc and no script is configuration, never overwritten.

    In *place* and in the text of a file that is not configuration, /usr is where the program is installed: another
    prefix is put in its stead.
    """

    source: str
    place: str
    mode: int = 0o644

    @property
    def is_configuration(self) -> bool:
        return self.place.startswith("/etc/") and not self.mode & 0o111


LAUNCHER = "/usr/bin/syncd"
SETTINGS = "/etc/syncd/syncd.conf"
DROP_IN = "/etc/systemd/system/syncd.service.d/storage.conf"

# On a router the settings are rendered from /etc/config/syncd into memory, and found where they are elsewhere.
RENDERED_SETTINGS = "/var/etc/syncd/syncd.conf"

FILES: dict[System, tuple[File, ...]] = {
    "systemd": (
        File("etc/syncd.conf", SETTINGS),
        File("systemd/syncd.service", "/usr/lib/systemd/system/syncd.service"),
        File("systemd/syncd.socket", "/usr/lib/systemd/system/syncd.socket"),
        File("systemd/syncd.sysusers", "/usr/lib/sysusers.d/syncd.conf"),
        File("systemd/syncd.tmpfiles", "/usr/lib/tmpfiles.d/syncd.conf"),
        File("docs/man/syncd.1", "/usr/share/man/man1/syncd.1"),
        File("docs/man/syncd.conf.5", "/usr/share/man/man5/syncd.conf.5"),
    ),
    "openwrt": (
        File("openwrt/files/syncd.config", "/etc/config/syncd"),
        File("openwrt/files/syncd.init", "/etc/init.d/syncd", 0o755),
        File("openwrt/files/syncd.defaults", "/etc/uci-defaults/syncd", 0o755),
        File("openwrt/files/syncd.keep", "/lib/upgrade/keep.d/syncd"),
    ),
}


def placed(path: str, prefix: str) -> str:
    """*path* with *prefix* in place of /usr."""
    return prefix + path.removeprefix("/usr") if path.startswith("/usr/") else path
