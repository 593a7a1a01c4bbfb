"""A daemon in small, for tests that watch it from outside: python -m tests.media.look LEVEL FILE ...

Examines and previews each FILE as it is sniffed (as MP4 where that gives nothing), a line for each. With
`--classify PROGRAM` it asks that instead.
"""

import asyncio
import os
import sys
from pathlib import Path

from syncd.config import MediaSection
from syncd.media.sniff import SNIFF_BYTES, sniff
from syncd.model import MediaType
from syncd.workers.media import MediaPool


async def main(level: str, words: list[str]) -> None:
    pool = MediaPool(MediaSection(), ladder=(level,))  # type: ignore[arg-type]  # a word of the command line
    await pool.start()
    program = Path(words[1]) if words[0] == "--classify" else None
    for name in words[2:] if program else words:
        fd = os.open(name, os.O_RDONLY)
        media = sniff(os.pread(fd, SNIFF_BYTES, 0)) or MediaType("video", "video/mp4")
        if program:
            print(await pool.classify(fd, program), flush=True)
        else:
            seen, large = await pool.examine(fd, media), await pool.preview(fd, media)
            print(len(seen.thumbnail or b""), len(large or b""), flush=True)
        os.close(fd)
    await pool.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2:]))
