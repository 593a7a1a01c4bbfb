"""The pages in a real browser: no complaint, no other host, names for everything, contrast; screenshots to look at.

They are in pytest's folder for the test (`--basetemp DIR` says where).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.daemon import PASSWORD, USER, Daemon
from tests.signin.chromium import Tab, chromium
from tests.sxncd.app import OLD, App, key_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

LOGO = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"><circle cx="24" cy="24" r="20" fill="#b48cff"/>
<path stroke-linecap="round" d="M24 12v18m-8-8 8 8 8-8M14 35h20" fill="none" stroke="#000" stroke-width="4"/></svg>"""

# What a person who cannot see, or sees badly, would stumble over. Contrast: WCAG 2.2, 4.5 to 1, 3 to 1 when large.
FAULTS = """(() => {
  const faults = [];
  const shown = element => element.checkVisibility({visibilityProperty: true, opacityProperty: true});
  for (const one of document.querySelectorAll('input:not([type=hidden]), button, a, summary')) {
    const name = one.getAttribute('aria-label') || one.textContent.trim() || one.labels?.[0]?.textContent;
    if (!name) faults.push('no name: ' + one.outerHTML);
  }
  for (const one of document.querySelectorAll('img:not([alt])')) faults.push('no alt: ' + one.outerHTML);
  const ids = [...document.querySelectorAll('[id]')].map(one => one.id);
  if (new Set(ids).size < ids.length) faults.push('an id twice');
  if (!document.documentElement.lang || !document.title) faults.push('no language or title');
  if (document.querySelectorAll('main').length != 1) faults.push('not one main');
  const context = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = colour => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b]
    .map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const grounds = element => {
    for (let one = element; one; one = one.parentElement) {
      const style = getComputedStyle(one), image = style.backgroundImage;
      if (image.includes('gradient')) return image.match(/(rgb|oklch|color)\\([^()]*\\)/g).map(rgba);
      const colour = rgba(style.backgroundColor);
      if (colour[3] == 255) return [colour];
    }
    return [[255, 255, 255, 255]];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement, style = getComputedStyle(element);
    if (!walker.currentNode.textContent.trim() || !shown(element)) continue;
    const ink = light(rgba(style.color));
    for (const ground of grounds(element)) {
      const [dark, bright] = [ink, light(ground)].sort((a, b) => a - b);
      const ratio = (bright + 0.05) / (dark + 0.05);
      const large = parseFloat(style.fontSize) >= 24;
      if (ratio < (large ? 3 : 4.5)) faults.push(`contrast ${ratio.toFixed(1)}: ${walker.currentNode.textContent}`);
    }
  }
  if (document.documentElement.scrollWidth > innerWidth) faults.push('wider than the window');
  for (const one of document.querySelectorAll('button, summary, a.button')) {
    const box = one.getBoundingClientRect();
    if (shown(one) && (box.height < 40 || box.width < 40)) faults.push('too small for a finger: ' + one.outerHTML);
  }
  return JSON.stringify(faults);
})()"""


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A household in which much is going on."""
    root = tmp_path_factory.mktemp("seen")
    (root / "logo.svg").write_text(LOGO)
    known = {"client_id": "syncd", "client_secret": "secret"}
    daemon = Daemon(None, root)
    daemon.configure(
        {
            "server": {"public_url": daemon.url},
            "oidc": {**known, "title": "Family log-in", "issuer": "http://127.0.0.1:9"},
            "github": known,
            "app:obtainium": {"title": "Obtainium", "logo": root / "logo.svg"},
            "app:thunder": {
                "title": "Thunder for Lemmy",
                "color1": "#dff3ff",
                "color2": "#b6e0fe",
                "button": "#0b5394",
            },
            "app:notes": {"title": "Notizen", "color1": "teal", "color2": "darkslategray", "button": "gold"},
        }
    )
    daemon.init()
    app = App(daemon.port, key_of(daemon, USER))
    for name in ("phone", "Anna's iPad (old)"):
        daemon.add_device(USER, name)
    daemon.add_device(USER, "Müllers-Rechner-mit-einem-wirklich-sehr-langen-Namen-" + "ohne-Ende-" * 8)
    daemon.must("user", "link", USER, "https://github.com", "583231", "--label", "desi@example.org")
    with daemon:
        for name in ("Pixel 9", "Tablet 🙂", "Größtes-Gerät-der-Welt-" * 5, "laptop"):
            assert app.on(name).sync(OLD, "{}").status == 200
        yield daemon


async def check(tab: Tab, folder: Path, name: str) -> None:
    """Look at the page that is open in every form it has."""
    for look, width, dark in (
        ("light", 1100, False),
        ("dark", 1100, True),
        ("phone", 360, False),
        ("phone-dark", 360, True),
    ):
        await tab.look(folder / f"{name}-{look}.png", width=width, dark=dark)
        assert json.loads(await tab.ask(FAULTS)) == [], look


async def test_a_person_signs_in_makes_a_key_and_copies_it(box: Daemon, tmp_path: Path) -> None:
    async with chromium(tmp_path / "profile") as tab:
        await tab.go(box.url)
        await check(tab, tmp_path, "1-sign-in")
        await tab.type("#user", USER)
        await tab.type("#password", "wrong horse 9")
        await tab.press("document.querySelector('button.main')")
        assert "wrong" in await tab.ask("document.querySelector('[role=alert]').textContent")
        assert await tab.ask("document.activeElement.id") == "password"
        await check(tab, tmp_path, "2-wrong")
        assert [one for one in tab.complaints if "401" not in one] == []
        tab.complaints.clear()  # the browser notes the 401 itself

        await tab.type("#password", PASSWORD)
        await tab.press("document.querySelector('button.main')")
        assert await tab.ask("location.pathname") == "/dashboard"
        await check(tab, tmp_path, "3-dashboard")

        grant = {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"], "origin": box.url}
        await tab.call("Browser.grantPermissions", **grant)
        await tab.call("Page.bringToFront")
        await tab.press("document.querySelector('.app-thunder button.main')")
        key = await tab.ask("document.querySelector('input.key').value")
        assert len(key) == 64
        assert await tab.ask("getSelection().toString() || document.activeElement.className") in (key, "key")
        await tab.ask("document.querySelector('[data-copy]').click()")
        await tab.until("document.getElementById('toast').classList.contains('shown')")
        assert await tab.ask("document.getElementById('toast').textContent") == "API key copied to clipboard"
        await check(tab, tmp_path, "4-key")
        assert await tab.ask("navigator.clipboard.readText()") == key

        await tab.go(f"{box.url}/dashboard")
        for index in range(3):
            await tab.ask(f"document.querySelectorAll('summary')[{index}].click()")
        await check(tab, tmp_path, "5-asking")
        await tab.press("document.querySelector('.app-thunder .danger, .app-thunder details:nth-of-type(2) button')")
        assert "revoked" in await tab.ask("document.querySelector('[role=status]').textContent")
        await tab.press("document.querySelector('header button')")
        assert await tab.ask("location.pathname") == "/"

        assert tab.complaints == []
        assert {urlsplit(one).netloc for one in tab.requests} == {f"127.0.0.1:{box.port}"}


async def test_what_a_service_is_missing_is_said_on_the_page(box: Daemon, tmp_path: Path) -> None:
    async with chromium(tmp_path / "profile") as tab:
        await tab.go(f"{box.url}/login/oidc")
        assert await tab.ask("location.pathname + location.search") == "/?why=service"
        await check(tab, tmp_path, "6-service")
        assert tab.complaints == []
