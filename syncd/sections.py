"""The settings themselves: the one table from which everything that reads, checks, shows or explains them is made.

A setting is a field here and nothing else anywhere: `syncd/config.py` reads it, `syncd/cli/reference.py` writes
`etc/syncd.conf` and the table of the README.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Literal

from syncd.modules import GithubSection, GoogleSection, Module, OidcSection, is_on
from syncd.options import (
    Address,
    Addresses,
    Choice,
    Colour,
    Documented,
    FilePath,
    Folder,
    HostNames,
    Kind,
    Picture,
    Switch,
    Text,
    Url,
    Whole,
    WholeOrAuto,
    option,
)

LogLevel = Literal["error", "warning", "info", "debug"]
Durability = Literal["full", "balanced"]
Registration = Literal["closed", "open"]
Access = Literal["token", "known", "open"]
DeleteAll = Literal["trash", "off"]
OtherFiles = Literal["refuse", "keep"]


@dataclass(frozen=True, slots=True)
class ServerSection:
    """Where the daemon listens, and where it keeps accounts and keys."""

    listen: tuple[Address, ...] = option(
        (Address("0.0.0.0", 8420),),
        Addresses(),
        "Where to listen. 0.0.0.0 means every address of this box, [::] every IPv6 address. Old phone apps that know "
        "only one port can be met with a list: 0.0.0.0:8420, 0.0.0.0:8080",
    )
    state: Path = option(
        Path("/var/lib/syncd"),
        Folder(),
        "Folder for accounts, keys and the signing key. Small and precious: keep it on the box itself, never on the "
        "disk that may be unplugged. On OpenWrt /etc/syncd/state, so that it survives an upgrade.",
    )
    public_url: str = option(
        "",
        Url(),
        "The address people type when a reverse proxy or a domain stands in front of this box. Used in the addresses "
        "and QR codes for phones. Empty: the address of the box itself.",
    )
    hosts: tuple[str, ...] = option(
        (),
        HostNames(),
        "More names this box is called by. Requests for a name that is not known are refused, which keeps strange web "
        "pages from reaching in. IP addresses, names without a dot, *.local, *.lan, *.home, *.internal and the name in "
        "public_url always work.",
    )
    memory_mb: int | None = option(
        None,
        WholeOrAuto(Whole(64, 1_048_576, "MiB")),
        "Memory the daemon may count on: the number of connections, of uploads at once, of threads and the size of "
        "caches go by it. auto: what the machine has, or less where the service manager allows less.",
    )
    log_level: LogLevel = option(
        "info",
        Choice.of(LogLevel),
        "How much to log. debug writes a line for each request; error only what somebody must act on.",
    )


@dataclass(frozen=True, slots=True)
class StorageSection:
    """The disk that holds everybody's files."""

    path: Path = option(
        Path("/srv/syncd"),
        Folder(),
        "Folder on the data disk, one folder per user below it. Prepare it once with: syncd init. A disk that is "
        "missing or another one is noticed, and nothing is written beside it.",
    )
    reserve_mb: int | None = option(
        None,
        WholeOrAuto(Whole(16, 1_048_576, "MiB")),
        "Room that is always left free, so that the index can still be written on a full disk. auto is the larger of "
        "64 MiB and 1 % of the disk.",
    )
    durability: Durability = option(
        "full",
        Choice.of(Durability),
        "full: an upload is confirmed when it would survive the power going this second; phones delete their copy on "
        "that word. balanced: uploads of phones are confirmed just so; other changes (trash, restore, what other "
        "programs did) are confirmed sooner, and a power cut may undo the last seconds of them.",
    )
    delete_guard: int = option(
        1000,
        Whole(0, 1_000_000_000, "files"),
        "If more files than this, or a fifth of all, vanished from the disk behind the daemon's back, it asks before "
        "it tells the devices so. 0 asks every time.",
    )


@dataclass(frozen=True, slots=True)
class AccountsSection:
    """Who may come in."""

    registration: Registration = option(
        "closed",
        Choice.of(Registration),
        "open: whoever reaches this box can make an account. closed: accounts are made here, with: syncd user add",
    )
    session_days: int = option(7, Whole(1, 3650, "days"), "A log-in ends this long after it was last used.")
    quota_gb: int = option(
        0,
        Whole(0, 1_048_576, "GiB"),
        "What the files of one user may take up together; what lies in the trash does not count. 0: as much as the "
        "disk has room for.",
    )


@dataclass(frozen=True, slots=True)
class UploadsSection:
    """What comes in, through whichever door."""

    max_gb: int = option(
        0,
        Whole(0, 1_048_576, "GiB"),
        "Largest file that is taken. 0: as large as the disk has room for.",
    )
    session_hours: int = option(
        168,
        Whole(1, 87_600, "hours"),
        "An upload in chunks can be resumed for so long after its last chunk; then its room is free again.",
    )


@dataclass(frozen=True, slots=True)
class SyncSection:
    """The door for computers that keep a folder in step (syncd sync)."""

    tombstone_days: int = option(
        180,
        Whole(1, 36_500, "days"),
        "Deletions are remembered at least this long, and until every device that is switched on took note of them. A "
        "device that was away for longer compares everything anew, and loses nothing by it.",
    )


@dataclass(frozen=True, slots=True)
class MobisyncSection:
    """The door for the phone app that backs up photos and videos."""

    access: Access = option(
        "token",
        Choice.of(Access),
        "token: a request needs the token of a log-in, or the address that syncd device add printed (/k/<key>). "
        "known: accounts without a password, made with syncd user add NAME --no-password, need no token; accounts "
        "with a password still do. open: as known, and an unknown nickname becomes an account without a password at "
        "its first upload; only for a network you trust.",
    )
    delete_all: DeleteAll = option(
        "trash",
        Choice.of(DeleteAll),
        "What the app's request to delete everything does. trash: all goes to the trash, from which it can be "
        "brought back. off: it is refused.",
    )
    other_files: OtherFiles = option(
        "refuse",
        Choice.of(OtherFiles),
        "What happens to uploads that are no photo, video or sound.",
    )
    documents_to_trash: bool = option(
        False,
        Switch(),
        "Move photos that look like a photographed page (receipts, notes) to the trash after upload.",
    )
    document_classifier: str = option(
        "",
        FilePath(),
        "A program of your own that decides what looks like a page. Empty: the built-in rule.",
    )


@dataclass(frozen=True, slots=True)
class SyncfileSection:
    """The door for SyncFile's clients (/v1)."""

    short_passwords: bool = option(
        True,
        Switch(),
        "yes: whoever registers through SyncFile may choose a password of fewer than 8 characters, as its clients "
        "always could (only where [accounts] registration is open). no: such a password is refused with a reason.",
    )


@dataclass(frozen=True, slots=True)
class MediaSection:
    """Thumbnails and dates of photos, made by child processes that can do no harm."""

    workers: int = option(
        0,
        Whole(0, 16, "processes"),
        "How many photos or videos are looked at side by side. 0: one where the daemon may count on "
        "less than 512 MiB of memory, else two.",
    )
    memory_mb: int = option(256, Whole(64, 65_536, "MiB"), "Memory one such process may use before it is stopped.")
    timeout_s: int = option(30, Whole(1, 3600, "seconds"), "Time one file may take before it is given up.")
    require_sandbox: bool = option(
        False,
        Switch(),
        "yes: without a working sandbox (bubblewrap, Landlock or namespaces) no photo or video is opened at all, and "
        "there are no thumbnails. no: only the limits on time, memory and files protect the box then.",
    )


@dataclass(frozen=True, slots=True)
class TrashSection:
    """What was deleted or overwritten."""

    keep_days: int = option(
        30,
        Whole(0, 36_500, "days"),
        "Deleted and overwritten files are kept this long. 0: for ever.",
    )


@dataclass(frozen=True, slots=True)
class SettingsSection:
    """The door for apps that keep their settings in step (SxncD). It is open once there is an [app:...] section."""

    max_kb: int = option(
        1024,
        Whole(64, 16_384, "KiB"),
        "The largest settings that are taken of one app of one user.",
    )
    keep: int = option(
        10,
        Whole(1, 1000, "versions"),
        "So many of the last saves are kept for each app of each user, and can be brought back with: syncd settings "
        "restore",
    )


@dataclass(frozen=True, slots=True)
class AppSection:
    """An app that keeps its settings here. A section for each: its name is the app's, as syncd key add wants it."""

    name: str
    title: str = option("", Text(60), "What people call the app. Empty: its name in the section's line.")
    logo: str = option("", Picture(), "A picture for its card on the web page.")
    color1: str = option("rgb(68, 62, 77)", Colour(), "The colour at one end of its card on the web page.")
    color2: str = option("rgb(19, 2, 28)", Colour(), "The colour at the other end of its card.")
    button: str = option("rgb(255, 205, 57)", Colour(), "The colour of the buttons on its card.")

    def __post_init__(self) -> None:
        if not self.title:
            object.__setattr__(self, "title", self.name)


@dataclass(frozen=True, slots=True)
class Config:
    """All settings, checked. Building one without arguments gives the defaults."""

    server: ServerSection = field(default_factory=ServerSection)
    storage: StorageSection = field(default_factory=StorageSection)
    accounts: AccountsSection = field(default_factory=AccountsSection)
    uploads: UploadsSection = field(default_factory=UploadsSection)
    mobisync: MobisyncSection = field(default_factory=MobisyncSection)
    sync: SyncSection = field(default_factory=SyncSection)
    syncfile: SyncfileSection = field(default_factory=SyncfileSection)
    media: MediaSection = field(default_factory=MediaSection)
    trash: TrashSection = field(default_factory=TrashSection)
    settings: SettingsSection = field(default_factory=SettingsSection)
    oidc: OidcSection = field(default_factory=OidcSection)
    github: GithubSection = field(default_factory=GithubSection)
    google: GoogleSection = field(default_factory=GoogleSection)
    apps: tuple[AppSection, ...] = ()  # in the order of the file
    module_order: tuple[str, ...] = ()  # that of the file

    @property
    def modules(self) -> dict[str, Module]:
        """The other services that people may sign in with, by the word for them in addresses, as the file has them."""
        every: dict[str, Module] = {"oidc": self.oidc, "github": self.github, "google": self.google}
        names = dict.fromkeys((*self.module_order, *every))
        return {name: every[name] for name in names if is_on(every[name])}

    def app(self, name: str) -> AppSection | None:
        """The app whose section is `[app:<name>]`."""
        return next((one for one in self.apps if one.name == name), None)

    def section(self, name: str) -> object:
        """What is below `[<name>]`."""
        word, _, app = name.partition(":")
        return self.app(app) if word == APP else getattr(self, name)


APP = "app"  # what the names of their sections begin with: [app:obtainium]
APP_NAME = re.compile(r"[a-z0-9_-]{1,40}", re.ASCII)
EXAMPLE = AppSection("obtainium", "Obtainium")


@dataclass(frozen=True, slots=True)
class Option:
    """One setting with its documentation: a row of the table."""

    section: str
    key: str
    default: object
    kind: Kind[object]
    help: str


def options() -> Iterator[Option]:
    """Every setting that is always there, in the order of the file.

    A field without option() is a mistake and raises KeyError.
    """
    for section in fields(Config):
        defaults = getattr(Config(), section.name)
        if defaults != ():
            yield from _options_of(section.name, type(defaults))


def _options_of(section: str, kind: type, but: str = "") -> Iterator[Option]:
    for setting in fields(kind):
        if setting.name != but:
            documented: Documented = setting.metadata["option"]
            default: object = setting.default
            yield Option(section, setting.name, default, documented.kind, documented.help)


def app_options(section: str) -> Iterator[Option]:
    """The settings of *section*, `app:NAME`; none when it is no such section. Raises ValueError for a bad NAME."""
    word, colon, name = section.partition(":")
    if word != APP or not colon:
        return
    if not APP_NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of an app; write 1 to 40 small letters, digits, - and _")
    yield from _options_of(section, AppSection, but="name")


def explanation(section: str) -> str:
    """What *section* is about, in one sentence."""
    kind = AppSection if section.startswith(f"{APP}:") else type(getattr(Config(), section))
    return kind.__doc__ or ""
