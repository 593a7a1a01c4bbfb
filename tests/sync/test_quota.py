"""`[accounts] quota_gb` through the sync door: nothing beyond it, however many ask at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.daemon import Daemon
from tests.sync.api import Api
from tests.sync.conftest import logged_in

pytestmark = pytest.mark.slow
MIB = 1 << 20


@pytest.fixture
def owner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A person who may store one GiB."""
    with Daemon({"accounts": {"quota_gb": 1}}, tmp_path_factory.mktemp("quota")) as daemon:
        yield logged_in(daemon)


def test_uploads_that_begin_together_stay_within_it(owner: Api) -> None:
    assert owner.me().json()["usage"]["quota_bytes"] == 1 << 30
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda number: owner.open_upload(f"{number}.bin", 600 * MIB), range(4)))
    assert [answer.status for answer in answers].count(200) <= 1
    assert {answer.json()["code"] for answer in answers if answer.status != 200} == {"over_quota"}
    for answer in answers:
        if answer.status == 200:
            assert owner.cancel_upload(answer.json()["id"]).status == 204
    assert owner.open_upload("one.bin", 600 * MIB).status == 200
    refused = owner.open_upload("two.bin", 600 * MIB)
    assert (refused.status, refused.json()["code"]) == (413, "over_quota")
    assert owner.put("small.txt", b"there is room for this").status == 201
