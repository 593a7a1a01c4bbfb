"""What this door says: one JSON object, its code and its words (protocol §1 to §4)."""

from __future__ import annotations

import json
from enum import IntEnum

from aiohttp import web

from syncd.errors import BadRequest, SyncError
from syncd.web.errors import plain_text

HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


class Code(IntEnum):
    """`error_code`. Those that end in 0 are successes."""

    REGISTERED = 1000
    NAME_TAKEN = 1001
    EMAIL_TAKEN = 1002
    BLANK = 1003
    BAD_NAME = 1004
    LOGGED_IN = 1010
    NOT_LOGGED_IN = 1011
    ALIVE = 1020
    DEAD = 1021
    MADE = 1100
    ALREADY_THERE = 1101
    NO_PARENT = 1102
    BAD_END = 1103
    DETAILS = 1120
    NO_DETAILS = 1121
    RENAMED = 1130
    NOT_RENAMED = 1131
    REMOVED = 1140
    NOT_REMOVED = 1141
    LISTED = 1150
    NOT_LISTED = 1151
    FORM_STORED = 1200
    NO_SUCH_OP = 1201
    FILE_EXISTS = 1202
    FORM_NOT_STORED = 1203
    RAW_NOT_STORED = 1204
    BAD_CALL = 1206
    RAW_STORED = 1210
    LINK = 1220
    NO_FILE = 1221
    BUSY = 1222


WORDS = {
    Code.REGISTERED: "registered a new user.",
    Code.NAME_TAKEN: "the user has been registered, please change the user name.",
    Code.EMAIL_TAKEN: "the email has been registered, please change the email.",
    Code.BLANK: "blank username/password/email",
    Code.BAD_NAME: 'username cannot contain the following characters: \\/:*?"<>|',
    Code.LOGGED_IN: "auth success",
    Code.NOT_LOGGED_IN: "auth failure. user is not registed or user name/password incorrect",
    Code.ALIVE: "valid authid, and auth still alive",
    Code.DEAD: "invalid authid",
    Code.MADE: "folder created successfully",
    Code.ALREADY_THERE: "folder already exist",
    Code.NO_PARENT: "folder path error. the parent folde should be created firstly. and use \\",
    Code.BAD_END: "folder path should not ended with \\",
    Code.DETAILS: "folder details info",
    Code.NO_DETAILS: "foler not exist. please check path format & content",
    Code.NOT_RENAMED: "requested folder not exist",
    Code.REMOVED: "folder removed",
    Code.NOT_REMOVED: "requested folder not exist. or path format error(use /)",
    Code.LISTED: "get folder list",
    Code.NOT_LISTED: "requested folder not exist. or path format error(use /)",
    Code.FORM_STORED: "file uploaded by form successfully",
    Code.NO_SUCH_OP: "not support this op",
    Code.FILE_EXISTS: "file already exist at server dir",
    Code.BAD_CALL: "Incorrect API format, please check manual",
    Code.RAW_STORED: "file uploaded by POST successfully",
    Code.NO_FILE: "file not exists",
    Code.BUSY: "server busy, repeat again",
}


class Refused(BadRequest):
    """A refusal with a code of the protocol; `msg` is that of the code unless *words* are given."""

    def __init__(self, code: Code, words: str | None = None, **extra: object) -> None:
        """*extra* are the further keys of the answer."""
        super().__init__(words if words is not None else WORDS[code])
        self.error_code = code
        self.extra = extra


def told(code: Code, words: str | None = None, **extra: object) -> web.Response:
    """The answer with that code; *extra* are its further keys."""
    return _answer(200, code, words if words is not None else WORDS[code], extra)


def envelope(code: int, words: str, extra: dict[str, object]) -> dict[str, object]:
    """What every answer holds."""
    status = "success" if code >= Code.REGISTERED and code % 10 == 0 else "error"
    return {"status": status, "error_code": code, "msg": words, **extra}


def _answer(status: int, code: int, words: str, extra: dict[str, object]) -> web.Response:
    body = json.dumps(envelope(code, words, extra)).encode()
    return web.Response(status=status, body=body, content_type="application/json", headers=HEADERS)


def render(status: int, exc: SyncError) -> web.Response:
    """*exc* as an answer: what the protocol has no code for tells the status of HTTP instead."""
    if isinstance(exc, Refused):
        return _answer(200, exc.error_code, exc.text, exc.extra)
    return plain_text(status, exc) if status == 404 else _answer(status, status, exc.text, {})
