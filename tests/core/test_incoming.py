"""What devices write for a time and for their name; and how many calls are too many."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.core.settings.incoming import FIRST_MS, LAST_MS, NAME_CHARACTERS, device_name, moment, written
from syncd.core.settings.pace import BURST, EACH_S, Pace
from syncd.errors import BadRequest, TooManyAttempts

zones = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=zones)


def ms_of(when: datetime) -> int:
    return (when - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


@settings(deadline=None)
@given(moments)
def test_any_time_as_python_writes_it(when: datetime) -> None:
    expected = ms_of(when - timedelta(microseconds=when.microsecond % 1000))
    assert moment(when.isoformat()) == expected
    assert moment(when.isoformat(" ", "microseconds")) == expected
    assert moment(when.isoformat(timespec="seconds")) == expected // 1000 * 1000
    assert moment(expected) == expected


@settings(deadline=None)
@given(moments)
def test_any_time_as_a_mail_has_it(when: datetime) -> None:
    assert moment(format_datetime(when)) == ms_of(when.replace(microsecond=0))


@settings(deadline=None)
@given(st.integers(FIRST_MS, LAST_MS))
def test_what_is_written_is_read_as_the_same(when_ms: int) -> None:
    assert moment(written(when_ms)) == when_ms
    assert len(written(when_ms)) == 24


@pytest.mark.parametrize(
    ("text", "when_ms"),
    [
        ("1970-01-01T00:00:00.000Z", 0),
        ("1970-01-01T00:00:00.0019999999999999999999Z", 1),
        ("1969-12-31T23:59:59.9996Z", -1),
        ("1900-01-01T00:00:00.000Z", -2_208_988_800_000),
        ("1970-01-02", 86_400_000),
        ("1970-01-01T05:30:00+05:30", 0),
        ("1969-12-31T18:30:00-0530", 0),
        ("1970-01-01T00:00", 0),
        ("1970-01-01t00:00:00,5z", 500),
        ("Thu, 01 Jan 1970 00:00:01 GMT", 1000),
        ("1 jan 1970 01:00 +0100", 0),
        (1.9, 1),
        (-1.9, -1),
        (0, 0),
    ],
)
def test_times_as_devices_write_them(text: str | float, when_ms: int) -> None:
    assert moment(text) == when_ms


@settings(deadline=None)
@given(
    st.one_of(
        st.text(max_size=40), st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{0,12}"), st.floats(), st.integers()
    )
)
def test_anything_else_is_refused_in_the_protocols_words(value: str | float) -> None:
    try:
        assert FIRST_MS <= moment(value) <= LAST_MS
    except BadRequest as exc:
        assert exc.text == "Invalid time value"


def test_what_is_later_than_can_be_written_is_written_as_the_last_there_is() -> None:
    assert written(LAST_MS + 1) == "9999-12-31T23:59:59.999Z"


@pytest.mark.parametrize("name", ["Pixel 7", "a/b\\c", "..", "日本 🙂", "<b>", "x" * NAME_CHARACTERS])
def test_names_of_devices(name: str) -> None:
    assert device_name(name) == name


@pytest.mark.parametrize("name", ["a\0", "a\n", "\x1b[2J", "\ud800", "\u2028", "\x9b", "x" * (NAME_CHARACTERS + 1)])
def test_names_that_would_break_a_page_or_a_terminal(name: str) -> None:
    with pytest.raises(BadRequest, match="^Device name "):
        device_name(name)


def test_a_program_gone_wild_is_slowed_down_and_nobody_else() -> None:
    now = 0.0
    pace = Pace(lambda: now)
    for _ in range(BURST):
        pace.require((1, "a"))
    with pytest.raises(TooManyAttempts) as caught:
        pace.require((1, "a"))
    assert caught.value.retry_s == 1
    pace.require((1, "b"))
    pace.require((2, "a"))
    now += EACH_S * 1.5
    pace.require((1, "a"))
    with pytest.raises(TooManyAttempts):
        pace.require((1, "a"))
    now += 3600
    for _ in range(BURST):
        pace.require((1, "a"))


def test_what_was_paced_long_ago_is_forgotten() -> None:
    now = 0.0
    pace = Pace(lambda: now)
    for user in range(100_000):
        now += 1
        pace.require((user, "a"))
    assert len(pace._paid_until) <= 4096
