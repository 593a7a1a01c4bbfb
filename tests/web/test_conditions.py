"""Preconditions and ranges, row by row of RFC 9110."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.web.conditions import Outcome, Selection, http_date, select, select_range

ETAG = '"abc"'
MTIME_S = 1_700_000_000
WHOLE = Selection(Outcome.WHOLE, 0, 1000)
UNSATISFIABLE = Selection(Outcome.UNSATISFIABLE)


def part(start: int, length: int) -> Selection:
    return Selection(Outcome.PART, start, length)


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("bytes=0-99", part(0, 100)),
        ("bytes=100-", part(100, 900)),
        ("bytes=900-5000", part(900, 100)),
        ("bytes=-100", part(900, 100)),
        ("bytes=-5000", part(0, 1000)),
        ("BYTES= 0-0", part(0, 1)),
        ("bytes=1000-", UNSATISFIABLE),
        ("bytes=-0", UNSATISFIABLE),
        ("bytes=50-10", WHOLE),
        ("bytes=0-1,5-6", WHOLE),
        ("items=0-1", WHOLE),
        ("bytes=x-", WHOLE),
        ("bytes=--1", WHOLE),
        ("bytes=٣-٤", WHOLE),  # digits, but not ASCII
        ("bytes=" + "9" * 6000 + "-", WHOLE),
        ("", WHOLE),
    ],
)
def test_range(header: str, wanted: Selection) -> None:
    assert select_range(header, 1000) == wanted


def test_empty_file_has_no_range() -> None:
    assert select_range("bytes=0-", 0) == UNSATISFIABLE
    assert select_range("bytes=-1", 0) == UNSATISFIABLE


@given(st.text(max_size=40), st.integers(0, 10_000))
def test_any_range_header_gives_bytes_of_the_file(header: str, size: int) -> None:
    found = select_range(header, size)
    assert 0 <= found.start <= found.start + found.length <= size


@pytest.mark.parametrize(
    ("headers", "outcome"),
    [
        ({"If-Match": '"abc"'}, Outcome.WHOLE),
        ({"If-Match": "*"}, Outcome.WHOLE),
        ({"If-Match": '"x", "abc"'}, Outcome.WHOLE),
        ({"If-Match": '"x"'}, Outcome.PRECONDITION_FAILED),
        ({"If-Match": 'W/"abc"'}, Outcome.PRECONDITION_FAILED),
        ({"If-None-Match": '"abc"'}, Outcome.NOT_MODIFIED),
        ({"If-None-Match": 'W/"abc"'}, Outcome.NOT_MODIFIED),
        ({"If-None-Match": "*"}, Outcome.NOT_MODIFIED),
        ({"If-None-Match": '"x"'}, Outcome.WHOLE),
        ({"If-Modified-Since": http_date(MTIME_S)}, Outcome.NOT_MODIFIED),
        ({"If-Modified-Since": http_date(MTIME_S - 1)}, Outcome.WHOLE),
        ({"If-Modified-Since": "yesterday"}, Outcome.WHOLE),
        ({"If-Unmodified-Since": http_date(MTIME_S - 1)}, Outcome.PRECONDITION_FAILED),
        ({"If-None-Match": '"x"', "If-Modified-Since": http_date(MTIME_S)}, Outcome.WHOLE),
        ({"Range": "bytes=0-1", "If-Range": '"abc"'}, Outcome.PART),
        ({"Range": "bytes=0-1", "If-Range": 'W/"abc"'}, Outcome.WHOLE),
        ({"Range": "bytes=0-1", "If-Range": '"x"'}, Outcome.WHOLE),
        ({"Range": "bytes=0-1", "If-Range": http_date(MTIME_S)}, Outcome.PART),
        ({"Range": "bytes=0-1", "If-Range": http_date(MTIME_S + 1)}, Outcome.WHOLE),
    ],
)
def test_preconditions(headers: dict[str, str], outcome: Outcome) -> None:
    assert select(headers, ETAG, MTIME_S, 1000).outcome is outcome


def test_date_survives_clocks_out_of_range() -> None:
    assert http_date(0) == "Thu, 01 Jan 1970 00:00:00 GMT"
    assert http_date(-5) == "Thu, 01 Jan 1970 00:00:00 GMT"
    assert http_date(10**15) == "Fri, 31 Dec 9999 23:59:59 GMT"
