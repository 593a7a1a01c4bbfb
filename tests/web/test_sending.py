"""A file on its way to somebody who takes it, or does not."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from syncd.core.tree import OpenFile
from syncd.web import files
from syncd.web.conditions import Outcome, Selection
from tests.core.household import opened

SIZE = 64 << 20  # more than sockets hold


async def test_who_takes_nothing_any_more_has_hung_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And is no fault of ours that the log must tell of."""
    monkeypatch.setattr(files, "SLICE_S", 0.1)
    big = tmp_path / "big"
    with big.open("wb") as file:
        file.truncate(SIZE)
    fd = os.open(big, os.O_RDONLY)
    ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    async with opened(tmp_path) as house:
        sending = OpenFile(fd, SIZE, 0, None, house.mount)

        async def send(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            transport = writer.transport
            assert isinstance(transport, asyncio.Transport)
            try:
                await files._send_slices(transport, sending, Selection(Outcome.WHOLE, 0, SIZE))
            except Exception as exc:  # whatever it is, the test tells
                ended.set_result(repr(exc))
            finally:
                transport.abort()

        async with await asyncio.start_server(send, "127.0.0.1", 0) as server:
            _, taker = await asyncio.open_connection(*server.sockets[0].getsockname())
            taker.transport.pause_reading()  # type: ignore[attr-defined]  # it can be read, too
            assert await ended == "ConnectionResetError('nobody takes the file any more')"
            taker.transport.abort()
    os.close(fd)
