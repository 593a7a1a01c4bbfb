"""The one configuration file: defaults, then the file, then `--set`. No environment variables.

Anything unknown, misspelt, doubled or impossible stops the start, all of it at once, each with its line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from syncd import ini
from syncd.ini import Assignment, ConfigError, Lines, Problem
from syncd.modules import wrong_with
from syncd.options import Address
from syncd.sections import (
    APP,
    AccountsSection,
    AppSection,
    Config,
    MediaSection,
    MobisyncSection,
    Option,
    ServerSection,
    SettingsSection,
    StorageSection,
    SyncfileSection,
    SyncSection,
    TrashSection,
    UploadsSection,
    app_options,
    options,
)

__all__ = [
    "DEFAULT_PATH",
    "AccountsSection",
    "Address",
    "AppSection",
    "Config",
    "ConfigError",
    "Loaded",
    "MediaSection",
    "MobisyncSection",
    "Option",
    "Problem",
    "ServerSection",
    "SettingsSection",
    "Source",
    "StorageSection",
    "SyncSection",
    "SyncfileSection",
    "TrashSection",
    "UploadsSection",
    "app_options",
    "load",
    "options",
]

DEFAULT_PATH = Path("/etc/syncd/syncd.conf")
COMMAND_LINE = "--set"  # stands for the file's name where a problem or source is reported
Name = tuple[str, str]  # section and key


@dataclass(frozen=True, slots=True)
class Source:
    """Where the value of a setting comes from: "default", "--set" or file:line."""

    section: str
    key: str
    place: str = "default"


@dataclass(frozen=True, slots=True)
class Loaded:
    """Checked settings, and where each of them was said."""

    config: Config
    sources: tuple[Source, ...]


def load(path: Path, overrides: Sequence[str] = (), *, may_be_missing: bool = False) -> Loaded:
    """The settings in the file at *path*, changed by *overrides* ("section.key=value", the last one counts).

    Raises ConfigError with every problem there is. With *may_be_missing*, no file means the defaults.
    """
    lines = _lines(path, may_be_missing)
    reading = _Reading()
    reading.problems += [*lines.problems, *_doubled(lines, str(path))]
    reading.take_headers(lines, str(path))
    for item in lines.assignments:
        if item.section in reading.sections:  # an unknown section was reported once, by its header
            reading.take(item, str(path))
    for text in overrides:
        reading.take_override(text)
    return reading.finish()


class _Reading:
    """Values as they come in, over the defaults; what cannot be understood becomes a problem."""

    def __init__(self) -> None:
        self.table = {(one.section, one.key): one for one in options()}
        self.sections = list(dict.fromkeys(one.section for one in options()))
        self.values: dict[Name, object] = {}
        self.places: dict[Name, tuple[str, int]] = {}
        self.problems: list[Problem] = []

    def take_headers(self, lines: Lines, file: str) -> None:
        """Note the sections of *file*; a header that is unknown or was there before is a problem."""
        first: dict[str, int] = {}
        for section, line in lines.sections:
            try:
                self._know(section)
                if section in first:
                    raise ValueError(f"began in line {first[section]} already; move these keys there")
            except ValueError as exc:
                self.problems.append(Problem(file, line, str(exc), section))
            first.setdefault(section, line)

    def _know(self, section: str) -> None:
        """Make the table hold the settings of *section*; raises ValueError when there can be no such section."""
        if section in self.sections:
            return
        rows = tuple(app_options(section))
        if not rows:
            raise ValueError("unknown section" + _perhaps(section, [*self.sections, f"{APP}:NAME"]))
        self.sections.append(section)
        self.table |= {(one.section, one.key): one for one in rows}

    def take(self, item: Assignment, file: str) -> None:
        """Note one value of *file*."""
        name = (item.section, item.key)
        self.places[name] = (file, item.line)
        try:
            self._know(item.section)
            if name not in self.table:
                raise ValueError(_unknown(item, self.table))
            self.values[name] = self.table[name].kind.parse(item.value)
        except ValueError as exc:
            self.problems.append(Problem(file, item.line, str(exc), *name))

    def take_override(self, text: str) -> None:
        """Note *text*, "section.key=value"."""
        name, equals, value = text.partition("=")
        section, dot, key = name.strip().partition(".")
        if equals and dot and value.isprintable():
            self.take(Assignment(section, key.strip(), value.strip(), 0), COMMAND_LINE)
        else:
            self.problems.append(Problem(COMMAND_LINE, 0, f"{text!r} is not a setting; write section.key=value"))

    def finish(self) -> Loaded:
        """All of it as a Config; raises ConfigError if anything is wrong."""
        config = Config()
        for section in self.sections:
            given = {key: value for (owner, key), value in self.values.items() if owner == section}
            _, is_app, name = section.partition(":")
            if is_app:
                texts = {key: str(value) for key, value in given.items()}
                config = replace(config, apps=(*config.apps, replace(AppSection(name), **texts)))
            else:
                config = replace(config, **{section: replace(getattr(config, section), **given)})
        if not {("storage", "path"), ("server", "state")} & {(one.section, one.key) for one in self.problems}:
            self.problems += self._nested(config)
        self.problems += self._incomplete(config)
        order = sorted(config.modules, key=lambda name: self.places[name, "client_id"][1])
        config = replace(config, module_order=tuple(order))
        if self.problems:
            raise ConfigError(tuple(sorted(self.problems, key=lambda one: (one.file == COMMAND_LINE, one.line))))
        return Loaded(config, tuple(Source(*name, self._place(name)) for name in self.table))

    def _incomplete(self, config: Config) -> Iterator[Problem]:
        """Ways to sign in that are half configured would fail for people, who cannot do anything about it."""
        for section, module in config.modules.items():
            for key, text in wrong_with(module, config.server.public_url):
                place = self.places.get((section, key)) or self.places[section, "client_id"]
                yield Problem(*place, text, section, key)

    def _place(self, name: Name) -> str:
        file, line = self.places.get(name, ("default", 0))
        return f"{file}:{line}" if line else file

    def _nested(self, config: Config) -> Iterator[Problem]:
        """Accounts on the data disk would vanish with it; files among the accounts would be served with them."""
        files, state = config.storage.path, config.server.state
        if not (files.is_relative_to(state) or state.is_relative_to(files)):
            return
        name = ("storage", "path") if ("storage", "path") in self.places else ("server", "state")
        text = f"[storage] path {files} and [server] state {state} lie inside each other; write two separate folders"
        yield Problem(*self.places[name], text, *name)


def _lines(path: Path, may_be_missing: bool) -> Lines:
    try:
        return ini.parse(ini.read(path), str(path))
    except ConfigError as exc:
        if may_be_missing and isinstance(exc.__cause__, FileNotFoundError):
            return Lines((), (), ())
        raise


def _doubled(lines: Lines, file: str) -> Iterator[Problem]:
    """A problem for each key that was there before."""
    first: dict[Name, int] = {}
    for item in lines.assignments:
        name = (item.section, item.key)
        if name in first:
            yield Problem(file, item.line, f"was set in line {first[name]} already; delete one of them", *name)
        first.setdefault(name, item.line)


def _unknown(item: Assignment, table: Iterable[Name]) -> str:
    """What to say of a key that is not in *table*."""
    if homes := [section for section, key in table if key == item.key]:
        return f"unknown key here; it belongs below [{homes[0]}]"
    return "unknown key" + _perhaps(item.key, [key for section, key in table if section == item.section])


def _perhaps(word: str, known: Iterable[str]) -> str:
    """What may have been meant by *word*, or all that is possible."""
    import difflib  # only for somebody who mistyped

    near = difflib.get_close_matches(word.lower(), list(known), n=1)
    return f"; did you mean {near[0]}?" if near else f"; possible are {', '.join(known)}"
