"""The description of the protocol for programs, and the one for people, against the code and a running daemon."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web
from openapi_spec_validator import OpenAPIV31SpecValidator

from syncd.dialects.sync import ROUTES
from syncd.web.errors import STATUS
from tests.daemon import Daemon
from tests.sync.api import Json
from tests.sync.described import METHODS, Operation, Witness, document, faults, operations, resolved
from tests.sync.story import SECTIONS, tell

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "device-sync.md"
CODE = [ROOT / "syncd" / name for name in ("errors.py", "core", "web", "dialects/sync")]
OTHER_DOORS = {"email_exists", "identity_taken", "sign_in_failed"}  # codes that nobody meets at this one
# Answers that the tour does not bring about, with why.
RARE = {
    500: "a mistake of ours",
    503: "asked of those that need the disk, and seen of most",
    507: "only uploads can be too large for a disk",
}
RACES = {("put_file", 409), ("delete_file", 409), ("complete_upload", 409), ("resolve_conflict", 409)}
PERMISSIONS = {  # a file that the daemon may not touch: it may touch all that it made
    *(("download_file", 403), ("head_file", 403), ("put_file", 403), ("delete_file", 403)),
    *(("complete_upload", 403), ("list_blocks", 403), ("restore_file", 403), ("erase_file", 403)),
    *(("keep_folder", 403), ("remove_folder", 403)),
}


def test_it_is_valid() -> None:
    assert [one.message for one in OpenAPIV31SpecValidator(document()).iter_errors()] == []


def test_it_has_every_route_and_no_other() -> None:
    """HEAD is told of where it is a way to ask; aiohttp answers it for other GETs, too."""
    routes = {(_plain(one.path), one.method.lower()) for one in ROUTES if isinstance(one, web.RouteDef)}
    assert len(routes) == len(ROUTES)
    described = {(one.path, one.method) for one in operations()}
    assert {one for one in described if one[1] != "head"} == routes
    assert {path for path, method in described if method == "head"} == {"/api/v1/sync/download/{path}"}


def _plain(path: str) -> str:
    """An address of aiohttp's, without what its parameters match."""
    return re.sub(r"\{(\w+):[^}]*\}", r"{\1}", path)


@pytest.mark.parametrize("one", operations(), ids=lambda one: one.id)
def test_everything_is_explained(one: Operation) -> None:
    assert one.body["summary"] and one.body["tags"]
    assert all(parameter["description"] and parameter["schema"] for parameter in one.parameters)
    assert {parameter["name"] for parameter in one.parameters if parameter["in"] == "path"} == set(
        re.findall(r"\{(\w+)\}", one.path)
    )
    assert all(resolved(response)["description"] for response in one.body["responses"].values())


def _medias(node: Json) -> Iterator[Json]:
    """Whatever has examples and a schema beside them, anywhere below *node*."""
    if isinstance(node, dict):
        if "schema" in node and ("examples" in node or "example" in node):
            yield node
        for value in node.values():
            yield from _medias(value)
    elif isinstance(node, list):
        for value in node:
            yield from _medias(value)


def test_every_example_is_as_its_schema_says() -> None:
    found = list(_medias(document()))
    examples = [
        (value, media["schema"])
        for media in found
        for value in ([one["value"] for one in media.get("examples", {}).values()] + _single(media))
    ]
    assert len(examples) > 100
    assert [fault for value, schema in examples for fault in faults(value, schema)] == []


def _single(media: Json) -> list[Json]:
    return [media["example"]] if "example" in media else []


def test_every_success_with_json_has_an_example() -> None:
    bare = [
        (one.id, status)
        for one in operations()
        for status, response in one.body["responses"].items()
        if "application/json" in (content := resolved(response).get("content", {}))
        and "examples" not in content["application/json"]
    ]
    assert bare == [("describe", "200")]


# --- a running daemon


@pytest.fixture(scope="module")
def witness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Witness]:
    """Who has seen the whole tour."""
    with Daemon(SECTIONS, tmp_path_factory.mktemp("tour")) as daemon:
        yield tell(daemon)


@pytest.mark.slow
def test_every_answer_is_as_described(witness: Witness) -> None:
    assert witness.wrong == []


@pytest.mark.parametrize("one", operations(), ids=lambda one: one.id)
def test_every_described_answer_is_given(witness: Witness, one: Operation) -> None:
    """What is described and never seen would be a promise that nobody checked."""
    described = {int(status) for status in one.body["responses"]} - set(RARE)
    seen = {status for name, status in witness.seen if name == one.id}
    unseen = {status for status in described - seen if (one.id, status) not in RACES | PERMISSIONS}
    assert unseen == set()


def test_the_disk_was_missed_and_too_small(witness: Witness) -> None:
    statuses = {status for _, status in witness.seen}
    assert {503, 507} <= statuses


def test_the_daemon_gives_out_this_document(witness: Witness) -> None:
    assert ("describe", 200) in witness.seen


# --- the page for people


def _codes() -> set[str]:
    """Every `code` that the code can answer: of classes, and of keywords."""
    found: set[str] = set()
    for place in CODE:
        for file in [place] if place.is_file() else place.rglob("*.py"):
            found |= set(_codes_in(ast.parse(file.read_text())))
    return found


def _codes_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "code" and isinstance(node.value, ast.Constant):
            yield str(node.value.value)
        if isinstance(node, ast.ClassDef):
            for line in node.body:
                if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "code":
                    yield ast.literal_eval(line.value)


def _section(title: str) -> str:
    """What stands on the page below a heading."""
    return re.split(r"^## ", PAGE.read_text().partition(f"\n## {title}\n")[2], flags=re.MULTILINE)[0]


def test_the_page_lists_every_code_and_no_other() -> None:
    listed = re.findall(r"^\| `([a-z_]+)` \| [0-9]", _section("Error codes"), re.MULTILINE)
    assert len(listed) == len(set(listed))
    assert set(listed) == _codes() - OTHER_DOORS


def test_the_page_lists_every_endpoint_and_no_other() -> None:
    listed = re.findall(r"`([A-Z]+) (/api/v1/[^`?]*)`", _section("All endpoints"))
    described = [(one.method.upper(), one.path) for one in operations()]
    assert sorted(listed) == sorted(described)


def test_addresses_on_the_page_exist() -> None:
    """Those of the walk-through, where shell variables stand for the parameters."""
    spoken = set(re.findall(r"/api/v1/[^\s'\"`)<]*[^\s'\"`)<.,:;]", PAGE.read_text()))
    assert len(spoken) > 20
    for address in spoken:
        target = re.sub(r"\$\{?\w+\}?|[{}…]", "x", address).rstrip("/")
        assert any(one.takes(method, target) for one in operations() for method in METHODS), address


def test_statuses_on_the_page_are_those_of_the_code() -> None:
    listed = dict(re.findall(r"^\| `([a-z_]+)` \| ([0-9]+) \|", _section("Error codes"), re.MULTILINE))
    for kind, status in STATUS.items():
        assert listed[kind.code] == str(int(status))


@pytest.mark.slow
@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("jq")), reason="curl and jq are not installed")
def test_the_walk_through_works_when_pasted(tmp_path: Path) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    with Daemon({"media": {"workers": 1}}, tmp_path / "daemon") as daemon:
        script = "\n".join(blocks).replace("SERVER=http://127.0.0.1:8420\n", f"SERVER={daemon.url}\n")
        assert daemon.url in script
        done = subprocess.run(
            ["bash", "-euc", script], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
        )
        assert (done.returncode, set(re.findall(r"curl: \(\d+\)", done.stderr))) == (0, {"curl: (28)"}), done.stderr
        tree = daemon.tree()
        assert (tree / "Notes" / "list.txt").read_text() == "Buy tea.\n"
        assert (tree / "Videos" / "film again.mp4").read_bytes() == (tmp_path / "film.mp4").read_bytes()
        assert '"durable": true' in done.stdout
