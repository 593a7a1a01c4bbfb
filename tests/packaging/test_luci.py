"""LuCI's page for syncd in a real browser, on a stand-in for LuCI, with the real script and a real syncd behind it."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from syncd.config import options
from syncd.options import Choice, Switch
from tests.daemon import Daemon
from tests.packaging.openwrt import FILES
from tests.packaging.rpcd import APP, Rpcd
from tests.signin.browser import Browser
from tests.signin.chromium import Tab, chromium

pytestmark = [pytest.mark.packaging, pytest.mark.slow]

VIEW = APP / "htdocs/luci-static/resources/view/syncd/syncd.js"
LUCI = Path(__file__).with_name("luci")
HOSTILE = "<img src=x onerror=\"document.title='hit'\">'&amp;"


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A box on which nothing is set up yet."""
    made = Daemon(root=tmp_path / "daemon")
    try:
        yield made
    finally:
        made.close()


@asynccontextmanager
async def luci(rpcd: Rpcd) -> AsyncIterator[str]:
    """The address of the page, as uhttpd and rpcd serve it."""

    async def ubus(request: web.Request) -> web.Response:
        service, method, arguments = await request.json()
        assert service == "syncd"
        return web.json_response(await asyncio.to_thread(lambda: rpcd.call(method, **arguments)))

    def file(path: Path) -> web.RouteDef:
        async def serve(_: web.Request) -> web.FileResponse:
            return web.FileResponse(path)

        return web.get("/" + ("view.js" if path is VIEW else path.name if path.suffix == ".js" else ""), serve)

    app = web.Application()
    app.add_routes([web.post("/ubus", ubus), file(VIEW), file(LUCI / "luci.js"), file(LUCI / "index.html")])
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        [(host, port)] = [address[:2] for address in runner.addresses]
        yield f"http://{host}:{port}/"
    finally:
        await runner.cleanup()


def button(label: str, place: str = "document") -> str:
    return f"[...{place}.querySelectorAll('button')].find(one => one.textContent === {json.dumps(label)})"


async def press(tab: Tab, label: str, place: str = "document") -> None:
    """Press the button that says *label*, once it is there."""
    await tab.until(f"!!({button(label, place)})")
    await tab.ask(f"{button(label, place)}.click()")


MODAL = "document.getElementById('modal')"
CLOSED = f"{MODAL}.childNodes.length === 0"
SHOWN = f"{MODAL}.querySelector('input[readonly]')"


async def shown(tab: Tab) -> str:
    """What is shown once; the dialog is closed after."""
    await tab.until(f"!!{SHOWN}")
    value: str = await tab.ask(f"{SHOWN}.value")
    await press(tab, "Done", MODAL)
    await tab.until(CLOSED)
    return value


async def fill(tab: Tab, kind: str, value: str) -> None:
    field = f"{MODAL}.querySelector('input[type={kind}]')"
    await tab.until(f"!!{field}")
    await tab.ask(f"{field}.value = {json.dumps(value)}")


async def test_a_box_is_looked_after_from_its_first_minute(tmp_path: Path, daemon: Daemon) -> None:
    rpcd = Rpcd(tmp_path / "rpcd", "ash", daemon)
    async with luci(rpcd) as url, chromium(tmp_path / "profile") as tab:
        await tab.go(url)
        await tab.until("document.body.dataset.ready === '1'")
        assert "nothing is set up" in await tab.ask("document.getElementById('syncd-status').textContent")
        await _asks_for_real_options(tab)

        # Set up, with a password of one's own
        await press(tab, "Set up")
        await fill(tab, "text", "anna")
        await fill(tab, "password", "short")
        await press(tab, "Set up", MODAL)
        await tab.until(f"{MODAL}.querySelector('.syncd-wrong').textContent.includes('password')")
        await fill(tab, "password", "a good long one")
        await press(tab, "Set up", MODAL)
        await tab.until(f"{CLOSED} && document.getElementById('syncd-people').textContent.includes('anna')")
        await asyncio.to_thread(daemon.start)

        # Another user, with a password that is made up
        await press(tab, "Add a user")
        await fill(tab, "text", HOSTILE)
        await press(tab, "Add", MODAL)
        await tab.until(f"!!{SHOWN} || {MODAL}.querySelector('.syncd-wrong').textContent")
        password = await shown(tab)
        assert len(password) == 16
        assert "/signout" in (await asyncio.to_thread(Browser(daemon.url).sign_in, HOSTILE, password)).html

        # A phone's address
        await press(tab, "Address for a phone")
        await fill(tab, "text", HOSTILE)
        await press(tab, "Make", MODAL)
        address = await shown(tab)
        assert "/k/" in address
        await tab.until(f"document.getElementById('syncd-people').textContent.includes({json.dumps(HOSTILE)})")

        await press(tab, "Restart")
        await tab.until(f"!{button('Restart')}.disabled")
        assert rpcd.service.with_name("service.calls").read_text().split() == ["can_start", "restart"]
        rpcd.complain(f"/etc/config/syncd: {HOSTILE}")
        await press(tab, "Start")
        await tab.until("document.getElementById('notices').textContent.includes('/etc/config/syncd')")

        await tab.ask("polled[0].action()")
        assert "runs" in await tab.ask("document.getElementById('syncd-status').textContent")
        for width in (390, 1000):
            await tab.look(tmp_path / f"luci-{width}.png", width=width, dark=False)
            assert await tab.ask("document.documentElement.scrollWidth") <= width

        await press(tab, "End")
        await press(tab, "End", MODAL)
        await tab.until(
            f"{CLOSED} && document.getElementById('syncd-people').textContent.includes('There are none yet')"
        )
        await press(tab, "Remove")
        await press(tab, "Remove", MODAL)
        await tab.until(f"{CLOSED} && document.querySelectorAll('#syncd-people table')[0].rows.length === 2")
        assert await tab.ask("document.title") == "syncd - LuCI"
        assert await tab.ask("document.querySelector('#view img, #modal img, #notices img')") is None
        # "[DOM]" are hints: LuCI's dialogs are no forms.
        assert [one for one in tab.complaints if not one.startswith("[DOM]")] == []
        typed = rpcd.typed.read_text()
        assert password not in typed
        assert "a good long one" not in typed


async def _asks_for_real_options(tab: Tab) -> None:
    """Every setting of the page is one of the program's, and offers what that takes."""
    table = {(one.section, one.key): one.kind for one in options()}
    shipped = (FILES / "syncd.config").read_text()
    for section, kind, key, widget, choices in await tab.ask("FormMap.last.asked"):
        assert f"config {kind} '{section}'\n" in shipped, section
        if kind == "syncd":
            assert (key, widget) == ("enabled", "Flag")
            continue
        taken = table[kind, key]
        assert (widget == "ListValue") == isinstance(taken, Choice)
        assert (widget == "Flag") == isinstance(taken, Switch)
        if isinstance(taken, Choice):
            assert tuple(choices) == taken.words


def test_node_can_read_the_view(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node here; the browser reads the page as well")
    wrapped = tmp_path / "view.js"
    wrapped.write_text(f"(function() {{ {VIEW.read_text()} }})")
    done = subprocess.run([node, "--check", wrapped], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
