"""Coming back from another service, and who is in then."""

from __future__ import annotations

import json
from typing import Any

from tests.daemon import Daemon
from tests.signin.browser import Browser, Page
from tests.signin.services import Person

new_ids = iter(range(1000, 100_000))


def somebody(name: str, domain: str = "example.org", *, verified: bool = True) -> Person:
    """A person the service has not seen before."""
    return Person(next(new_ids), name, f"{name}@{domain}", verified)


def users(box: Daemon) -> dict[str, Any]:
    return {one["name"]: one for one in json.loads(box.must("user", "list", "--json"))}


def came_back(browser: Browser, module: str = "oidc") -> Page:
    """The answer to the callback."""
    page = browser.get(f"/login/{module}", follow=False)
    assert page.status == 302
    page = browser.get(page.location, follow=False)
    return browser.get(page.location, follow=False)


def is_signed_in(browser: Browser) -> bool:
    return browser.get("/dashboard", follow=False).status == 200
