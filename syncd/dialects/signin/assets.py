"""Style, script and pictures, all from here. They are the same for everybody and need no log-in."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from aiohttp import web

from syncd.errors import NotFound
from syncd.sections import AppSection
from syncd.web.keys import CORE

HERE = Path(__file__).parent
LOGO_BYTES = 512 << 10
TYPES: Final = {".svg": "image/svg+xml", ".png": "image/png"}
# A picture is only a picture: a script in an SVG that is opened by itself does not run.
HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


@cache
def _file(name: str) -> bytes:
    return HERE.joinpath(name).read_bytes()


async def style(_request: web.Request) -> web.Response:
    return web.Response(body=_file("style.css"), content_type="text/css", charset="utf-8", headers=HEADERS)


async def script(_request: web.Request) -> web.Response:
    return web.Response(body=_file("page.js"), content_type="text/javascript", charset="utf-8", headers=HEADERS)


async def icon(_request: web.Request) -> web.Response:
    return web.Response(body=_file("icon.svg"), content_type="image/svg+xml", headers=HEADERS)


async def app_colours(request: web.Request) -> web.Response:
    """The colours of the configuration as a style sheet: a page may hold none of its own (Content-Security-Policy)."""
    text = "".join(_rule(one) for one in request.app[CORE].config.apps)
    return web.Response(text=text, content_type="text/css", headers=HEADERS)


def _rule(app: AppSection) -> str:
    """Names and colours were checked when the configuration was read: neither can end a rule."""
    return (
        f".app-{app.name} {{ --from: {app.color1}; --to: {app.color2}; --button: {app.button}; "
        f"--on-card: {ink_on(app.color1, app.color2)}; --on-button: {ink_on(app.button)} }}\n"
    )


def ink_on(*colours: str) -> str:
    """Black or white, whichever can be read better where it is worst; the browser's to choose for a colour's name."""
    found = [_luminance(colour) for colour in colours]
    known = [one for one in found if one is not None]
    if len(known) < len(colours):
        return f"oklch(from {colours[found.index(None)]} clamp(0, (.6 - l) * 1000, 1) 0 0)"
    on_black, on_white = min(known) + 0.05, 1.05 / (max(known) + 0.05)
    return "#000" if on_black / 0.05 > on_white else "#fff"


def _luminance(colour: str) -> float | None:
    """Relative luminance (WCAG 2.2), 0 to 1, of `#rgb`, `#rrggbb` or `rgb(r, g, b)`; None for a name."""
    if colour.startswith("rgb("):
        parts = [int(one) for one in colour[4:-1].split(",")]
    elif colour.startswith("#"):
        digits = colour[1:] if len(colour) == 7 else "".join(2 * one for one in colour[1:])
        parts = list(bytes.fromhex(digits))
    else:
        return None
    linear = [part / 3294.6 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


async def logo(request: web.Request) -> web.Response:
    """The picture of an app, from the file that the configuration names; 404 for none."""
    core = request.app[CORE]
    app = core.config.app(request.match_info["app"])
    if app is None or not app.logo:
        raise NotFound("there is no such picture")
    body = await core.disk.run(_picture, Path(app.logo))
    return web.Response(body=body, content_type=TYPES[Path(app.logo).suffix.lower()], headers=HEADERS)


def _picture(path: Path) -> bytes:
    """The file at *path*; raises NotFound when it cannot be read or is too large for a logo."""
    try:
        with path.open("rb") as file:
            body = file.read(LOGO_BYTES + 1)
    except OSError as exc:
        raise NotFound("there is no such picture") from exc
    if len(body) > LOGO_BYTES:
        raise NotFound("there is no such picture")
    return body
