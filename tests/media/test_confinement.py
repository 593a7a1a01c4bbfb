"""What a child may do, and that none is left: whatever it does, whoever ends first."""

import asyncio
import os
import re
import select
import shutil
import signal
import subprocess
import sys
from asyncio.subprocess import DEVNULL, PIPE
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from syncd.config import MediaSection
from syncd.media import family, sandbox
from syncd.model import MediaType
from syncd.workers.media import MediaPool, spawn
from tests.media import corpus
from tests.media.conftest import opened
from tests.media.test_moving import H264, playlists

REPOSITORY = Path(__file__).parent.parent.parent
JPEG = MediaType("image", "image/jpeg")
SECRET_TRIES = """
import os, socket
allowed = []
for path in ("/etc/passwd", {home!r}, {canary!r}):
    try:
        open(path).close() if not os.path.isdir(path) else os.listdir(path)
        allowed.append(path)
    except OSError:
        pass
for path in ("/tmp/escaped", "/usr/escaped", "/escaped", {home!r} + "/escaped"):
    try:
        open(path, "w").close()
        allowed.append(path)
    except OSError:
        pass
try:
    socket.create_connection(("127.0.0.1", {port}), 1).close()
    allowed.append("network")
except OSError:
    pass
print(allowed, open("/proc/self/fd/3").read())
"""


def look(level: str, *words: str | Path) -> list[str]:
    return [sys.executable, "-m", "tests.media.look", level, *map(str, words)]


async def attempt(level: sandbox.Level, script: str, source: int) -> str:
    """What *script* prints at *level*."""
    how = sandbox.Confinement(level, 256 << 20, 20, forks=True, own_user=False)
    command = [sys.executable, "-I", "-S", "-c", script]
    argv = sandbox.argv(how, sandbox.readable(), os.getpid(), source, command)
    process = await spawn(argv, (source,), (DEVNULL, PIPE, DEVNULL))
    out, _ = await process.communicate()
    return out.decode()


@pytest.mark.parametrize("level", ["bwrap", "landlock"])
async def test_a_confined_child_reads_its_input_and_nothing_else(tmp_path: Path, level: sandbox.Level) -> None:
    pool = MediaPool(MediaSection(), ladder=(level, "limits"))
    await pool.start()
    await pool.close()
    if pool.sandbox != level:
        pytest.skip(f"{level} does not work on this machine")
    canary = tmp_path / "canary"
    canary.write_text("secret")
    server = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    script = SECRET_TRIES.format(home=str(tmp_path), canary=str(canary), port=port)
    async with server:
        with opened(b"given", tmp_path) as (fd, _media):
            assert (await attempt(level, script, fd)).strip() == "[] given"


@pytest.mark.parametrize("level", sandbox.LADDER)
@pytest.mark.slow
async def test_every_rung_makes_thumbnails(tmp_path: Path, level: sandbox.Level) -> None:
    pool = MediaPool(MediaSection(), ladder=(level,))
    await pool.start()
    try:
        for content in (
            corpus.encoded(corpus.quadrants(), "JPEG"),
            corpus.clip(tmp_path / "clip.mp4", 10, "320x240", *H264),
        ):
            with opened(content, tmp_path) as (fd, media):
                assert media is not None
                found = await pool.examine(fd, media)
                assert corpus.near(corpus.colours(found.thumbnail or b""), corpus.UPRIGHT, 50), found.note
                assert found.metadata.width
    finally:
        await pool.close()


async def test_a_required_sandbox_that_is_missing_refuses(tmp_path: Path) -> None:
    pool = MediaPool(replace(MediaSection(), require_sandbox=True), ladder=("limits",))
    await pool.start()
    try:
        with opened(corpus.encoded(corpus.quadrants(), "JPEG"), tmp_path) as (fd, media):
            assert media is not None
            found = await pool.examine(fd, media)
            assert found.thumbnail is None
            assert "require_sandbox" in found.note
            assert await pool.preview(fd, media) is None
    finally:
        await pool.close()


def opens(log: Path) -> list[tuple[str, str, str]]:
    """(process, path, flags) of each successful open in a log of strace."""
    found = re.findall(
        r'^(\d+) +open(?:at2?)?\((?:AT_FDCWD, |\d+, )?"([^"]+)", ([^)]*)\) += \d+', log.read_text(), re.M
    )
    assert found
    return found


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_no_file_but_the_input_is_opened(tmp_path: Path) -> None:
    canary = corpus.clip(tmp_path / "canary.ts", 10, "320x240", *H264)
    inputs = [tmp_path / "a.jpg", tmp_path / "a.mp4", tmp_path / "-version", tmp_path / "a|"]
    for path in (inputs[0], *inputs[2:]):
        path.write_bytes(corpus.encoded(corpus.quadrants(), "JPEG"))
    corpus.clip(inputs[1], 10, "320x240", *H264)
    for number, text in enumerate(playlists(tmp_path, canary).values()):
        inputs.append(tmp_path / f"{number}.mp4")
        inputs[-1].write_text(text)
    log = tmp_path / "strace"
    # On the lowest rung: no sandbox hides what a parser tries.
    trace = [
        "strace",
        "-f",
        "--seccomp-bpf",
        "-qq",
        "-e",
        "trace=open,openat,openat2",
        "-o",
        str(log),
        *look("limits", *inputs),
    ]
    done = subprocess.run(trace, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    sizes = [line.split() for line in done.stdout.splitlines()]
    assert all("0" not in pair for pair in sizes[:4])
    assert sizes[4:] == [["0", "0"]] * (len(inputs) - 4)

    seen = opens(log)
    daemon = {pid for pid, path, _flags in seen if path == str(inputs[0])}
    children = [(path, flags) for pid, path, flags in seen if pid not in daemon]
    assert any(path == sandbox.INPUT for path, _flags in children)
    system = (*sandbox.readable(), "/etc/", "/proc/", "/sys/devices/system/", "/dev/null", "/dev/urandom")
    assert [path for path, _flags in children if not path.startswith(system)] == []
    assert [path for path, _flags in children if str(tmp_path) in path] == []
    written = {path for path, flags in children if re.search("O_WRONLY|O_RDWR|O_CREAT", flags)}
    assert written <= {"/dev/null"}


def gone(pids: set[int]) -> None:
    """Return when none of *pids* runs any more."""
    for pid in pids:
        try:
            fd = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            assert select.select([fd], [], [], 10)[0], f"{pid} is still there"
        finally:
            os.close(fd)


def classifier(folder: Path, text: str, name: str = "classifier") -> Path:
    path = folder / name
    path.write_text(text)
    path.chmod(0o755)
    return path


SCRIPTS = {
    "echo 'a DOCUMENT'": True,
    "echo photo": False,
    "exit 0": False,
    "echo document; exit 3": None,
    'test "$(head -c 2 "$1" | od -An -tx1 | tr -d " \\n")" = ffd8 && echo document': True,
    "yes document": None,
    "kill -9 $$": None,
}


async def test_the_classifier_has_its_say(pool: MediaPool, tmp_path: Path) -> None:
    with opened(corpus.encoded(corpus.quadrants(), "JPEG"), tmp_path) as (fd, _media):
        for text, answer in SCRIPTS.items():
            assert await pool.classify(fd, classifier(tmp_path, f"#!/bin/sh\n{text}\n")) is answer, text
        python = classifier(tmp_path, "import sys\nprint('document', open(sys.argv[1], 'rb').read(2))\n", "c.py")
        assert await pool.classify(fd, python) is True
        assert await pool.classify(fd, tmp_path / "absent") is None


# A child, one that left the session, and one whose parent is gone as well: each tells its number.
FORKING = """#!/bin/sh
exec 2>/dev/null
echo $$ >> {pids}
(setsid sh -c 'echo $$ >> {pids}; (setsid sh -c "echo \\$\\$ >> {pids}; exec sleep 300" &); exec sleep 300' &)
while [ $(wc -l < {pids}) -lt 3 ]; do :; done
{then}
"""


def pids_in(path: Path) -> set[int]:
    found = {int(line) for line in path.read_text().split()}
    assert len(found) == 3
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("then", "answer"), [("echo document", True), ("exec sleep 300", None)])
async def test_nothing_outlives_the_classifier(tmp_path: Path, then: str, answer: bool | None) -> None:
    pool, pids = MediaPool(replace(MediaSection(), timeout_s=2)), tmp_path / "pids"
    await pool.start()
    try:
        with opened(b"x", tmp_path) as (fd, _media):
            program = classifier(tmp_path, FORKING.format(pids=pids, then=then))
            assert await pool.classify(fd, program) is answer
        gone(pids_in(pids))
    finally:
        await pool.close()


@pytest.mark.slow
def test_children_die_with_a_killed_daemon(tmp_path: Path) -> None:
    pids, jpeg = tmp_path / "pids", tmp_path / "a.jpg"
    jpeg.write_bytes(corpus.encoded(corpus.quadrants(), "JPEG"))
    os.mkfifo(tmp_path / "ready")
    program = classifier(tmp_path, FORKING.format(pids=pids, then=f"echo > {tmp_path}/ready; exec sleep 300"))
    daemon = subprocess.Popen(look("limits", "--classify", program, jpeg), cwd=REPOSITORY, stdout=subprocess.DEVNULL)
    try:
        (tmp_path / "ready").read_text()
        children = set(family.members(daemon.pid)) - {daemon.pid}
    finally:
        daemon.send_signal(signal.SIGKILL)
        daemon.wait()
    assert children >= pids_in(pids)
    gone(children)


@pytest.mark.slow
async def test_a_worker_that_takes_too_much_memory_is_replaced(tmp_path: Path) -> None:
    pool = MediaPool(replace(MediaSection(), memory_mb=64))
    await pool.start()
    try:
        # 15 megapixels are within the limit of pixels, but not within this memory.
        with opened(corpus.encoded(corpus.quadrants(3900, 3900), "PNG", compress_level=1), tmp_path) as (fd, media):
            assert media is not None
            found = await pool.examine(fd, media)
            assert found.thumbnail is None
            assert "memory" in found.note
        with opened(corpus.encoded(corpus.quadrants(), "JPEG"), tmp_path) as (fd, media):
            assert (await pool.examine(fd, JPEG)).thumbnail is not None
    finally:
        await pool.close()


@pytest.mark.slow
async def test_a_killed_worker_is_replaced(pool: MediaPool, tmp_path: Path) -> None:
    before = set(family.members(os.getpid()))
    with opened(corpus.encoded(corpus.quadrants(), "JPEG"), tmp_path) as (fd, _media):
        for _ in range(5):
            assert (await pool.examine(fd, JPEG)).thumbnail is not None
            workers = set(family.members(os.getpid())) - before
            assert workers
            for pid in workers:
                with suppress(ProcessLookupError):  # killing one of a family may end another
                    os.kill(pid, signal.SIGKILL)
            gone(workers)  # blocks the loop: the pool has not heard of it when it is asked again


@pytest.mark.slow
async def test_an_idle_worker_ends_and_another_follows(tmp_path: Path) -> None:
    pool = MediaPool(MediaSection(), idle_s=0.3)
    await pool.start()
    before = set(family.members(os.getpid()))
    try:
        with opened(corpus.encoded(corpus.quadrants(), "JPEG"), tmp_path) as (fd, _media):
            for _ in range(2):
                assert (await pool.examine(fd, JPEG)).thumbnail is not None
                await asyncio.to_thread(gone, set(family.members(os.getpid())) - before)
    finally:
        await pool.close()


async def test_a_cancelled_job_ends_its_child(pool: MediaPool, tmp_path: Path) -> None:
    ready, before = tmp_path / "ready", set(family.members(os.getpid()))
    os.mkfifo(ready)
    with opened(b"x", tmp_path) as (fd, _media):
        program = classifier(tmp_path, f"#!/bin/sh\necho > {ready}\nexec sleep 300\n")
        job = asyncio.create_task(pool.classify(fd, program))
        await asyncio.to_thread(ready.read_text)
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job
    assert set(family.members(os.getpid())) <= before


async def test_jobs_after_close_say_no(pool: MediaPool, tmp_path: Path) -> None:
    await pool.close()
    with opened(corpus.encoded(corpus.quadrants(), "JPEG"), tmp_path) as (fd, _media):
        assert (await pool.examine(fd, JPEG)).thumbnail is None
        assert await pool.preview(fd, JPEG) is None
        assert await pool.classify(fd, Path("/bin/true")) is None


@pytest.mark.slow
async def test_the_memory_of_a_family_is_watched(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    pool = MediaPool(replace(MediaSection(), memory_mb=64))
    await pool.start()
    hungry = "import os, signal\nos.fork()\nheld = bytearray(48 << 20)\nsignal.pause()\n"
    try:
        with opened(b"x", tmp_path) as (fd, _media):
            # Neither of the two is above the limit; both together are.
            assert await pool.classify(fd, classifier(tmp_path, hungry, "hungry.py")) is None
        assert "used more than 64 MiB" in caplog.text
    finally:
        await pool.close()
