"""Many at once want the same path: one of them has it, and nobody's content is lost."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

import pytest

from tests.phone import Answer
from tests.sync.api import Api, etag, sha256
from tests.sync.conftest import new_laptop

pytestmark = pytest.mark.slow

CROWD = 8
TIMES = 6


def at_once(jobs: Sequence[Callable[[], Answer]]) -> list[Answer]:
    """The answers of all *jobs*, begun at the same moment."""
    answers: dict[int, Answer] = {}
    gate = threading.Barrier(len(jobs))

    def work(at: int) -> None:
        gate.wait()
        answers[at] = jobs[at]()

    threads = [threading.Thread(target=work, args=(at,)) for at in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [answers[at] for at in range(len(jobs))]


def statuses(answers: Sequence[Answer]) -> Counter[int]:
    return Counter(answer.status for answer in answers)


@pytest.fixture(scope="module")
def crowd(person: Api) -> list[Api]:
    return [new_laptop(person).api for _ in range(CROWD)]


def test_no_increment_is_lost(crowd: list[Api], folder: str) -> None:
    """A counter that everybody reads and writes back with If-Match."""
    path = f"{folder}/counter"
    assert crowd[0].put(path, b"0").status == 201

    def increment(api: Api) -> Answer:
        for _ in range(TIMES):
            while True:
                value = int(api.download(path).body)
                answer = api.put(path, b"%d" % (value + 1), headers={"If-Match": etag(b"%d" % value)})
                if answer.status != 412:
                    break
            assert answer.status == 200, answer.body
        return answer

    at_once([partial(increment, api) for api in crowd])
    assert crowd[0].download(path).body == b"%d" % (CROWD * TIMES)


def test_one_makes_what_must_not_exist(crowd: list[Api], folder: str) -> None:
    path = f"{folder}/lock"
    only_new = {"If-None-Match": "*"}
    answers = at_once([partial(api.put, path, b"%d" % at, headers=only_new) for at, api in enumerate(crowd)])
    assert statuses(answers) == {201: 1, 412: CROWD - 1}
    winner = [answer.status for answer in answers].index(201)
    assert crowd[0].download(path).body == b"%d" % winner


@pytest.mark.parametrize("chunked", [False, True])
def test_everybody_elses_version_is_a_copy(crowd: list[Api], folder: str, chunked: bool) -> None:
    path, base = f"{folder}/report.txt", b"what all of them knew"
    assert crowd[0].put(path, base).status == 201
    contents = [b"version %d" % at for at in range(CROWD)]

    def write(at: int) -> Answer:
        if chunked:
            return crowd[at].upload(path, contents[at], base_hash=sha256(base))
        return crowd[at].put(path, contents[at], sha256(base))

    answers = at_once([partial(write, at) for at in range(CROWD)])
    told = [answer.json() for answer in answers]
    assert [one["path"] for one in told].count(path) == 1
    assert len({one["path"] for one in told}) == CROWD
    live = crowd[0].live(f"{folder}/")
    assert live == {one["path"]: sha256(content) for one, content in zip(told, contents, strict=True)}
    [receipt] = crowd[0].receipts([sha256(base)]).json()["receipts"]
    assert receipt["in_trash"]


def test_one_deletes_and_one_moves(crowd: list[Api], folder: str) -> None:
    for at in range(TIMES):
        path = f"{folder}/{at}.txt"
        assert crowd[0].put(path, b"%d" % at).status == 201
        jobs: list[Callable[[], Answer]] = [partial(api.delete, path) for api in crowd[: CROWD // 2]]
        jobs += [partial(api.move, path, f"{folder}/{at}-{n}.txt") for n, api in enumerate(crowd[CROWD // 2 :])]
        found = statuses(at_once(jobs))
        assert found[204] + found[200] == 1 and found[404] == CROWD - 1, found
        assert len([path for path in crowd[0].live(f"{folder}/") if path.startswith(f"{folder}/{at}")]) == found[200]


def test_a_place_is_taken_once(crowd: list[Api], folder: str) -> None:
    for at, api in enumerate(crowd):
        assert api.put(f"{folder}/{at}", b"%d" % at).status == 201
    target = f"{folder}/target"
    answers = at_once([partial(crowd[at].move, f"{folder}/{at}", target) for at in range(CROWD)])
    assert statuses(answers) == {200: 1, 409: CROWD - 1}
    assert len(crowd[0].live(f"{folder}/")) == CROWD


def test_a_report_repeated_at_once_is_carried_out_once(crowd: list[Api], folder: str) -> None:
    api = crowd[0]
    assert api.put(f"{folder}/from", b"moved").status == 201
    said = {
        "path": f"{folder}/to",
        "old_path": f"{folder}/from",
        "change_type": "moved",
        "content_hash": sha256(b"moved"),
        "base_hash": sha256(b"moved"),
    }
    answers = at_once([partial(api.report, [said])] * CROWD)
    assert all(f"{folder}/to" in answer.json()["accepted"] for answer in answers)
    assert api.live(f"{folder}/") == {f"{folder}/to": sha256(b"moved")}
    assert api.conflicts().json() == [one for one in api.conflicts().json() if not one["path"].startswith(folder)]


def test_readers_see_one_version_or_the_other(crowd: list[Api], folder: str) -> None:
    """Nobody ever reads half of a file that is being replaced."""
    path = f"{folder}/flip"
    versions = [bytes([at]) * 300_000 for at in range(3)]
    assert crowd[0].put(path, versions[0]).status == 201
    ended = threading.Event()

    def write() -> Answer:
        for at in range(12):
            answer = crowd[0].put(path, versions[at % 3], sha256(versions[(at - 1) % 3]) if at else None)
            assert answer.status in (200, 201), answer.body
        ended.set()
        return answer

    def read(api: Api) -> Answer:
        while not ended.is_set():
            answer = api.download(path)
            assert answer.body in versions and answer.header("etag") == etag(answer.body)
        return answer

    answers = at_once([write, *(partial(read, api) for api in crowd[1:4])])
    assert statuses(answers) == {200: 4}
