"""The description of the protocol for programs (openapi.json), and a witness that holds each answer against it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources

from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]  # it has no types

from tests.phone import Answer
from tests.sync.api import Api, Json, Request

METHODS = ("get", "head", "put", "post", "delete", "patch", "options", "trace")


@cache
def document() -> Json:
    return json.loads(resources.files("syncd.dialects.sync").joinpath("openapi.json").read_text())


@cache
def closed_components() -> Json:
    """The components, with no member allowed that is not described: a client may meet new ones, a test must not."""
    return _closed(document()["components"])


def _closed(node: Json) -> Json:
    if isinstance(node, list):
        return [_closed(one) for one in node]
    if not isinstance(node, dict):
        return node
    closed = {name: _closed(value) for name, value in node.items()}
    if isinstance(node.get("properties"), dict):
        closed.setdefault("additionalProperties", False)
    return closed


def resolved(node: Json) -> Json:
    """*node*, or what its $ref names."""
    while "$ref" in node:
        target: Json = document()
        for name in node["$ref"].removeprefix("#/").split("/"):
            target = target[name]
        node = target
    return node


def faults(value: Json, schema: Json) -> list[str]:
    """What of *value* is not as *schema* says; schemas of the document are closed."""
    whole = {**_closed(schema), "components": closed_components()}
    found = Draft202012Validator(whole, format_checker=FormatChecker()).iter_errors(value)
    return [f"{one.json_path}: {one.message}" for one in found]


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address."""

    path: str
    method: str  # small letters
    body: Json

    @property
    def id(self) -> str:
        return str(self.body["operationId"])

    @property
    def parameters(self) -> list[Json]:
        shared = document()["paths"][self.path].get("parameters", [])
        return [resolved(one) for one in [*shared, *self.body.get("parameters", [])]]

    def response(self, status: int) -> Json | None:
        found = self.body["responses"].get(str(status))
        return resolved(found) if found is not None else None

    def takes(self, method: str, target: str) -> bool:
        spoken = re.sub(r"\\{(\w+)\\}", lambda one: ".+" if one[1] == "path" else "[^/]+", re.escape(self.path))
        return method.lower() == self.method and re.fullmatch(spoken, target.partition("?")[0]) is not None


@cache
def operations() -> tuple[Operation, ...]:
    """All of them."""
    return tuple(
        Operation(path, method, item[method])
        for path, item in document()["paths"].items()
        for method in METHODS
        if method in item
    )


def operation(operation_id: str) -> Operation:
    return next(one for one in operations() if one.id == operation_id)


def deviations(asked: Operation, answer: Answer) -> Iterator[str]:
    """In what *answer* is not as described."""
    response = asked.response(answer.status)
    if response is None:
        yield f"status {answer.status} is not described: {answer.body[:200]!r}"
        return
    for name, header in response.get("headers", {}).items():
        value = answer.headers.get(name)
        if value is not None and resolved(header)["schema"]["type"] == "integer" and not value.isdigit():
            yield f"{name}: {value!r} is no number"
        if value is None and name != "Retry-After":  # an index that is broken does not know when
            yield f"{answer.status} without {name}"
    content = response.get("content")
    if content is None or asked.method == "head":
        if answer.body:
            yield f"{answer.status} has a body: {answer.body[:100]!r}"
        return
    kind = answer.header("Content-Type").partition(";")[0]
    media = content.get(kind) or content.get("*/*")
    if media is None:
        yield f"{answer.status} comes as {kind!r}"
    elif kind.endswith("json") and kind in content:
        yield from (f"{answer.status} {fault}" for fault in faults(answer.json(), media["schema"]))


class Witness(Api):
    """An Api that writes down which answers it saw, and which were not as described."""

    def __init__(self, host: str, port: int, token: str = "", timeout_s: float = 60.0) -> None:
        super().__init__(host, port, token, timeout_s)
        self.seen: set[tuple[str, int]] = set()
        self.wrong: list[str] = []

    def with_token(self, token: str) -> Witness:
        other = Witness(self.host, self.port, token, self.timeout_s)
        other.seen, other.wrong = self.seen, self.wrong  # one book for all
        return other

    def ask(self, request: Request) -> Answer:
        answer = super().ask(request)
        asked = next((one for one in operations() if one.takes(request.method, request.target)), None)
        if asked is None:
            self.wrong.append(f"{request.method} {request.target} is not described")
            return answer
        self.seen.add((asked.id, answer.status))
        self.wrong += [f"{asked.id}: {one}" for one in deviations(asked, answer)]
        return answer
