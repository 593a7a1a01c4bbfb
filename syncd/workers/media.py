"""The pool that looks into photos, videos and sound: every child process of the daemon starts here.

    image that Pillow reads   the Pillow worker: thumbnail, EXIF and document test in one decode
    RAW                       exiftool takes out the JPEG inside, then as above
    HEIC, AVIF, JPEG XL       ffmpeg makes a JPEG where it can, then as above
    video, sound              ffmpeg: a frame or the cover, and what it reports; exiftool for the rest
    no Pillow                 ffmpeg scales and crops itself

A file that cannot be read is an answer with a note, never an exception; and no file, however made, is more than
one failed job: the child that read it is ended and the next job gets a new one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from asyncio.subprocess import Process
from collections.abc import Iterator, Sequence
from pathlib import Path

from syncd.config import MediaSection
from syncd.media import exiftool, ffmpeg, frames, sandbox, tools
from syncd.media.child import Failed, Output
from syncd.media.crew import Crew, Pipes
from syncd.media.sandbox import LADDER, Level
from syncd.media.tools import Tools
from syncd.model import Examination, MediaType, Metadata

__all__ = ["MediaPool", "Tools", "spawn"]

log = logging.getLogger(__name__)

IDLE_S = 45.0  # after which a child that waits gives its memory back
OUTPUT_LIMIT = 8 << 20
CLASSIFIER_LIMIT = 64 * 1024

PILLOW_TYPES = frozenset(f"image/{name}" for name in ("jpeg", "png", "webp", "gif", "bmp", "tiff", "x-icon", "avif"))
FFMPEG_STILLS = frozenset(f"image/{name}" for name in ("heic", "heif", "avif", "jxl"))
TILED = frozenset(("image/heic", "image/heif"))
NO_SANDBOX = "no preview: [media] require_sandbox is on, and this machine offers no sandbox"


async def spawn(argv: Sequence[str], keep: Sequence[int], pipes: Pipes) -> Process:
    """Start a child: the only place in the daemon that does. Raises OSError.

    Own session and so own group, minimal environment, no open file of ours but *keep*.
    """
    stdin, stdout, stderr = pipes
    return await asyncio.create_subprocess_exec(
        *argv,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        pass_fds=keep,
        env=sandbox.environment(),
        start_new_session=True,
    )


def merged(first: Metadata, second: Metadata) -> Metadata:
    """*first*, and from *second* what it lacks; a size is taken whole from one of them."""
    size = first if first.width and first.height else second
    return Metadata(
        taken_ms=second.taken_ms if first.taken_ms is None else first.taken_ms,
        width=size.width,
        height=size.height,
        orientation=first.orientation or second.orientation,
        duration_ms=second.duration_ms if first.duration_ms is None else first.duration_ms,
        camera=first.camera or second.camera,
        latitude=second.latitude if first.latitude is None else first.latitude,
        longitude=second.longitude if first.longitude is None else first.longitude,
    )


@contextlib.contextmanager
def memory_file(data: bytes) -> Iterator[int]:
    """*data* as an open file."""
    fd = os.memfd_create("syncd-still", os.MFD_CLOEXEC)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]
        yield fd
    finally:
        os.close(fd)


class MediaPool:
    """Bounded in jobs, memory and time. start(), then any number of calls at once, then close().

    Calls that come before it has started wait for that.
    """

    def __init__(
        self, settings: MediaSection, jobs: int = 2, ladder: Sequence[Level] = LADDER, idle_s: float = IDLE_S
    ) -> None:
        """*jobs* at once, unless the settings say how many."""
        self.settings = settings
        self.tools = Tools(None, None, None)
        self._started = asyncio.Event()
        self._slots = asyncio.Semaphore(settings.workers or jobs)
        self._crew = Crew(spawn, settings.memory_mb << 20, settings.timeout_s, ladder, idle_s)

    async def run(self) -> None:
        """Start beside everything else: trying sandboxes costs a small box as long as loading half of the daemon."""
        await self.start()
        await asyncio.get_running_loop().create_future()  # until cancelled, as every worker

    async def start(self) -> None:
        """Find the tools and the best sandbox that works; starts no worker yet."""
        self.tools = tools.find_tools()
        await self._crew.start(tools.tool_folders(self.tools))
        self._started.set()
        log.info("media: sandbox %s, ffmpeg %s, exiftool %s, Pillow %s", self.sandbox, *_shown(self.tools))

    async def close(self) -> None:
        """End everything; jobs still running fail."""
        await self._crew.close()
        self._started.set()

    @property
    def sandbox(self) -> Level | None:
        """The rung of the ladder that its children stand on; None before it is known."""
        return self._crew.level if self._started.is_set() else None

    # What others call.

    async def examine(self, source: int, media: MediaType) -> Examination:
        """Thumbnail, metadata and document test of the open file *source*; it stays the caller's."""
        if await self._refused():
            return Examination(Metadata(), None, False, NO_SANDBOX)
        async with self._slots:
            try:
                if media.kind == "image" and self.tools.pillow:
                    return await self._examine_picture(source, media)
                return await self._examine_moving(source, media)
            except (Failed, OSError) as exc:
                return Examination(Metadata(), None, False, _note(exc))

    async def preview(self, source: int, media: MediaType) -> bytes | None:
        """A JPEG of 1920 pixels at most on its longer side, upright, from the original; None: there is none."""
        if await self._refused():
            return None
        async with self._slots:
            try:
                if media.kind == "image" and self.tools.pillow:
                    return await self._preview_picture(source, media)
                return await self._ffmpeg_still(source, media)
            except (Failed, OSError) as exc:
                log.info("no preview: %s", exc)
                return None

    async def classify(self, source: int, program: Path) -> bool | None:
        """Ask the owner's own *program*: True a document, False a photo, None no answer.

        It runs with limits, without a sandbox: it is chosen by the owner and may need its own files (a model).
        """
        if await self._refused():
            return None
        own = [sys.executable] if program.suffix == ".py" else []
        command = [*own, str(program), sandbox.INPUT]
        async with self._slots:
            try:
                output = await self._crew.run(
                    "the classifier", command, source, CLASSIFIER_LIMIT, self._crew.supervised()
                )
            except (Failed, OSError) as exc:
                log.warning("[mobisync] document_classifier %s: %s", program, exc)
                return None
        if output.code != 0:
            log.warning("[mobisync] document_classifier %s ended with %d", program, output.code)
            return None
        return b"document" in output.stdout.lower()

    # Pictures.

    async def _examine_picture(self, source: int, media: MediaType) -> Examination:
        if media.mime in PILLOW_TYPES:
            reply = await self._crew.ask_worker("examine", source)
            if not (reply.foreign and media.mime in FFMPEG_STILLS):
                return _examination(reply, Metadata())
        known = await self._metadata(source, media)
        try:
            still = await self._still(source, media, known)
            if still is None:
                return Examination(known, None, False, f"no preview: nothing here reads {media.mime}")
            with memory_file(still) as fd:
                return _examination(await self._crew.ask_worker("examine", fd, _turn(media, known)), known)
        except Failed as exc:
            return Examination(known, None, False, _note(exc))

    async def _preview_picture(self, source: int, media: MediaType) -> bytes | None:
        if media.mime in PILLOW_TYPES:
            reply = await self._crew.ask_worker("preview", source)
            if not (reply.foreign and media.mime in FFMPEG_STILLS):
                return reply.picture if ffmpeg.is_jpeg(reply.picture) else None
        known = await self._metadata(source, media)
        still = await self._still(source, media, known)
        if still is None:
            return None
        with memory_file(still) as fd:
            reply = await self._crew.ask_worker("preview", fd, _turn(media, known))
        return reply.picture if ffmpeg.is_jpeg(reply.picture) else None

    async def _still(self, source: int, media: MediaType, known: Metadata) -> bytes | None:
        """A JPEG of what Pillow cannot read; None if nothing here can."""
        if media.mime in FFMPEG_STILLS:
            return await self._ffmpeg_still(source, media, known)
        if media.mime not in exiftool.TYPES or not self.tools.exiftool:
            return None
        async with self._crew.exiftool_with(self.tools.exiftool, source, media) as link:
            for tag in exiftool.PREVIEW_TAGS:
                question = exiftool.preview_question(tag)
                answer = await link.ask(question, exiftool.PREVIEW_LIMIT, self.settings.timeout_s)
                if answer.startswith(b"\xff\xd8\xff"):
                    return answer
        return None

    # Video, sound, and pictures by ffmpeg.

    async def _ffmpeg_still(self, source: int, media: MediaType, known: Metadata | None = None) -> bytes | None:
        if not self.tools.ffmpeg:
            return None
        if known is None and media.mime in TILED:
            known = await self._metadata(source, media)
        output = await self._ffmpeg(ffmpeg.preview(self.tools.ffmpeg, media.kind), source)
        if media.mime in TILED and not ffmpeg.shows_whole(output.stderr, known or Metadata()):
            return None
        return ffmpeg.last_jpeg(output.stdout)

    async def _examine_moving(self, source: int, media: MediaType) -> Examination:
        known, note, picture = await self._metadata(source, media), "", None
        if not self.tools.ffmpeg:
            return Examination(known, None, False, "no preview: ffmpeg is not installed")
        try:
            output = await self._ffmpeg(ffmpeg.thumbnail(self.tools.ffmpeg, media.kind), source)
            if media.mime not in TILED or ffmpeg.shows_whole(output.stderr, known):
                picture = ffmpeg.last_png(output.stdout)
            known = merged(known, ffmpeg.parse_report(output.stderr))
        except Failed as exc:
            note = _note(exc)
        if picture is None and not note:
            note = (
                "no preview: no cover in it" if media.kind == "audio" else "no preview: ffmpeg found no picture in it"
            )
        return Examination(known, picture, False, note)

    async def _metadata(self, source: int, media: MediaType) -> Metadata:
        """What exiftool says; empty without it, or if it fails: a picture does not depend on it."""
        if not self.tools.exiftool or media.mime not in exiftool.TYPES:
            return Metadata()
        try:
            async with self._crew.exiftool_with(self.tools.exiftool, source, media) as link:
                question = exiftool.metadata_question(media)
                return exiftool.parse_metadata(await link.ask(question, exiftool.JSON_LIMIT, self.settings.timeout_s))
        except Failed as exc:
            log.info("no metadata: %s", exc)
            return Metadata()

    async def _ffmpeg(self, command: Sequence[str], source: int) -> Output:
        return await self._crew.run("ffmpeg", command, source, OUTPUT_LIMIT)

    async def _refused(self) -> bool:
        """Is nothing to be opened here, now or ever?"""
        await self._started.wait()
        return self._crew.closed or (self.settings.require_sandbox and self.sandbox == "limits")


def _examination(reply: frames.Reply, known: Metadata) -> Examination:
    """What the worker said, as an answer; *known* comes first."""
    picture = reply.picture if ffmpeg.is_thumbnail(reply.picture) else None
    note = "" if picture else f"no preview: {reply.note or 'the media process made no picture'}"
    return Examination(merged(known, reply.metadata), picture, picture is not None and reply.is_document, note)


def _turn(media: MediaType, known: Metadata) -> int:
    """The orientation of the still made of *media*: ffmpeg has turned it; the one in a RAW file lies as taken."""
    return 1 if media.mime in FFMPEG_STILLS else known.orientation or 0


def _note(exc: Exception) -> str:
    if isinstance(exc, OSError):
        log.warning("media: %s", exc)
        return "no preview: the media process could not be started"
    return f"no preview: {exc}"


def _shown(found: Tools) -> tuple[str, str, str]:
    return found.ffmpeg or "absent", found.exiftool or "absent", found.pillow or "absent"
