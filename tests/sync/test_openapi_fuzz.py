"""Requests that nobody thought of, made from the description: all answers are as described, and nonsense is refused.

Schemathesis makes them, valid ones and invalid ones, the same at each run. What never ends and what ends the token that
all requests carry is asked by hand in story.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from schemathesis.checks import CheckContext
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.transport import Response
from schemathesis.generation.case import Case

from tests.daemon import Daemon
from tests.sync.api import Api, sha256
from tests.sync.conftest import logged_in, new_laptop
from tests.sync.described import document
from tests.sync.story import SECTIONS

ELSEWHERE = ["follow_changes", "log_out"]
LONGEST_ADDRESS = 16_000  # bytes, of 16,384 that the server reads
EXAMPLES = 8  # of each operation, beside those that go through its parameters one by one
# A good request may find that there is nothing, or another version, or no room; 400 is looked at below.
REFUSALS = ["2xx", "304", "400", "401", "403", "404", "409", "410", "412", "413", "416", "429", "507"]
REJECTIONS = ["400", "401", "403", "404", "405", "409", "410", "412", "413", "415", "416", "429", "507"]
# What a schema cannot say of a value, by operation.
BEYOND_SCHEMAS = {
    "acknowledge": {"bad_request"},  # a cursor that was given out
    "begin_upload": {"bad_name", "bad_request"},  # as many blocks as chunks
    "complete_upload": {"chunks_missing"},
    "put_file": {"bad_name", "digest_mismatch"},
    "send_chunk": {"bad_request", "chunk_size_mismatch", "digest_mismatch"},
}
NAMES = {"bad_name"}  # their length in bytes, and those that are the server's


def _config() -> SchemathesisConfig:
    return SchemathesisConfig.from_dict(
        {
            "seed": 3,
            "generation": {
                "max-examples": EXAMPLES,
                "deterministic": True,
                "database": "none",
                "with-security-parameters": False,  # asked without, with and with a wrong token anyway
            },
            "checks": {
                "positive_data_acceptance": {"expected-statuses": REFUSALS},
                "negative_data_rejection": {"expected-statuses": REJECTIONS},
            },
            "operations": [
                # One bad change does not spoil a report: it is told of in the answer.
                {"include-operation-id": "report_changes", "checks": {"negative_data_rejection": {"enabled": False}}},
            ],
        }
    )


SCHEMA = schemathesis.openapi.from_dict(document(), config=_config()).exclude(operation_id=ELSEWHERE)


@dataclass(frozen=True, slots=True)
class Stage:
    """A daemon with something of everything in it, and a person who asks."""

    url: str
    person: Api
    ids: dict[str, str | int]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Daemon(SECTIONS, tmp_path_factory.mktemp("fuzz")) as daemon:
        person = logged_in(daemon)
        phone = new_laptop(person)
        for content in (b"one", b"two"):
            assert person.put("notes.txt", content).status in (200, 201)
        conflict = phone.api.put("notes.txt", b"three").json()["conflict"]["id"]
        session = person.open_upload("film.mp4", 100_000, chunk_size=65536, expected_hash=sha256(b"")).json()["id"]
        ids = {"path": "notes.txt", "device_id": phone.id, "session_id": session, "conflict_id": conflict}
        yield Stage(daemon.url, person, ids)


@pytest.mark.slow
@SCHEMA.parametrize()
def test_every_answer_is_as_described(case: Case[Any], stage: Stage) -> None:
    _aim(case, stage)
    if len(case.as_transport_kwargs(base_url=stage.url)["url"]) > LONGEST_ADDRESS:
        assert case.call(base_url=stage.url).status_code == 400  # not HTTP to us: a line of text says so
        return
    answer = case.call_and_validate(
        base_url=stage.url,
        headers={"Authorization": f"Bearer {stage.person.token}"},
        additional_checks=[refused_for_a_reason],
        timeout=30,
    )
    _tidy(case, answer, stage)


def _aim(case: Case[Any], stage: Stage) -> None:
    """Ids that nobody has lead nowhere: put in some that exist. And let nothing wait."""
    meta = case.meta
    assert meta is not None
    if case.method.upper() != "DELETE" and not meta.is_negative_at(ParameterLocation.PATH):
        if "trash_id" in case.path_parameters:
            case.path_parameters["trash_id"] = _thrown_away(stage.person)
        for name in case.path_parameters.keys() & stage.ids.keys():
            if name != "path" or case.method.upper() != "PUT":
                case.path_parameters[name] = stage.ids[name]
    wait = case.query.get("wait")
    if isinstance(wait, int | float) and wait > 0:
        case.query["wait"] = 0
    if _is(case, "acknowledge") and isinstance(case.body, dict) and not meta.is_negative_at(ParameterLocation.BODY):
        case.body["device_id"] = stage.ids["device_id"]


def _is(case: Case[Any], operation_id: str) -> bool:
    return bool(case.operation.definition.raw["operationId"] == operation_id)


def _thrown_away(person: Api) -> int:
    """The number of a file that is in the trash now."""
    person.put("thrown/away.txt", b"thrown away")
    person.delete("thrown/away.txt")
    return int(person.trash(limit=1000).json()["entries"][-1]["id"])


def _tidy(case: Case[Any], answer: Response, stage: Stage) -> None:
    """A user has only so many devices and uploads."""
    if answer.status_code == 200 and _is(case, "add_device"):
        stage.person.remove_device(answer.json()["device"]["id"])
    if answer.status_code == 200 and _is(case, "begin_upload"):
        stage.person.cancel_upload(answer.json()["id"])


def refused_for_a_reason(ctx: CheckContext, response: Response, case: Case[Any]) -> bool | None:
    """Whoever keeps to the schemas is refused with 400 only for what they cannot say."""
    if response.status_code == 400 and case.meta is not None and case.meta.generation.mode.is_positive:
        operation_id = case.operation.definition.raw["operationId"]
        code = response.json()["code"]
        assert code in BEYOND_SCHEMAS.get(operation_id, NAMES), f"{operation_id}: {response.text}"
    return None
