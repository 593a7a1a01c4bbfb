"""The two kinds of children that stay between jobs, each asked one thing at a time.

After any failure, and when whoever asked is cancelled, the child has been ended: an answer that nobody took would
be taken for the next one's.
"""

from __future__ import annotations

import asyncio
import os
import socket

from syncd.media import exiftool, frames
from syncd.media.child import BLOCK, Child, Failed
from syncd.model import MediaType

GONE = "the media process ended while it read this file"


class Dead(Failed):
    """It had ended before it was asked: not this file's fault, so another may be asked."""


class WorkerLink:
    """A Pillow worker and our end of its socket."""

    def __init__(self, child: Child, link: socket.socket) -> None:
        self.child = child
        self.link = link
        self.jobs = 0
        self.idle_since = 0.0  # of the loop's clock

    async def end(self) -> None:
        self.link.close()
        await self.child.end()

    async def ask(self, request: frames.Request, source: int, timeout_s: float) -> frames.Reply:
        """Have *source* looked at; raises Failed, and Dead if it never got the question."""
        self.jobs += 1
        try:
            return await self.child.within(self._exchange(request, source), timeout_s)
        except BaseException:
            await self.end()
            raise

    async def _exchange(self, request: frames.Request, source: int) -> frames.Reply:
        try:
            # Small, and the socket is empty: it never has to wait.
            socket.send_fds(self.link, [frames.pack_request(request)], [source])
        except ConnectionError as exc:
            raise Dead(GONE) from exc
        try:
            text, picture = frames.reply_lengths(await self._receive(frames.REPLY_HEAD.size))
            return frames.parse_reply(await self._receive(text), await self._receive(picture))
        except (ConnectionError, frames.BadFrame) as exc:
            raise Failed(GONE) from exc

    async def _receive(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            block = await asyncio.get_running_loop().sock_recv(self.link, min(count - len(data), 4 * BLOCK))
            if not block:
                raise Failed(GONE)
            data += block
        return bytes(data)


class ExiftoolLink:
    """A running exiftool and the memory file that it reads from."""

    def __init__(self, child: Child, memory_file: int) -> None:
        self.child = child
        self.memory_file = memory_file
        self.jobs = 0
        self.idle_since = 0.0

    async def end(self) -> None:
        if self.memory_file >= 0:
            os.close(self.memory_file)
            self.memory_file = -1
        await self.child.end()

    async def ask(self, question: bytes, limit: int, timeout_s: float) -> bytes:
        """Its answer about what was loaded last, *limit* bytes at most; raises Failed."""
        self.jobs += 1
        try:
            return await self.child.within(self._exchange(question, limit), timeout_s)
        except BaseException:
            await self.end()
            raise

    async def load(self, source: int, media: MediaType) -> None:
        """Give it *source* to read; raises Failed."""
        try:
            await asyncio.to_thread(exiftool.copy_excerpt, source, self.memory_file, media)
        except OSError as exc:
            raise Failed(f"it could not be read: {os.strerror(exc.errno or 0)}") from exc

    def unload(self) -> None:
        """Give the memory back."""
        if self.memory_file >= 0:
            os.ftruncate(self.memory_file, 0)

    async def _exchange(self, question: bytes, limit: int) -> bytes:
        stdin, stdout = self.child.process.stdin, self.child.process.stdout
        assert stdin is not None and stdout is not None, "started with pipes"
        stdin.write(question)
        answer = bytearray()
        while not answer.endswith(exiftool.READY):
            block = await stdout.read(BLOCK)
            if not block:
                raise Failed(GONE)
            answer += block
            if len(answer) > limit:
                raise Failed(f"exiftool said more than {limit >> 10} KiB")
        return bytes(answer.removesuffix(exiftool.READY))
