"""`[accounts] quota_gb` through the sync door: nothing beyond it, however many ask at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection

import pytest

from tests.daemon import USER, Daemon
from tests.phone import Phone
from tests.samples import jpeg
from tests.sync.api import Api
from tests.sync.conftest import logged_in

pytestmark = pytest.mark.slow
MIB = 1 << 20


@pytest.fixture
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A box on which everybody may store one GiB."""
    with Daemon({"accounts": {"quota_gb": 1}, "media": {"workers": 1}}, tmp_path_factory.mktemp("quota")) as daemon:
        yield daemon


@pytest.fixture
def owner(small: Daemon) -> Api:
    return logged_in(small)


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


def announced(method: str, target: str, size: int, headers: dict[str, str], port: int) -> tuple[int, bytes]:
    """The answer to a request that only says how long its body would be."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as link:
        link.putrequest(method, target)
        for name, value in {**headers, "Content-Length": str(size), "Expect": "100-continue"}.items():
            link.putheader(name, value)
        link.endheaders()
        response = link.getresponse()
        return response.status, response.read()


def test_a_file_that_is_too_much_is_refused_before_it_is_sent(small: Daemon, owner: Api) -> None:
    bearer = {"Authorization": f"Bearer {owner.token}"}
    status, body = announced("PUT", "/api/v1/sync/files/x", (1 << 30) + 1, bearer, small.port)
    assert (status, b'"over_quota"' in body) == (413, True)


def test_a_phone_is_held_to_it_also_under_a_name_that_is_taken(small: Daemon, owner: Api) -> None:
    phone = Phone(f"{small.url}/k/{small.add_device(USER, 'phone')}", USER, "pixel")
    assert phone.upload("x.jpg", jpeg() + bytes(50_000)).status == 200
    assert owner.open_upload("most.bin", (1 << 30) - 60_000).status == 200
    # Its name is taken, but that file stays: the new one would come beside it.
    refused = phone.upload("x.jpg", jpeg(colour=(1, 2, 3)) + bytes(40_000))
    assert (refused.status, b"quota_gb" in refused.body) == (413, True)
