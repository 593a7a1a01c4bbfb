"""What JSON can spell and no program should send, and who may go on after being sent away."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.daemon import Daemon
from tests.sync.api import Api, Request
from tests.sync.conftest import Laptop

HALF = "\ud800"  # of a surrogate pair


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ("report", {"device_id": HALF, "changes": []}),
        ("ack", {"device_id": HALF, "cursor": 0}),
        ("upload", {"device_id": HALF, "target_path": "a", "expected_size": 1}),
        ("move", {"device_id": HALF, "from": "a", "to": "b"}),
        ("devices", {"name": "x", "device_type": "phone", "client_version": HALF}),
        ("devices", {"name": "x", "device_type": "phone", "os_info": HALF}),
    ],
)
def test_half_a_character_is_the_clients_mistake(person: Api, target: str, body: dict[str, object]) -> None:
    answer = person.post(f"/api/v1/sync/{target}", body)
    assert (answer.status, answer.json()["code"]) == (400, "bad_request")


def test_millions_of_empty_objects_cost_no_memory(server: Daemon, person: Api) -> None:
    def peak_kib() -> int:
        assert server.process is not None
        with open(f"/proc/{server.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

    before = peak_kib()
    body = b'{"changes":[' + b"{}," * 4_000_000 + b"{}]}"
    answer = person.ask(Request("POST", "/api/v1/sync/report", body))
    assert answer.status == 400
    assert peak_kib() - before < 80 << 10  # the body itself, and the list it was collected in


def test_who_is_sent_away_while_waiting_is_told_nothing(person: Api, laptop: Callable[[], Laptop]) -> None:
    device = laptop()
    cursor = device.api.changes(limit=1000).json()["cursor"]
    with device.api.abandon(Request("GET", f"/api/v1/sync/changes?cursor={cursor}&wait=30")) as waiting:
        assert person.remove_device(device.id).status == 204
        assert person.put("odd/secret.txt", b"not for them").status == 201
        assert b" 401 " in waiting.recv(4096).split(b"\r\n")[0]


def test_an_upload_is_of_the_device_that_began_it(laptop: Callable[[], Laptop], person: Api) -> None:
    one, other = laptop(), laptop()
    upload = one.api.open_upload("odd/own.txt", 3).json()["id"]
    assert other.api.upload_state(upload).status == 404
    assert other.api.send_chunk(upload, 0, b"bad").status == 404
    assert other.api.complete(upload).status == 404
    assert other.api.cancel_upload(upload).status == 404
    assert one.api.send_chunk(upload, 0, b"own").status == 200
    assert person.complete(upload).status == 200
