"""The rules that hold for every .ipk: its container, its control part, its owners, modes and names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from openwrt import ipk
from openwrt.architectures import TARGETS
from openwrt.package import Member, Package, Rule

FIELDS = (
    *("Package", "Version", "Depends", "Conflicts", "Provides", "Alternatives", "Source", "SourceName", "License"),
    *("LicenseFiles", "Section", "Require-User", "SourceDateEpoch", "URL", "ABIVersion", "CPE-ID", "Maintainer"),
    *("Architecture", "Installed-Size", "Description"),
)
REQUIRED = {"Package", "Version", "Depends", "License", "Section", "Architecture", "Installed-Size", "Description"}
GZIP_PLAIN = b"\x1f\x8b\x08\x00\x00\x00\x00\x00"  # deflate, no name, no time


def order_of_members(package: Package) -> Iterator[str]:
    names = [member.info.name for member in package.outer]
    if names != list(ipk.MEMBERS):
        yield f"the outer members are {' '.join(names)}, not {' '.join(ipk.MEMBERS)}"
    if package.outer[0].data != b"2.0\n":
        yield "debian-binary does not say 2.0"


def same_bytes_whenever_made(package: Package) -> Iterator[str]:
    if not all(stream.startswith(GZIP_PLAIN) for stream in package.streams):
        yield "a gzip stream carries a name or a time"
    if len({member.info.mtime for member in package.members}) != 1:
        yield "the members do not all have one time"
    for part in (package.control, package.data):
        names = [member.info.name.strip("/").split("/") for member in part]
        if names != sorted(names):
            yield "the members are not in order of their names"


def names_of_members(package: Package) -> Iterator[str]:
    yield from _names(package.control)
    yield from _names(package.data)


def _names(members: tuple[Member, ...]) -> Iterator[str]:
    seen: set[str] = set()
    for member in members:
        name = member.info.name
        if not (name == "." or name.startswith("./")) or ".." in name.split("/"):
            yield f"{name} does not begin with ./, or leads elsewhere"
        if member.path in seen:
            yield f"{name} is there twice"
        if member.path != "/" and (member.path.rpartition("/")[0] or "/") not in {*seen, "/"}:
            yield f"{name} comes before its folder, or without it"
        seen.add(member.path)


def owner_is_root(package: Package) -> Iterator[str]:
    for member in package.members:
        info = member.info
        if (info.uid, info.gid, info.uname, info.gname) != (0, 0, "", ""):
            yield f"{info.name} belongs to {info.uid}:{info.gid} ({info.uname}:{info.gname})"


def modes(package: Package) -> Iterator[str]:
    for member in (*package.control, *package.data):
        mode = member.info.mode
        if mode & 0o7000 or (mode & 0o022 and not member.info.issym()):
            yield f"{member.info.name} has mode {mode:o}"
        readable = 0o555 if member.info.isdir() else 0o444
        if mode & readable != readable:
            yield f"{member.info.name} has mode {mode:o}: not for every service to read"
        if not (member.info.isreg() or member.info.isdir() or member.info.issym()):
            yield f"{member.info.name} is neither file, folder nor link"
        if member.data.startswith(b"#!") and not mode & 0o111:
            yield f"{member.info.name} is a script that cannot be started"


def fields_of_control(package: Package) -> Iterator[str]:
    text = package.text("control")
    keys = [key for key, _ in package.fields]
    if "\r" in text or not text.endswith("\n") or "\n\n" in text:
        yield "control has a carriage return, an empty line, or no end of line at its end"
    if keys != [key for key in FIELDS if key in keys] or len(keys) != len(set(keys)):
        yield f"control has fields out of order, unknown or twice: {' '.join(keys)}"
    for key in sorted(REQUIRED - set(keys)):
        yield f"control does not say {key}"
    if not all(value.strip() for _, value in package.fields):
        yield "control has an empty field"


def name_of_file(package: Package) -> Iterator[str]:
    expected = "_".join(package.field(key) for key in ("Package", "Version", "Architecture")) + ".ipk"
    if package.name != expected:
        yield f"the file is called {package.name}, its control says {expected}"
    if not re.fullmatch(r"\d+\.\d+\.\d+-r\d+", package.field("Version")):
        yield f"{package.field('Version')} is no version like 1.2.3-r1"


def architecture(package: Package) -> Iterator[str]:
    if package.field("Architecture") not in TARGETS:
        yield f"no router is called {package.field('Architecture')}, or it takes the package all"


def installed_size(package: Package) -> Iterator[str]:
    size = sum(len(member.data) for member in package.data)
    if package.field("Installed-Size") != str(size):
        yield f"Installed-Size is {package.field('Installed-Size')}, the files are {size} bytes"


def conffiles(package: Package) -> Iterator[str]:
    text = package.text("conffiles")
    listed = text.splitlines()
    files = {member.path for member in package.files}
    for line in listed:
        if line not in files:
            yield f"conffiles names {line!r}, which is no file of the package"
        elif not line.startswith("/etc/"):
            yield f"conffiles names {line}, which is no setting: an upgrade would leave the old one"
    for path in sorted(files):
        if path.startswith("/etc/config/") and path not in listed:
            yield f"conffiles does not name {path}: an upgrade would overwrite it"
    if listed and not text.endswith("\n"):
        yield "the last line of conffiles has no end"


def stock_scripts(package: Package) -> Iterator[str]:
    for name, text in ipk.SCRIPTS.items():
        if package.text(name) != text:
            yield f"{name} is not what every package of OpenWrt has; more belongs into {name}-pkg"
    known = {"/", "/control", "/conffiles", "/postinst", "/prerm", "/postinst-pkg", "/prerm-pkg"}
    for member in package.control:
        if member.path not in known:
            yield f"opkg does not know what {member.info.name} is"


FORM: tuple[Rule, ...] = (
    order_of_members,
    same_bytes_whenever_made,
    names_of_members,
    owner_is_root,
    modes,
    fields_of_control,
    name_of_file,
    architecture,
    installed_size,
    conffiles,
    stock_scripts,
)
