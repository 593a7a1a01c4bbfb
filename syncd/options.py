"""What a setting may hold: one small class per kind of value, and the field that carries it.

`option()` makes a dataclass field whose metadata is the whole documentation of a setting. From it
come the parser, `etc/syncd.conf`, `syncd config show` and the table of the README, so that these
cannot drift apart. A kind's parse() raises ValueError with a text that completes
"[section] key: ..." and says what to write instead.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Protocol, TypeVar, get_args
from urllib.parse import urlsplit

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

LISTEN_MAX = 16  # sockets; more than that is a slip of the pen
HOST_NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*\.?", re.ASCII)
HEX_COLOUR = re.compile(r"#([0-9a-f]{3}){1,2}", re.ASCII)
RGB = re.compile(r"rgb\( *([0-9]{1,3}) *, *([0-9]{1,3}) *, *([0-9]{1,3}) *\)", re.ASCII)
# CSS Color Module Level 4 §6.1; of the greys those that are spelt "gray".
COLOURS = """
aliceblue antiquewhite aqua aquamarine azure beige bisque black blanchedalmond blue blueviolet brown burlywood
cadetblue chartreuse chocolate coral cornflowerblue cornsilk crimson cyan darkblue darkcyan darkgoldenrod darkgray
darkgreen darkkhaki darkmagenta darkolivegreen darkorange darkorchid darkred darksalmon darkseagreen darkslateblue
darkslategray darkturquoise darkviolet deeppink deepskyblue dimgray dodgerblue firebrick floralwhite forestgreen
fuchsia gainsboro ghostwhite gold goldenrod gray green greenyellow honeydew hotpink indianred indigo ivory khaki
lavender lavenderblush lawngreen lemonchiffon lightblue lightcoral lightcyan lightgoldenrodyellow lightgray lightgreen
lightpink lightsalmon lightseagreen lightskyblue lightslategray lightsteelblue lightyellow lime limegreen linen
magenta maroon mediumaquamarine mediumblue mediumorchid mediumpurple mediumseagreen mediumslateblue mediumspringgreen
mediumturquoise mediumvioletred midnightblue mintcream mistyrose moccasin navajowhite navy oldlace olive olivedrab
orange orangered orchid palegoldenrod palegreen paleturquoise palevioletred papayawhip peachpuff peru pink plum
powderblue purple rebeccapurple red rosybrown royalblue saddlebrown salmon sandybrown seagreen seashell sienna silver
skyblue slateblue slategray snow springgreen steelblue tan teal thistle tomato turquoise violet wheat white whitesmoke
yellow yellowgreen
"""
SWITCH = {"yes": True, "true": True, "on": True, "1": True, "no": False, "false": False, "off": False, "0": False}


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen: an IP address (never a name) and a TCP port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Kind(Protocol[T_co]):
    """A kind of value: how it is read, and in words what it may be."""

    @property
    def allowed(self) -> str: ...

    def parse(self, text: str) -> T_co: ...


@dataclass(frozen=True, slots=True)
class Documented:
    """What the metadata of a field holds under the key "option"."""

    kind: Kind[object]
    help: str


def option(default: T, kind: Kind[T], help: str) -> T:
    """A dataclass field with *default*, read by *kind*, explained to its user by *help* (whole sentences)."""
    return field(default=default, metadata={"option": Documented(kind, help)})


def written(value: object) -> str:
    """*value* as it stands in the file; its kind's parse() reads it back."""
    if value is None:
        return "auto"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value)
    return str(value)


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from *low* to *high*, both allowed. *unit* is in words, plural."""

    low: int
    high: int
    unit: str = ""

    @property
    def allowed(self) -> str:
        return f"{self.low} to {self.high}{' ' * bool(self.unit)}{self.unit}"

    def parse(self, text: str) -> int:
        # Not int(): that also takes "1_000", other scripts' digits and numbers of any length.
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
            raise ValueError(f"{text!r} is not a whole number; write {self.allowed}, digits only")
        if not self.low <= int(text) <= self.high:
            raise ValueError(f"{int(text)} is out of range; write {self.allowed}")
        return int(text)


@dataclass(frozen=True, slots=True)
class WholeOrAuto:
    """A whole number, or the word "auto" (None): the daemon works it out."""

    number: Whole

    @property
    def allowed(self) -> str:
        return f"auto, or {self.number.allowed}"

    def parse(self, text: str) -> int | None:
        try:
            return None if text == "auto" else self.number.parse(text)
        except ValueError as exc:
            raise ValueError(f"{exc}, or auto") from exc


@dataclass(frozen=True, slots=True)
class Choice(Generic[T]):
    """One of the words of *literal*, a typing.Literal."""

    words: tuple[T, ...]

    @classmethod
    def of(cls, literal: object) -> Choice[T]:
        return cls(get_args(literal))

    @property
    def allowed(self) -> str:
        return " or ".join(str(word) for word in self.words)

    def parse(self, text: str) -> T:
        for word in self.words:
            if text == word:
                return word
        raise ValueError(f"{text!r} is not possible; write {self.allowed}")


@dataclass(frozen=True, slots=True)
class Switch:
    """yes or no; also true/false, on/off and 1/0, as other configuration files on the box have them."""

    @property
    def allowed(self) -> str:
        return "yes or no"

    def parse(self, text: str) -> bool:
        if text.lower() not in SWITCH:
            raise ValueError(f"{text!r} is not possible; write yes or no")
        return SWITCH[text.lower()]


def absolute(text: str) -> Path:
    """The path *text* names, tidied; raises ValueError unless it begins at the root and stays on its way."""
    if not text.startswith("/"):
        raise ValueError(f"{text!r} does not begin with '/'; write the whole path, without quotes")
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise ValueError(f"{text!r} contains '..'; write the path without it")
    return Path("/", *parts)


@dataclass(frozen=True, slots=True)
class Folder:
    """An absolute path that is not the root of the system."""

    @property
    def allowed(self) -> str:
        return "an absolute path"

    def parse(self, text: str) -> Path:
        path = absolute(text)
        if path == Path("/"):
            raise ValueError("'/' is the whole system; name a folder of its own, like /srv/syncd")
        return path


@dataclass(frozen=True, slots=True)
class FilePath:
    """The absolute path of a program or file, or nothing."""

    @property
    def allowed(self) -> str:
        return "an absolute path, or empty"

    def parse(self, text: str) -> str:
        return str(absolute(text)) if text else ""


@dataclass(frozen=True, slots=True)
class Text:
    """Some words on one line, or nothing."""

    most: int  # characters

    @property
    def allowed(self) -> str:
        return f"at most {self.most} characters, or empty"

    def parse(self, text: str) -> str:
        if len(text) > self.most:
            raise ValueError(f"has {len(text)} characters; write at most {self.most}")
        return text


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that is never shown: listings and logs only tell whether there is one."""

    text: str = field(repr=False)

    def __str__(self) -> str:
        return "(not shown)" if self.text else ""


@dataclass(frozen=True, slots=True)
class SecretText:
    """A password of this box at another service, or nothing."""

    @property
    def allowed(self) -> str:
        return "at most 1024 characters, or empty"

    def parse(self, text: str) -> Secret:
        if len(text) > 1024:
            raise ValueError("has more than 1024 characters; write the secret itself, or name its file")
        return Secret(text)


@dataclass(frozen=True, slots=True)
class Words:
    """Words without spaces in them, separated by commas or spaces."""

    @property
    def allowed(self) -> str:
        return "words separated by commas, or empty"

    def parse(self, text: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(word for word in re.split(r"[,\s]+", text) if word))


@dataclass(frozen=True, slots=True)
class Picture:
    """The absolute path of an SVG or PNG file, or nothing."""

    @property
    def allowed(self) -> str:
        return "an absolute path that ends in .svg or .png, or empty"

    def parse(self, text: str) -> str:
        if text and not text.lower().endswith((".svg", ".png")):
            raise ValueError(f"{text!r} ends in neither .svg nor .png; write the path of such a file")
        return str(absolute(text)) if text else ""


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour as CSS has it. It is written into a page, so nothing else gets through."""

    @property
    def allowed(self) -> str:
        return "a colour: #rgb, #rrggbb, rgb(r, g, b) or its CSS name"

    def parse(self, text: str) -> str:
        low = text.lower()
        parts = RGB.fullmatch(low)
        if not (
            HEX_COLOUR.fullmatch(low)
            or low in COLOURS.split()
            or (parts and all(int(one) < 256 for one in parts.groups()))
        ):
            raise ValueError(f"{text!r} is no colour; write it like #443e4d, rgb(68, 62, 77) or purple")
        return low


@dataclass(frozen=True, slots=True)
class Url:
    """The address at which the outside reaches this box, without a slash at its end; or nothing."""

    @property
    def allowed(self) -> str:
        return "an http:// or https:// address, or empty"

    def parse(self, text: str) -> str:
        try:
            url = urlsplit(text)
            plain = url.scheme in ("http", "https") and url.hostname and (url.port is None or url.port > 0)
        except ValueError:
            plain = False
        if text and (not plain or " " in text or "@" in text or "?" in text or "#" in text):
            raise ValueError(f"{text!r} is not a plain web address; write it like https://sync.example.org")
        return text.rstrip("/")


@dataclass(frozen=True, slots=True)
class HostNames:
    """Names, separated by commas or spaces, in lower case."""

    @property
    def allowed(self) -> str:
        return "host names separated by commas, or empty"

    def parse(self, text: str) -> tuple[str, ...]:
        names = tuple(name.lower() for name in re.split(r"[,\s]+", text) if name)
        for name in names:
            if not HOST_NAME.fullmatch(name) or len(name) > 253:
                raise ValueError(f"{name!r} is not a host name; write it like nas.example.org, without port or http://")
        return tuple(dict.fromkeys(names))


@dataclass(frozen=True, slots=True)
class Addresses:
    """IP addresses with ports, separated by commas or spaces; at least one, none twice."""

    @property
    def allowed(self) -> str:
        return "address:port, several separated by commas"

    def parse(self, text: str) -> tuple[Address, ...]:
        found = tuple(_address(part) for part in re.split(r"[,\s]+", text) if part)
        if not 1 <= len(found) <= LISTEN_MAX:
            raise ValueError(f"{len(found)} addresses; write 1 to {LISTEN_MAX}, like 0.0.0.0:8420")
        for index, one in enumerate(found):
            for other in found[:index]:
                _check_apart(one, other)
        return found


def _address(text: str) -> Address:
    """The address *text* is; IPv6 stands in brackets, as in a URL."""
    host, _, port = text.rpartition(":")
    if bracketed := host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        raise ValueError(f"{text!r} is not address:port; write it like 0.0.0.0:8420 or [::1]:8420") from None
    if (ip.version == 6) != bracketed:
        raise ValueError(f"{text!r}: brackets belong around an IPv6 address, and only there, like [::1]:8420")
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 1 <= int(port) <= 65535:
        raise ValueError(f"port {port!r} is not possible; write 1 to 65535, like {text[: -len(port)] or ':'}8420")
    return Address(str(ip), int(port))


def _check_apart(one: Address, other: Address) -> None:
    """Raise ValueError if the kernel would refuse to listen on both."""
    first, second = ipaddress.ip_address(one.host), ipaddress.ip_address(other.host)
    if one.port != other.port or first.version != second.version:
        return
    if first == second:
        raise ValueError(f"{one} is listed twice; write it once")
    if first.is_unspecified or second.is_unspecified:
        raise ValueError(f"{other} and {one} overlap; write only the one that means all addresses")
