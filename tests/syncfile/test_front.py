"""Addresses, methods and pages of other origins: row 49, and §1 of the protocol page."""

from __future__ import annotations

import json

import pytest

from tests.syncfile.client import Client

ORIGIN = {"Origin": "http://localhost:8000"}
PREFLIGHT = {**ORIGIN, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
CALLS = ["/v1/", "/v1/userRegister", "/v1/getAuthID", "/v1/isAuthAlive", "/v1/folder", "/v1/file", "/v1/f", "/v1/f/"]


@pytest.mark.parametrize("path", CALLS)
def test_a_page_of_another_origin_may_ask(stranger: Client, path: str) -> None:
    """Row 49."""
    answer = stranger.ask("OPTIONS", f"{path}?op=upload", headers=PREFLIGHT)
    assert (answer.status, answer.body) == (200, b"")
    assert answer.header("access-control-allow-origin") == "*"
    assert {"GET", "POST", "OPTIONS"} <= set(answer.header("access-control-allow-methods").split(", "))
    assert "content-type" in answer.header("access-control-allow-headers").lower()
    assert not answer.header("access-control-allow-credentials")
    assert stranger.ask("OPTIONS", path).status == 200


@pytest.mark.parametrize("path", [*CALLS, "/v1", "/v1/f?id=x", "/v1/nothing", "/v1/folder/"])
def test_whatever_is_answered_a_page_may_read(stranger: Client, path: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        assert stranger.ask(method, path, headers=ORIGIN).header("access-control-allow-origin") == "*"
    assert not stranger.ask("GET", path).header("access-control-allow-origin")


@pytest.mark.parametrize("size", [10, 1 << 20])
def test_a_file_may_be_read_by_a_page(person: Client, size: int) -> None:
    person.upload("x.bin", bytes(size))
    answer = person.ask("GET", person.link("x.bin"), headers=ORIGIN)
    assert (answer.status, len(answer.body), answer.header("access-control-allow-origin")) == (200, size, "*")
    listed = person.ask("GET", f"/v1/folder?op=list&path=root&authid={person.authid}", headers=ORIGIN)
    assert listed.header("access-control-allow-origin") == "*"


@pytest.mark.parametrize("path", ["/healthz", "/api/v1/sync/changes", "/folders", "/v1x", "/v10/"])
def test_other_doors_stay_shut_for_pages(stranger: Client, path: str) -> None:
    assert not stranger.ask("GET", path, headers=ORIGIN).header("access-control-allow-origin")


def test_the_host_is_still_looked_at(stranger: Client) -> None:
    answer = stranger.ask("GET", "/v1/isAuthAlive", headers={"Host": "evil.example.com"})
    assert (answer.status, json.loads(answer.body)["status"]) == (421, "error")


def test_the_index(stranger: Client) -> None:
    answer = stranger.ask("GET", "/v1/")
    assert (answer.status, answer.body) == (200, b"index")
    assert answer.header("content-type").startswith("text/html")
    moved = stranger.ask("GET", "/v1")
    assert (moved.status, moved.header("location")) == (301, "/v1/")


@pytest.mark.parametrize("path", ["/v1/folder/", "/v1/file/", "/v1/getAuthID/", "/v1/nothing", "/v1/f/x"])
def test_an_address_that_there_is_not(stranger: Client, path: str) -> None:
    answer = stranger.ask("GET", path)
    assert answer.status == 404 and answer.header("content-type").startswith("text/plain")


@pytest.mark.parametrize("path", ["/v1/", "/v1/folder", "/v1/f", "/v1/f/"])
def test_a_post_where_none_is_taken(stranger: Client, path: str) -> None:
    answer = stranger.ask("POST", path, b"x=1")
    assert (answer.status, json.loads(answer.body)["error_code"]) == (405, 405)
    assert "GET" in answer.header("allow")
