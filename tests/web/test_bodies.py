"""Forms in any pieces the network may cut them into."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from aiohttp import web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.streams import StreamReader
from aiohttp.test_utils import make_mocked_request
from hypothesis import assume, given
from hypothesis import strategies as st

from syncd.errors import BadRequest
from syncd.web.bodies import PARTS, Form, boundary_of, first_file, held_back, parse_part_head, read_json, text_field

BOUNDARY = "dart+_-.x"
HEAD = b'content-type: image/jpeg\r\ncontent-disposition: form-data; name="d"; filename="f.jpg"\r\n\r\n'


async def request_of(
    pieces: Sequence[bytes], content_type: str = f"multipart/form-data; boundary={BOUNDARY}"
) -> web.Request:
    loop = asyncio.get_running_loop()
    content = StreamReader(BaseProtocol(loop), 1 << 16, loop=loop)
    for piece in pieces:
        content.feed_data(piece)
    content.feed_eof()
    return make_mocked_request("POST", "/", {"Content-Type": content_type}, payload=content)


def cut(body: bytes, places: Sequence[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(body) + 1) for place in places), len(body)]
    return [body[a:b] for a, b in zip(edges, edges[1:], strict=False) if a < b]


def form(content: bytes, end: bytes = b"--\r\n") -> bytes:
    mark = BOUNDARY.encode()
    return b"--" + mark + b"\r\n" + HEAD + content + b"\r\n--" + mark + end


async def content_of(pieces: Sequence[bytes]) -> bytes:
    part = Form(await request_of(pieces))
    assert await part.open() is not None
    found = b"".join([chunk async for chunk in part])
    await part.finish()
    return found


fragments = st.sampled_from([b"\r", b"\n", b"--", b"\r\n--", b"\r\n--dart", f"\r\n--{BOUNDARY[:-1]}".encode(), b"x"])
contents = st.one_of(st.binary(max_size=200), st.lists(fragments, max_size=30).map(b"".join))


@given(contents, st.lists(st.integers(0, 5000), max_size=12))
async def test_any_content_arrives_whole_however_it_is_cut(content: bytes, places: list[int]) -> None:
    assume(f"--{BOUNDARY}".encode() not in content)  # a client has to choose another boundary then
    assert await content_of(cut(form(content), places)) == content


@given(st.binary(max_size=60), st.integers(0, 400))
async def test_a_form_that_ends_early_is_refused(content: bytes, at: int) -> None:
    body = form(content, end=b"")[: -len(BOUNDARY) - 1]
    cut_off = body[: max(0, len(body) - at)]
    with pytest.raises((BadRequest, AssertionError)):
        await content_of([cut_off])


@pytest.mark.parametrize("body", [b"", b"--" + BOUNDARY.encode() + b"--\r\n"])
async def test_a_form_without_parts_has_none(body: bytes) -> None:
    assert await Form(await request_of([body])).open() is None


@pytest.mark.parametrize(
    "body",
    [
        b"x" * 100_000,
        b"--" + BOUNDARY.encode() + b"\r\n" + b"a: " + b"x" * 20_000,
        b"--" + BOUNDARY.encode() + b"rubbish\r\n" + HEAD,
        b"--" + BOUNDARY.encode() + b"\r\ncontent-transfer-encoding: base64\r\n" + HEAD,
    ],
)
async def test_a_broken_form_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        await Form(await request_of([body])).open()


@pytest.mark.parametrize(
    "header",
    [
        "",
        "text/plain",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=" + "x" * 300,
    ],
)
def test_a_form_needs_a_boundary(header: str) -> None:
    with pytest.raises(BadRequest):
        boundary_of(header)


def test_a_boundary_may_be_quoted() -> None:
    assert boundary_of('multipart/form-data; charset=x; boundary="a b"') == b"a b"


def test_names_come_as_they_were_sent() -> None:
    head = 'Content-Disposition: form-data; name="Gerät 1"; filename="a;b %22c%22.jpg"'.encode()
    found = parse_part_head(head)
    assert (found.name, found.filename) == ("Gerät 1", 'a;b "c".jpg')


def test_a_name_in_another_encoding_is_no_reason_to_refuse_a_photo() -> None:
    assert parse_part_head(b'content-disposition: form-data; name="d"; filename="\xe4.jpg"').filename == "ä.jpg"


def test_only_what_may_begin_a_boundary_waits() -> None:
    assert held_back(b"abc\r\n--da", b"\r\n--dart") == 6
    assert held_back(b"abc\rxyz", b"\r\n--dart") == 0
    assert held_back(b"abc\r", b"\r\n--dart") == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'"x"', b"{", b"\xff\xfe{}", b"[" * 100_000, b'{"a": ' + b"9" * 6000 + b"}", b'{"User": 1}', b"nul"],
)
async def test_json_that_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        text_field(await read_json(await request_of([body])), "User")


@pytest.mark.parametrize("body", [b"null", b"{}", b'{"User": null}', b"{} and more", b"\xef\xbb\xbf{}"])
async def test_missing_is_empty(body: bytes) -> None:
    assert text_field(await read_json(await request_of([body])), "User") == ""


def part(content: bytes, head: bytes = b"") -> bytes:
    return b"--b\r\n" + head + b"\r\n" + content + b"\r\n"


FILE = b'Content-Disposition: form-data; name="x"; filename=""\r\n'
FIELD = b'Content-Disposition: form-data; name="x"\r\n'


async def file_of(pieces: Sequence[bytes], content_type: str = "multipart/form-data") -> bytes:
    form = Form(await request_of(pieces, content_type), may_hide_boundary=True)
    return b"".join([chunk async for chunk in first_file(form)])


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (part(b"111", FILE) + b"--b--\r\n", b"111"),
        (part(b"111") + b"--b--\r\n", b"111"),  # without any header
        (part(b"111", FIELD) + part(b"222", FILE) + part(b"333", FILE) + b"--b--\r\n", b"222"),
        (part(b"111", FIELD) + part(b"222", FIELD) + b"--b--\r\n", b"111"),
        (part(b"", FIELD) + b"--b--\r\n", b""),
        (part(b"", FILE) + b"--b--", b""),
        (part(b"1\r\n\r\n2\r\n", FILE) + b"--b--", b"1\r\n\r\n2\r\n"),
        (part(b"111", FILE) + b"--b", b"111"),  # cut off behind the content: nothing is lost
        (part(b"1" * 100_000, FIELD) + part(b"222", FILE) + b"--b--\r\n", b"1" * 100_000),
    ],
)
@pytest.mark.parametrize("content_type", ["multipart/form-data", "Multipart/Form-Data; boundary=b"])
async def test_the_first_file_of_a_form_is_found(body: bytes, found: bytes, content_type: str) -> None:
    assert await file_of([body], content_type) == found
    assert await file_of([body[at : at + 1] for at in range(len(body))], content_type) == found


@given(contents, st.lists(st.integers(0, 5000), max_size=12))
async def test_any_file_arrives_whole_when_only_the_body_names_the_boundary(content: bytes, places: list[int]) -> None:
    assume(f"--{BOUNDARY}".encode() not in content)
    assert await file_of(cut(form(content), places)) == content


@pytest.mark.parametrize(
    "body",
    [b"", b"111", b"111\r\n", b"--\r\n\r\n111\r\n----", b"\r\n--b\r\n\r\n1\r\n--b--", b"--" + b"b" * 300 + b"\r\n"],
)
async def test_a_body_that_does_not_begin_with_a_boundary_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        await file_of([body])


async def test_a_file_is_looked_for_in_so_many_parts() -> None:
    assert await file_of([part(b"1", FIELD) * (PARTS - 1) + part(b"222", FILE) + b"--b--"]) == b"222"
    with pytest.raises(BadRequest):
        await file_of([part(b"1", FIELD) * PARTS + part(b"222", FILE) + b"--b--"])


@pytest.mark.parametrize("body", [part(b"111", FILE), part(b"111", FILE)[:-2], b"--b\r\n", b"--b--\r\n"])
async def test_a_form_without_its_end_or_without_a_file_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        await file_of([body])
