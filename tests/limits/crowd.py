"""Many big uploads at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from tests.faults.test_kill import JPEG
from tests.phone import Phone

MIB = 1 << 20


def picture(megabytes: int) -> Iterator[bytes]:
    """The bytes of something that begins as a photo."""
    yield JPEG
    for _ in range(megabytes):
        yield bytes(MIB)


def upload_at_once(phone: Phone, count: int, megabytes: int) -> list[int]:
    """Upload *count* files of so many MiB, all at once; what each was answered."""
    statuses: list[int] = []

    def upload(number: int) -> None:
        size = megabytes * MIB + len(JPEG)
        statuses.append(phone.upload_stream(f"{number}.jpg", picture(megabytes), size).status)

    uploads = [threading.Thread(target=upload, args=(number,)) for number in range(count)]
    for one in uploads:
        one.start()
    for one in uploads:
        one.join()
    return statuses
