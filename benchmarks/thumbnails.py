"""A 12 MP JPEG becomes a thumbnail: the pool's worker beside djpeg and cjpeg (libjpeg-turbo's own programs)."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import resource
import statistics
import subprocess
import tempfile
from pathlib import Path

from PIL import Image

from benchmarks.servers import cpu_s, descendants
from syncd.config import MediaSection
from syncd.model import MediaType
from syncd.workers.media import MediaPool

FILES = 11


def photo(seed: int) -> bytes:
    """4000x3000, with grain, as a camera makes it."""
    small = Image.frombytes("RGB", (80, 60), (bytes((seed * 7 + i * i // 31) % 256 for i in range(80 * 60 * 3))))
    grain = Image.effect_noise((4000, 3000), 24).convert("RGB")
    picture = Image.blend(small.resize((4000, 3000), Image.Resampling.BICUBIC), grain, 0.15)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=90)
    return out.getvalue()


def living() -> dict[int, float]:
    """CPU seconds of this process and of everything alive below it, by pid."""
    found = {}
    for pid in (os.getpid(), *descendants(os.getpid())):
        with contextlib.suppress(FileNotFoundError):  # it has ended since
            found[pid] = cpu_s(pid)
    return found


async def by_worker(paths: list[Path]) -> float:
    """CPU seconds a file in a worker that is up: the worker's and this process's."""
    pool = MediaPool(MediaSection(workers=1))
    await pool.start()
    try:
        await _examine(pool, paths[0])
        before = living()
        for path in paths:
            await _examine(pool, path)
        after = living()
        return sum(after[pid] - before[pid] for pid in after.keys() & before.keys()) / len(paths)
    finally:
        await pool.close()


async def _examine(pool: MediaPool, path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        seen = await pool.examine(fd, MediaType("image", "image/jpeg"))
        assert seen.thumbnail is not None, seen.note
    finally:
        os.close(fd)


def by_programs(paths: list[Path]) -> float:
    """CPU seconds a file of `djpeg -scale 1/8 | cjpeg`: 500x375."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for path in paths:
        subprocess.run(f"djpeg -scale 1/8 '{path}' | cjpeg -quality 85 >/dev/null", shell=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / len(paths)


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"{number}.jpg") for number in range(FILES)]
        for number, path in enumerate(paths):
            path.write_bytes(photo(number))
        own, theirs = [], []
        for _ in range(rounds):
            own.append(asyncio.run(by_worker(paths)))
            theirs.append(by_programs(paths))
    print("\n### Thumbnail of a 12 MP JPEG\n\n| | CPU ms a file |\n|---|---|")
    print(f"| worker: 250x250 PNG, EXIF, document test | {statistics.median(own) * 1000:.1f} |")
    print(f"| djpeg -scale 1/8, cjpeg | {statistics.median(theirs) * 1000:.1f} |")


if __name__ == "__main__":
    main(3)
