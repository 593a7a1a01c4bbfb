"""The dashboard: what is on it and what its buttons do, over the wire."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from syncd.dialects.signin.assets import ink_on
from tests.conftest import MakeDaemon
from tests.daemon import PASSWORD, USER, Daemon
from tests.signin.browser import Browser, Page
from tests.sxncd.app import OLD, App, error_of

pytestmark = pytest.mark.slow

Person = Callable[[], tuple[str, Browser]]
NASTY = "<img src=x onerror=alert(1)>\"'&amp; 🙂 Müller"
SAVED = "2026-01-01T00:00:00.000Z"


def new_key(browser: Browser, app: str = "obtainium") -> str:
    page = browser.get("/dashboard")
    page = browser.submit(page, page.form("/refresh", app=app))
    assert page.status == 200 and page.key is not None, page.text
    return page.key


def press(browser: Browser, action: str, **fields: str) -> Page:
    page = browser.get("/dashboard")
    return browser.submit(page, page.form(action, **fields))


def test_a_key_is_shown_once_and_replaced_at_once(box: Daemon, person: Person) -> None:
    """Row 32."""
    _, browser = person()
    first = App(box.port, new_key(browser))
    assert first.told(SAVED, "saved")[0] == "created"
    assert first.key not in browser.get("/dashboard").html
    second = App(box.port, new_key(browser))
    assert second.key != first.key
    assert error_of(first.sync(SAVED, "x")) == "API key is invalid"
    assert second.told(SAVED, "x") == ("none", "saved")
    page = browser.get("/dashboard")
    assert "Key made today, last used today" in page.text and second.key not in page.html
    page = press(browser, "/dashboard/key/revoke", app="obtainium")
    assert "The key is revoked" in page.text and page.form("/refresh", app="obtainium").buttons == ["Make a key"]
    assert error_of(second.sync(SAVED, "x")) == "API key is invalid"
    assert App(box.port, new_key(browser)).stored() == "saved"


def test_keys_are_of_the_app_whose_button_was_pressed(box: Daemon, person: Person) -> None:
    """The original made all of them for the first app."""
    _, browser = person()
    one, other = new_key(browser, "obtainium"), new_key(browser, "thunder")
    App(box.port, one).told(SAVED, "of obtainium")
    App(box.port, other).told(SAVED, "of thunder")
    assert App(box.port, one).stored() == "of obtainium"
    page = browser.get("/dashboard")
    assert browser.post("/refresh", page.form("/signout").fields | {"app": "nothing"}).status == 404
    assert browser.post("/refresh", page.form("/signout").fields).status == 400


def test_devices_are_listed_live_and_sorted_and_can_be_forgotten(box: Daemon, person: Person) -> None:
    _, browser = person()
    app = App(box.port, new_key(browser))
    for name in ("zebra", "Äpfel", "alpha", NASTY, "x" * 200):
        app.on(name).sync(OLD, "s")
    page = browser.get("/dashboard")
    shown = [form.fields["device"] for form in page.read.forms if form.action == "/dashboard/app-device/forget"]
    assert shown == sorted(["zebra", "Äpfel", "alpha", NASTY, "x" * 200], key=str.casefold)
    assert NASTY in page.text and "<img src=x" not in page.html
    page = press(browser, "/dashboard/app-device/forget", device=NASTY)
    assert "The device is forgotten" in page.text and NASTY not in page.text
    assert app.on(NASTY).told("2999-01-01T00:00:00Z", "new")[0] == "existingNewer"


def test_phones_and_computers_are_revoked(box: Daemon, person: Person) -> None:
    name, browser = person()
    key = box.add_device(name, NASTY.replace("/", ""))
    page = browser.get("/dashboard")
    assert NASTY.replace("/", "") in page.text and "<img src=x" not in page.html
    page = press(browser, "/dashboard/device/revoke")
    assert "its keys are dead" in page.text and "onerror" not in page.text
    assert browser.get(f"/k/{key}/api/v1/auth/me").status == 401


def test_siblings_see_and_change_nothing_of_each_other(box: Daemon) -> None:
    browsers = []
    for name in ("pre", "pre2"):
        box.add_user(name)
        browsers.append(Browser(box.url))
        browsers[-1].sign_in(name, PASSWORD)
        box.add_device(name, f"phone of {name}")
        App(box.port, new_key(browsers[-1])).on(f"tablet of {name}").sync(SAVED, "s")
        box.must("user", "link", name, "https://github.com", f"number of {name}")
    one, other = browsers
    page, theirs = one.get("/dashboard"), other.get("/dashboard")
    assert "phone of pre " in page.text + " " and "of pre2" not in page.text
    token = page.form("/signout").fields
    device = theirs.form("/dashboard/device/revoke").fields["device"]
    assert one.post("/dashboard/device/revoke", {**token, "device": device}).status == 403
    one.post("/dashboard/app-device/forget", {**token, "app": "obtainium", "device": "tablet of pre2"})
    one.post("/dashboard/account/unlink", {**token, "issuer": "https://github.com", "subject": "number of pre2"})
    after = other.get("/dashboard").text
    for part in ("phone of pre2", "tablet of pre2", "number of pre2"):
        assert part in after


def test_somebody_without_anything_sees_how_to_begin(person: Person) -> None:
    _, browser = person()
    page = browser.get("/dashboard")
    assert "Make a key" in page.text and "None yet" in page.text and "signed in here only" in page.text


def test_a_box_without_apps_has_a_dashboard(daemon: MakeDaemon) -> None:
    browser = Browser(daemon().url)
    page = browser.sign_in(USER, PASSWORD)
    assert page.status == 200 and "Apps" not in page.text


def test_pictures_and_colours_come_from_the_configuration(daemon: MakeDaemon, tmp_path: Path) -> None:
    svg, big = tmp_path / "logo.svg", tmp_path / "big.png"
    svg.write_text("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")
    big.write_bytes(bytes(600 << 10))
    apps = {
        "app:one": {"title": NASTY.replace("#", ""), "logo": svg, "color1": "rebeccapurple", "button": "#FF0"},
        "app:two": {"logo": big},
        "app:three": {"logo": tmp_path / "missing.svg"},
        "app:four": {},
    }
    browser = Browser(daemon(apps).url)
    page = browser.sign_in(USER, PASSWORD)
    assert NASTY in page.text and "<img src=x" not in page.html
    logo = browser.get("/signin/logo/one")
    assert (logo.status, logo.headers["Content-Type"], logo.body) == (200, "image/svg+xml", svg.read_bytes())
    assert "sandbox" in logo.headers["Content-Security-Policy"] and logo.headers["X-Content-Type-Options"] == "nosniff"
    for name in ("two", "three", "four", "five", "..%2f..%2fetc%2fpasswd", "%00"):
        answer = browser.get(f"/signin/logo/{name}")
        assert answer.status == 404 and str(tmp_path) not in answer.html
    style = browser.get("/signin/apps.css")
    assert style.headers["Content-Type"] == "text/css; charset=utf-8"
    assert ".app-one { --from: rebeccapurple; --to: rgb(19, 2, 28); --button: #ff0; " in style.html


@pytest.mark.parametrize(
    ("colours", "ink"),
    [
        (("#000",), "#fff"),
        (("#ffffff",), "#000"),
        (("rgb(255, 205, 57)",), "#000"),
        (("rgb(68, 62, 77)", "rgb(19, 2, 28)"), "#fff"),
        (("#fff", "#eee"), "#000"),
        (("gold",), "oklch(from gold clamp(0, (.6 - l) * 1000, 1) 0 0)"),
        (("#000", "gold"), "oklch(from gold clamp(0, (.6 - l) * 1000, 1) 0 0)"),
    ],
)
def test_text_can_be_read_on_any_colour(colours: tuple[str, ...], ink: str) -> None:
    assert ink_on(*colours) == ink


@pytest.mark.parametrize("path", ["/signin/style.css", "/signin/page.js", "/signin/apps.css", "/images/icon.svg"])
def test_what_pages_load_is_here_and_loads_nothing(browser: Browser, path: str) -> None:
    page = browser.get(path)
    assert page.status == 200 and page.body
    assert "//" not in page.html.replace("http://www.w3.org", "").replace("\n// ", "").replace("// ", "")
    assert page.headers["X-Content-Type-Options"] == "nosniff"
