"""`GET /api/v1/swagger.json` and `GET /api/v1/`: the call described for programs and, from that text, for people."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from functools import cache
from html import escape
from pathlib import Path

from aiohttp import web

from syncd.dialects.sxncd.failure import answer
from syncd.web.bodies import JsonObject, object_field, text_field
from syncd.web.errors import MethodNotAllowed

STYLE = """
:root { color-scheme: light dark; --line: #8884; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
code { font: .9em ui-monospace, monospace; background: var(--line); border-radius: .25em; padding: .1em .3em; }
dt { margin-top: .8rem; }
dd { margin: .2rem 0 0 1rem; }
section { border-top: 1px solid var(--line); }
"""


async def document(_request: web.Request) -> web.Response:
    """The Swagger 2.0 document; needs no key."""
    return answer(_document())


async def page(_request: web.Request) -> web.Response:
    """The same for people: no script, nothing from elsewhere."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    headers = {
        "Content-Security-Policy": f"{policy}; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    return web.Response(text=_page(), content_type="text/html", charset="utf-8", headers=headers)


async def refuse(_request: web.Request) -> web.Response:
    """Any other method."""
    raise MethodNotAllowed("GET, HEAD")


@cache
def _document() -> bytes:
    return Path(__file__).with_name("swagger.json").read_bytes()


@cache
def _page() -> str:
    """The document as HTML."""
    whole: JsonObject = json.loads(_document())
    info = object_field(whole, "info")
    title = escape(text_field(info, "title"))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1>"
        f"<p>{escape(text_field(info, 'description'))}</p>"
        f"{''.join(_calls(whole))}{''.join(_shapes(whole))}"
        '<p><a href="/api/v1/swagger.json">The same for programs</a> (Swagger 2.0)</p></main></body></html>\n'
    )


def _each(parent: JsonObject, name: str) -> Iterator[tuple[str, JsonObject]]:
    """The objects in the object *name*, with their names."""
    children = object_field(parent, name)
    return ((key, object_field(children, key)) for key in children)


def _calls(whole: JsonObject) -> Iterator[str]:
    for path, methods in _each(whole, "paths"):
        for method in methods:
            call = object_field(methods, method)
            yield f"<section><h2><code>{method.upper()} {escape(text_field(whole, 'basePath') + path)}</code></h2>"
            yield f"<p><strong>{escape(text_field(call, 'summary'))}.</strong> {_about(call)}</p><dl>"
            for header in _headers(call):
                yield f"<dt><code>{escape(text_field(header, 'name'))}</code> header</dt><dd>{_about(header)}</dd>"
            for status, told in _each(call, "responses"):
                yield f"<dt><code>{escape(status)}</code></dt><dd>{_about(told)}</dd>"
            yield "</dl></section>"


def _headers(call: JsonObject) -> Iterator[JsonObject]:
    parameters = call.get("parameters")
    for one in parameters if isinstance(parameters, list) else ():
        if one.get("in") == "header":
            yield one


def _shapes(whole: JsonObject) -> Iterator[str]:
    for name, shape in _each(whole, "definitions"):
        yield f"<section><h2>{escape(name)}</h2><dl>"
        for key, one in _each(shape, "properties"):
            kind = escape(text_field(one, "type"))
            yield f"<dt><code>{escape(key)}</code> {kind}</dt><dd>{_about(one)}</dd>"
        yield "</dl></section>"


def _about(one: JsonObject) -> str:
    return escape(text_field(one, "description"))
