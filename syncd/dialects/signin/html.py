"""HTML that cannot be injected into: text becomes markup in this file alone, and every text is escaped."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

VOID = frozenset({"input", "img", "link", "meta"})  # elements without an end tag


@dataclass(frozen=True, slots=True)
class Markup:
    """A piece of HTML. Make one with `el` or `joined`."""

    html: str


Child = Markup | str | None


def el(tag: str, /, *children: Child, **attributes: str | bool | None) -> Markup:
    """An element. Text among *children* is escaped, None left out.

    Attributes: `class_` for class, `aria_label` for aria-label; True stands alone, False and None are left out.
    """
    head = "".join(_attribute(key, value) for key, value in attributes.items())
    if tag in VOID:
        return Markup(f"<{tag}{head}>")
    return Markup(f"<{tag}{head}>{joined(*children).html}</{tag}>")


def joined(*children: Child) -> Markup:
    """*children* one after the other."""
    return Markup("".join(_html(child) for child in children))


def _html(child: Child) -> str:
    if child is None:
        return ""
    return child.html if isinstance(child, Markup) else escape(_shown(child))


def _attribute(key: str, value: str | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(_shown(value))}"'


def _shown(text: str) -> str:
    """*text* without what no page can hold: half surrogates and NUL."""
    return text.encode(errors="replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


def document(title: str, *body: Child, head: Child = None) -> str:
    """A whole page."""
    start = joined(
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("title", title),
        el("link", rel="icon", href="/images/icon.svg", type="image/svg+xml"),
        el("link", rel="stylesheet", href="/signin/style.css"),
        head,
    )
    return f"<!doctype html>\n{el('html', el('head', start), el('body', *body), lang='en').html}\n"
