"""What is on the dashboard, as HTML. Text of apps, devices and other services goes through `el`, which escapes it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from syncd.clock import DAY_MS
from syncd.core.keys import AppKey
from syncd.core.settings.store import AppDevice
from syncd.core.signin.identities import Identity
from syncd.dialects.signin.html import Markup, el, joined
from syncd.model import Device, User
from syncd.sections import AppSection
from syncd.web.cookies import FORM_TOKEN


@dataclass(frozen=True, slots=True)
class AppCard:
    """One app. *fresh* is a key that was made just now, '' otherwise."""

    section: AppSection
    key: AppKey | None
    devices: tuple[AppDevice, ...]
    fresh: str


@dataclass(frozen=True, slots=True)
class View:
    """Everything one dashboard shows."""

    user: User
    form_token: str
    apps: tuple[AppCard, ...]
    devices: tuple[Device, ...]
    accounts: tuple[Identity, ...]
    services: tuple[tuple[str, str], ...]  # word and title of each that an account can be linked at
    others: int  # browsers in which the same person is signed in
    now_ms: int


def head() -> Markup:
    """What the dashboard needs beside the style of all pages."""
    return joined(
        el("link", rel="stylesheet", href="/signin/apps.css"),
        el("script", src="/signin/page.js", defer=True),
    )


def header(view: View) -> Markup:
    """The line at the top: who is signed in, and the way out."""
    return el(
        "header",
        el("img", src="/images/icon.svg", alt="", width="32", height="32"),
        el("strong", "syncd"),
        el("span", view.user.name[:1].upper(), class_="badge", aria_hidden="true"),
        el("span", view.user.name, class_="who"),
        button(view, "/signout", "Sign out"),
    )


def button(view: View, action: str, label: str, *, kind: str = "plain", about: str = "", **fields: str) -> Markup:
    """A form of one button that posts *fields*. *about* says what it is for, to who does not see where it stands."""
    hidden = (el("input", type="hidden", name=name, value=value) for name, value in fields.items())
    return el(
        "form",
        el("input", type="hidden", name=FORM_TOKEN, value=view.form_token),
        *hidden,
        el("button", label, type="submit", class_=kind, aria_label=f"{label}: {about}" if about else None),
        method="post",
        action=action,
    )


def sure(label: str, about: str, question: str, confirm: Markup) -> Markup:
    """A button that first asks, without a script."""
    return el("details", el("summary", label, aria_label=f"{label}: {about}"), el("div", el("p", question), confirm))


# Apps


def apps(view: View) -> Markup | None:
    """A card for each app of the configuration."""
    if not view.apps:
        return None
    return el("section", el("h2", "Apps"), el("div", *(_app(view, one) for one in view.apps), class_="cards"))


def _app(view: View, card: AppCard) -> Markup:
    section = card.section
    name = f"app-{section.name}"
    logo = el("img", src=f"/signin/logo/{section.name}", alt="", width="48", height="48") if section.logo else None
    return el(
        "article",
        el("div", logo, el("h3", section.title, id=name), class_="title"),
        _key(view, card),
        _synced(view, card),
        class_=f"card {name}",
        aria_labelledby=name,
    )


def _key(view: View, card: AppCard) -> Markup:
    app, title = card.section.name, card.section.title
    if card.fresh:
        return _fresh(card)
    if card.key is None:
        return joined(
            el("p", f"Make a key and paste it into {title} on each of your devices."),
            button(view, "/refresh", "Make a key", kind="main", about=title, app=app),
        )
    used = f"last used {ago(card.key.used_ms, view.now_ms)}" if card.key.used_ms is not None else "not used yet"
    warning = "The key you have now stops working at once; your settings and devices stay."
    return joined(
        el("p", f"Key made {ago(card.key.created_ms, view.now_ms)}, {used}."),
        el(
            "div",
            sure("New key", title, warning, button(view, "/refresh", "Make a new key", kind="main", app=app)),
            sure(
                *("Revoke", title, "The app can then not sync until you make a new key."),
                button(view, "/dashboard/key/revoke", "Revoke the key", kind="danger", app=app),
            ),
            class_="actions",
        ),
    )


def _fresh(card: AppCard) -> Markup:
    field = f"key-{card.section.name}"
    return joined(
        el("label", f"API key for {card.section.title}", for_=field),
        el(
            "div",
            el("input", id=field, value=card.fresh, readonly=True, class_="key", spellcheck="false"),
            el("button", "Copy", type="button", class_="main", hidden=True, data_copy=field),
            class_="field",
        ),
        el("p", "Copy it now: it is shown this once, and kept here only in a form that nobody can read back."),
    )


def _synced(view: View, card: AppCard) -> Markup | None:
    if not card.devices:
        return None
    app, forget = card.section.name, "/dashboard/app-device/forget"
    shown = sorted(card.devices, key=lambda one: one.name.casefold())
    rows = (
        el(
            "li",
            el("span", one.name, class_="name"),
            el("span", ago(one.seen_ms, view.now_ms), class_="when"),
            button(view, forget, "Forget", kind="quiet", about=one.name, app=app, device=one.name),
        )
        for one in shown
    )
    return joined(el("h4", "Synced devices"), el("ul", *rows, class_="chips"))


# Devices, accounts, log-ins


def devices(view: View) -> Markup:
    """The phones and computers that reach the user's files."""
    if not view.devices:
        empty = "None yet. A phone or computer is added with syncd device add, or signs in by itself with syncd pair."
        return el("section", el("h2", "Phones and computers"), el("p", empty, class_="hint"))
    rows = (_device(view, one) for one in sorted(view.devices, key=lambda one: one.name.casefold()))
    return el("section", el("h2", "Phones and computers"), el("ul", *rows, class_="rows"))


def _device(view: View, device: Device) -> Markup:
    seen = f"last seen {ago(device.seen_ms, view.now_ms)}" if device.seen_ms is not None else "not seen yet"
    about = f"{device.kind}, {seen}" if device.enabled else f"{device.kind}, switched off"
    question = "Its keys are dead at once, and it can sync no more. The files stay."
    confirm = button(view, "/dashboard/device/revoke", "Revoke the device", kind="danger", device=device.id)
    return el("li", _named(device.name, about), sure("Revoke", device.name, question, confirm))


def _named(name: str, about: str) -> Markup:
    return el("div", el("span", name, class_="name"), el("span", about, class_="when"), class_="text")


def accounts(view: View) -> Markup | None:
    """Accounts of other services with which the user may sign in, and those that could be linked."""
    if not view.accounts and not view.services:
        return None
    rows = [_account(view, one) for one in view.accounts]
    links = [
        button(view, "/dashboard/account/link", f"Link an account: {title}", module=name)
        for name, title in view.services
    ]
    return el(
        "section",
        el("h2", "Other ways to sign in"),
        el("ul", *rows, class_="rows") if rows else None,
        el("div", *links, class_="actions") if links else None,
    )


def _account(view: View, account: Identity) -> Markup:
    confirm = button(
        *(view, "/dashboard/account/unlink", "Unlink the account"),
        kind="danger",
        issuer=account.issuer,
        subject=account.subject,
    )
    question = "You can then not sign in with it until it is linked again."
    return el("li", _named(account.label, account.issuer), sure("Unlink", account.label, question, confirm))


def sessions(view: View) -> Markup:
    """Where else the same person is signed in."""
    if not view.others:
        return el("section", el("h2", "This sign-in"), el("p", "You are signed in here only.", class_="hint"))
    where = "one other browser" if view.others == 1 else f"{view.others} other browsers"
    return el(
        "section",
        el("h2", "This sign-in"),
        el("p", f"You are also signed in with {where}."),
        button(view, "/dashboard/sessions/end", "Sign out everywhere else"),
    )


def ago(when_ms: int, now_ms: int) -> str:
    """Roughly how long ago, or the day; times are kept to the day, so it says no more than that."""
    days = now_ms // DAY_MS - when_ms // DAY_MS
    if days <= 0:
        return "today"
    if days == 1:
        return "yesterday"
    return f"{days} days ago" if days < 31 else "on " + time.strftime("%-d %B %Y", time.gmtime(when_ms / 1000))
