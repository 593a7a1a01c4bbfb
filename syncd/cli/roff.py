"""Text as the markup of manual pages, man(7): the one place where it is escaped."""

from __future__ import annotations

import textwrap

COLUMNS = 78  # of the source; a word that is longer stands alone

# What a formatter would take for markup, or print as another character than people type and copy.
_ESCAPES = str.maketrans(
    {"\\": "\\e", "-": "\\-", "~": "\\(ti", "^": "\\(ha", "'": "\\(aq", "`": "\\(ga", '"': "\\(dq"}
)


def plain(text: str) -> str:
    """*text*, a run of words within a line, so that it prints as it stands; white space becomes single spaces."""
    escaped = " ".join(text.split()).translate(_ESCAPES)
    return "".join(ch if ch.isascii() else f"\\[u{ord(ch):04X}]" for ch in escaped)


def prose(text: str) -> str:
    """*text* as lines of their own, none of which a formatter takes for a request."""
    return "\n".join(_inert(line) for line in _wrapped(plain(text)))


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, COLUMNS, break_long_words=False, break_on_hyphens=False)


def _inert(line: str) -> str:
    return f"\\&{line}" if line.startswith(".") else line


def bold(text: str) -> str:
    return f"\\fB{plain(text)}\\fR"


def italic(text: str) -> str:
    return f"\\fI{plain(text)}\\fR"


def title(name: str, section: int, date: str, source: str) -> str:
    """The line that every page begins with; *date* as YYYY-MM-DD."""
    return f'.TH {name.upper()} {section} {date} "{plain(source)}"\n'


def heading(text: str) -> str:
    return f".SH {plain(text)}\n"


def subheading(text: str) -> str:
    return f".SS {plain(text)}\n"


def paragraph(*markup: str) -> str:
    """*markup*, already escaped, as one paragraph."""
    return ".PP\n" + "\n".join(markup) + "\n"


def entry(term: str, *markup: str) -> str:
    """*term* with its explanation below it, indented; both already escaped."""
    return f".TP\n{term}\n" + "\n".join(markup) + "\n"


def example(*lines: str) -> str:
    """*lines* as they would be typed."""
    return ".PP\n.nf\n.RS\n" + "".join(f"{_inert(plain(line))}\n" for line in lines) + ".RE\n.fi\n"
