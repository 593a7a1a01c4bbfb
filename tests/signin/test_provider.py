"""OpenID Connect with a certified provider, through its own forms."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.daemon import PASSWORD, USER, Daemon
from tests.signin.browser import Browser
from tests.signin.services import CLIENT, SECRET, real_provider, through_its_forms

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    root = tmp_path_factory.mktemp("provider")
    daemon = Daemon(None, root)
    secret = root / "secret"
    secret.write_text(SECRET + "\n")
    with real_provider(f"{daemon.url}/callback/oidc") as issuer:
        section = {"issuer": issuer, "client_id": CLIENT, "client_secret_file": secret, "title": "Family log-in"}
        section |= {"allow": "@example.org", "create": True}
        daemon.configure({"server": {"public_url": daemon.url, "log_level": "debug"}, "oidc": section})
        with daemon:
            yield daemon


def issuer_of(box: Daemon) -> str:
    [line] = [line for line in box.conf.read_text().splitlines() if line.startswith("issuer")]
    return line.partition("=")[2].strip()


def test_a_newcomer_gets_a_user_and_finds_it_again(box: Daemon) -> None:
    browser = Browser(box.url)
    page = browser.get("/")
    assert [(one.text, one.href) for one in page.read.links] == [("Family log-in", "/login/oidc")]
    page = through_its_forms(browser, browser.get("/login/oidc"), "mira")
    assert page.url == f"{box.url}/dashboard" and page.status == 200
    assert "mira" in page.text and issuer_of(box) in page.text
    browser.cookies.clear()
    assert browser.get("/dashboard", follow=False).status == 303
    assert browser.get("/login/oidc").url == f"{box.url}/dashboard"  # still signed in over there
    users = {one["name"]: one for one in json.loads(box.must("user", "list", "--json"))}
    assert users["mira"]["identities"] == [{"issuer": issuer_of(box), "subject": "mira", "label": "mira@example.org"}]
    assert not users["mira"]["has_password"] and users["mira"]["role"] == "user"


def test_somebody_who_is_called_like_a_user_is_not_that_user(box: Daemon) -> None:
    browser = Browser(box.url)
    page = through_its_forms(browser, browser.get("/login/oidc"), USER)
    assert f"{USER}-2" in page.text


def test_who_is_signed_in_links_an_account_and_unlinks_it(box: Daemon) -> None:
    browser = Browser(box.url)
    page = browser.sign_in(USER, PASSWORD)
    page = browser.submit(page, page.form("/dashboard/account/link", module="oidc"))
    [link] = page.read.links
    page = through_its_forms(browser, browser.get(link.href), "desi-at-work")
    assert page.url == f"{box.url}/dashboard?done=linked" and "desi-at-work@example.org" in page.text
    again = Browser(box.url)
    page = through_its_forms(again, again.get("/login/oidc"), "desi-at-work")
    assert page.form("/signout") and f"{USER}-2" not in page.text
    page = again.submit(page, page.form("/dashboard/account/unlink"))
    assert "desi-at-work" not in page.text


def test_an_address_that_the_provider_did_not_verify_counts_for_nothing(box: Daemon) -> None:
    browser = Browser(box.url)
    page = through_its_forms(browser, browser.get("/login/oidc"), "unverified-eve")
    assert page.url == f"{box.url}/?why=not-allowed" and "may not come in" in page.text


def test_codes_and_tokens_are_not_in_the_log(box: Daemon) -> None:
    browser = Browser(box.url)
    page = through_its_forms(browser, browser.get("/login/oidc"), "quiet")
    assert page.status == 200
    log = box.log.read_text()
    assert "'/callback/oidc'" in log
    for part in ("code=", "state=", SECRET, "eyJ", browser.cookies["syncd"]):
        assert part not in log
