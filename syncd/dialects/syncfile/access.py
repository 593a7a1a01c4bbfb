"""What was asked, and by whom."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from aiohttp import hdrs, web

from syncd.core.authids import Holder
from syncd.dialects.syncfile.answers import Code, Refused
from syncd.errors import BadRequest, TooLarge, Unauthenticated
from syncd.web.bodies import is_form, read_all, read_json
from syncd.web.keys import CORE

CREDENTIALS_BYTES = 8 << 10

Parameters = Mapping[str, str]


def parameters(request: web.Request) -> Parameters:
    """Those of the query; of one that is repeated the last counts, and what is empty between `&&` does not.

    What is no UTF-8 comes as surrogates, which no name and no path may hold.
    """
    return _parsed(request.raw_path.partition("?")[2])


def _parsed(text: str) -> dict[str, str]:
    return dict(parse_qsl(text, keep_blank_values=True, errors="surrogateescape"))


async def credentials(request: web.Request, refusal: Code, **extra: object) -> Parameters:
    """The parameters of the query and, of a POST, of its body, which keeps passwords out of addresses.

    Raises Refused with *refusal* for a body that is no form and no JSON object.
    """
    asked = dict(parameters(request))
    if request.method == hdrs.METH_POST:
        try:
            asked |= await _in_body(request)
        except (BadRequest, TooLarge) as exc:
            raise Refused(refusal, exc.text, **extra) from exc
    return asked


async def _in_body(request: web.Request) -> dict[str, str]:
    if is_form(request.content_type):
        raise BadRequest("send this as application/x-www-form-urlencoded or as JSON, not as a form for files")
    if request.content_type == "application/json":
        body = await read_json(request, CREDENTIALS_BYTES)
        return {name: value for name, value in body.items() if isinstance(value, str)}
    return _parsed((await read_all(request, CREDENTIALS_BYTES)).decode(errors="surrogateescape"))


async def holder(request: web.Request, asked: Parameters) -> Holder:
    """Who shows the `authid`; raises Refused (1021)."""
    try:
        return await request.app[CORE].authids.holder(asked.get("authid", ""))
    except Unauthenticated as exc:
        raise Refused(Code.DEAD, auth_time="") from exc
