"""A client that drips bytes is as good as silent."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp.base_protocol import BaseProtocol
from aiohttp.streams import StreamReader
from aiohttp.test_utils import make_mocked_request

from syncd.web import bodies
from syncd.web.bodies import Form, Pace, Stalled, first_file

FILE = b'--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\nabc'


class Dripping(StreamReader):
    """A body of which a byte comes every second, without end."""

    def __init__(self, beginning: bytes, seconds: list[float]) -> None:
        super().__init__(BaseProtocol(asyncio.get_running_loop()), 1 << 16)
        self.feed_data(beginning)
        self._seconds = seconds

    def read_nowait(self, n: int = -1) -> bytes:
        if here := super().read_nowait(n):
            return here
        self._seconds[0] += 1
        return b"x"


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds = [0.0]
    monkeypatch.setattr("syncd.web.bodies.time.monotonic", lambda: seconds[0])
    return seconds


def test_a_window_that_brought_little_ends_the_upload(now: list[float]) -> None:
    pace = Pace()
    for _ in range(70):  # a slow but honest phone
        now[0] += 1
        pace.took(2000)
    now[0] += bodies.WINDOW_S
    with pytest.raises(Stalled):
        pace.took(1)


@pytest.mark.parametrize(
    ("beginning", "boundary"),
    [
        (b"before the form ", "; boundary=b"),
        (b"--", ""),
        (b"--b\r\nX-Header: ", "; boundary=b"),
        (FILE, "; boundary=b"),
        (FILE + b"\r\n--b--\r\n", "; boundary=b"),
    ],
    ids=["before", "in the boundary", "in a header", "in the file", "after"],
)
async def test_a_form_may_drip_nowhere(now: list[float], beginning: bytes, boundary: str) -> None:
    headers = {"Content-Type": f"multipart/form-data{boundary}"}
    request = make_mocked_request("POST", "/", headers, payload=Dripping(beginning, now))
    with pytest.raises(Stalled):
        async for _ in first_file(Form(request, may_hide_boundary=True)):
            assert now[0] <= 2 * bodies.WINDOW_S
    assert now[0] <= 2 * bodies.WINDOW_S
