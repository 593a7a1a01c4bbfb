"""Other web pages, and forms that were not made here."""

from __future__ import annotations

import http.client

import pytest

from tests.conftest import MakeDaemon
from tests.daemon import PASSWORD, USER, Daemon
from tests.signin.browser import Browser

pytestmark = pytest.mark.slow

POSTS = (
    "/signout",
    "/refresh",
    "/dashboard/key/revoke",
    "/dashboard/app-device/forget",
    "/dashboard/device/revoke",
    "/dashboard/account/unlink",
    "/dashboard/sessions/end",
)


def fields_of(browser: Browser) -> dict[str, str]:
    """The right fields, so that nothing but the origin can be what is wrong."""
    page = browser.get("/dashboard")
    return {**page.form("/signout").fields, "app": "obtainium", "device": "x", "issuer": "x", "subject": "x"}


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "null", "Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Origin": "https://evil.example", "Sec_Fetch_Site": "same-origin"},
        {"Origin": "", "Sec_Fetch_Site": "none"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "https://evil.example", "X_Forwarded_Host": "evil.example", "X_Forwarded_Proto": "https"},
        {"Origin": "https://evil.example", "Forwarded": "host=evil.example;proto=https"},
    ],
)
def test_a_form_of_another_page_does_nothing(desi: Browser, path: str, headers: dict[str, str]) -> None:
    page = desi.post(path, fields_of(desi), follow=False, **headers)
    assert page.status == 403 and "Set-Cookie" not in page.headers
    assert desi.get("/dashboard", follow=False).status == 200


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("token", ["", "0" * 64, "\ud7ff", "é"])
def test_a_form_without_the_token_of_the_log_in_does_nothing(desi: Browser, path: str, token: str) -> None:
    assert desi.post(path, {**fields_of(desi), "form_token": token}, follow=False).status == 403
    assert desi.get("/dashboard", follow=False).status == 200


def test_a_form_of_another_log_in_of_the_same_person_does_nothing(box: Daemon, desi: Browser) -> None:
    other = Browser(box.url)
    other.sign_in(USER, PASSWORD)
    assert desi.post("/signout", fields_of(other), follow=False).status == 403
    assert desi.get("/dashboard", follow=False).status == 200


@pytest.mark.parametrize("path", POSTS)
def test_who_is_signed_out_is_sent_to_the_start(browser: Browser, path: str) -> None:
    page = browser.post(path, {"form_token": "x", "app": "obtainium"}, follow=False)
    assert page.status == 303 and page.location in ("/", "/?why=signed-out")


def test_nothing_sends_the_browser_elsewhere(browser: Browser) -> None:
    query = "next=//evil.example&return_to=https://evil.example&why=%0d%0aSet-Cookie:%20a=b"
    page = browser.get(f"/?{query}")
    assert page.status == 200 and "evil" not in page.html and "Set-Cookie" not in page.headers
    fields = {"user": USER, "password": PASSWORD, "next": "//evil.example"}
    page = browser.post(f"/signin?{query}", fields, follow=False)
    assert (page.status, page.location) == (303, "/dashboard")


def test_what_an_address_says_is_not_shown(desi: Browser) -> None:
    page = desi.get("/dashboard?done=%3Cscript%3E&why=your%20account%20is%20hacked")
    assert "hacked" not in page.html and "&lt;script" not in page.html


@pytest.mark.parametrize("body", [b"\xff\xfe", b"a=%ff%fe", b"&".join([b"a=1"] * 60), b"user"])
def test_a_body_that_is_no_form_is_refused(box: Daemon, body: bytes) -> None:
    link = http.client.HTTPConnection("127.0.0.1", box.port, timeout=10)
    link.request("POST", "/signin", body, {"Origin": box.url, "Content-Type": "application/x-www-form-urlencoded"})
    assert link.getresponse().status in (400, 401)
    link.close()


def test_a_form_without_end_is_refused(browser: Browser) -> None:
    page = browser.post("/signin", {"user": "x" * 9000, "password": "x"}, follow=False)
    assert page.status == 413 and "That did not work" in page.text


def test_every_page_lets_nothing_in(box: Daemon, desi: Browser) -> None:
    pages = [
        Browser(box.url).get("/"),
        Browser(box.url).sign_in(USER, "wrong"),
        desi.get("/dashboard"),
        desi.post("/refresh", fields_of(desi)),
        desi.post("/refresh", {}, Origin="https://evil.example"),
        desi.get("/dashboard", follow=False),
    ]
    for page in pages:
        policy = page.headers["Content-Security-Policy"]
        for part in ("default-src 'none'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"):
            assert part in policy
        assert "unsafe" not in policy and "http" not in policy
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Referrer-Policy"] == "same-origin"
        assert "style=" not in page.html and "onclick" not in page.html and "<script>" not in page.html
        assert "//" not in page.html.replace("http://www.w3.org", "")


def test_at_home_the_cookie_is_plain_and_over_tls_it_is_bound_to_the_host(daemon: MakeDaemon) -> None:
    own = daemon({"server": {"public_url": "https://sync.example.org"}})
    at_home = Browser(own.url).sign_in(USER, PASSWORD, follow=False).headers["Set-Cookie"]
    assert at_home.startswith("syncd=") and "Secure" not in at_home
    outside = Browser(own.url, {"Host": "sync.example.org", "Origin": "https://sync.example.org"})
    fields = {"user": USER, "password": PASSWORD}
    cookie = outside.post("/signin", fields, follow=False, Origin="https://sync.example.org").headers["Set-Cookie"]
    assert cookie.startswith("__Host-syncd=") and "Secure" in cookie
    for one in (at_home, cookie):
        assert "HttpOnly" in one and "SameSite=Lax" in one and "Path=/" in one and "Domain" not in one
    assert outside.get("/dashboard", follow=False).status == 200
    outside.cookies["syncd"] = outside.cookies.pop("__Host-syncd")  # planted over plain HTTP
    assert outside.get("/dashboard", follow=False).status == 303
    refused = outside.post("/signin", fields, follow=False, Origin="https://sync.example.org.evil.example")
    assert refused.status == 403
