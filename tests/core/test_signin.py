"""Signing in, by its rules: no sockets."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.names import home_of
from syncd.core.signin.failure import SignInFailed, Why
from syncd.core.signin.openid import Endpoints, check_claims, discovered
from syncd.core.signin.origin import is_own_page, is_public_host
from syncd.core.signin.outgoing import Reply
from syncd.core.signin.profile import Profile, is_allowed, names_for, refusal
from syncd.core.signin.services import MOST_ASKING
from syncd.core.signin.sessions import has_ended
from syncd.core.signin.tickets import GOOD_FOR_S, REMEMBERED, Tickets
from syncd.db.web_sessions import SessionRow
from syncd.modules import GithubSection, GoogleSection, is_safe
from syncd.options import Secret
from syncd.sections import Config
from tests.core.household import Household, opened

HOUR_MS = 3_600_000


class Clock:
    """Monotonic seconds that a test turns."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60), st.text(min_size=1, max_size=60))
def test_any_profile_gets_names_that_can_be_folders(login: str, name: str, email: str, subject: str) -> None:
    profile = Profile("https://x", subject, (login, name), (email,))
    first, second = itertools.islice(names_for(profile), 2)
    assert home_of(first) and second == f"{first}-2"
    assert first.isprintable() and not set(first) & set("/\\\0")


@given(st.text(max_size=60), st.text(max_size=60))
def test_nobody_is_allowed_by_a_name(login: str, subject: str) -> None:
    allow = ("anna", "@example.org", "5", "bob@example.net")
    profile = Profile("https://x", subject, (login, *allow))
    assert is_allowed(profile, allow) == (subject in ("anna", "5"))


@pytest.mark.parametrize(
    ("is_known", "allowed", "allow", "create", "why"),
    [
        (True, False, (), False, None),
        (True, True, ("5",), False, None),
        (True, False, ("5",), False, Why.NOT_ALLOWED),
        (True, False, ("5",), True, Why.NOT_ALLOWED),
        (False, True, ("5",), True, None),
        (False, True, ("5",), False, Why.STRANGER),
        (False, False, ("5",), True, Why.NOT_ALLOWED),
        (False, False, (), False, Why.STRANGER),
        (False, False, (), True, Why.STRANGER),
    ],
)
def test_who_enters(is_known: bool, allowed: bool, allow: tuple[str, ...], create: bool, why: Why | None) -> None:
    assert refusal(is_known=is_known, allowed=allowed, allow=allow, create=create) == why


def test_a_ticket_is_good_for_ten_minutes_and_once() -> None:
    clock = Clock()
    tickets = Tickets(clock)
    ticket, cookie = tickets.issue("oidc")
    clock.now_s += GOOD_FOR_S
    assert tickets.redeem(cookie, "oidc", ticket.state) == ticket
    with pytest.raises(SignInFailed):
        tickets.redeem(cookie, "oidc", ticket.state)
    late, cookie = tickets.issue("oidc")
    clock.now_s += GOOD_FOR_S + 1
    with pytest.raises(SignInFailed):
        tickets.redeem(cookie, "oidc", late.state)


def test_a_ticket_of_another_run_is_none() -> None:
    ticket, cookie = Tickets(Clock()).issue("oidc")
    with pytest.raises(SignInFailed):
        Tickets(Clock()).redeem(cookie, "oidc", ticket.state)


def test_used_tickets_are_remembered_within_bounds() -> None:
    tickets = Tickets(Clock())
    for _ in range(REMEMBERED + 10):
        ticket, cookie = tickets.issue("oidc")
        tickets.redeem(cookie, "oidc", ticket.state)
    assert len(tickets._used) == REMEMBERED


@given(st.text(max_size=200))
def test_nothing_else_is_a_ticket(cookie: str) -> None:
    with pytest.raises(SignInFailed):
        Tickets(Clock()).redeem(cookie, "oidc", "")


@pytest.mark.parametrize(
    ("used", "created", "ended"),
    [(0, 0, False), (11, 11, False), (13, 13, True), (0, 167, False), (0, 169, True), (-13, 0, True), (-1, -1, False)],
)
def test_when_a_log_in_ends(used: int, created: int, ended: bool) -> None:
    now = 10_000 * HOUR_MS
    assert has_ended(SessionRow(1, now - created * HOUR_MS, now - used * HOUR_MS), now) is ended


@given(st.text(max_size=40), st.sampled_from([None, "cross-site", "same-site", "none"]))
def test_only_an_own_page_counts(origin: str, fetch_site: str | None) -> None:
    own = origin in ("http://nas.lan", "https://nas.lan", "https://sync.example.org")
    found = is_own_page(origin, fetch_site, "nas.lan", "https://sync.example.org")
    assert found == (own and fetch_site in (None, "none"))


def test_a_request_without_any_word_of_its_origin_is_refused() -> None:
    assert not is_own_page(None, None, "nas.lan", "")
    assert not is_own_page("null", None, "nas.lan", "")
    assert not is_own_page("", None, "", "")
    assert is_own_page(None, "same-origin", "nas.lan", "")


def test_the_public_host_is_that_of_the_configuration_over_tls() -> None:
    assert is_public_host("Sync.Example.org", "https://sync.example.org")
    assert not is_public_host("sync.example.org", "http://sync.example.org")
    assert not is_public_host("sync.example.org:8420", "https://sync.example.org")
    assert not is_public_host("", "")


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://id.example.org/x", True),
        ("http://127.0.0.1:9/x", True),
        ("http://[::1]/x", True),
        ("http://localhost/x", True),
        ("http://id.example.org", False),
        ("http://localhost.evil.example", False),
        ("http://127.0.0.1.evil.example", False),
        ("http://127.0.0.1@evil.example", False),
        ("https://", False),
        ("file:///etc/passwd", False),
        ("javascript:alert(1)", False),
        ("https://id.example.org/x\r\nSet-Cookie: a=b", False),
        ("https://id.example.org/ x", False),
        ("https://[id.example.org/x", False),
        ("", False),
    ],
)
def test_where_a_secret_may_go(url: str, safe: bool) -> None:
    assert is_safe(url) is safe


FOUND: dict[str, object] = {
    "issuer": "https://id.example.org/",
    "authorization_endpoint": "https://id.example.org/a",
    "token_endpoint": "https://id.example.org/t",
    "jwks_uri": "https://id.example.org/k",
}


def test_what_a_service_says_of_itself() -> None:
    places = ("https://id.example.org/", "https://id.example.org/a", "https://id.example.org/t")
    whole = Endpoints(*places, "https://id.example.org/k", "", uses_basic=True, says_issuer=False)
    assert discovered(FOUND, "https://id.example.org", "auto") == whole
    post = {**FOUND, "token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert not discovered(post, "https://id.example.org", "auto").uses_basic
    assert discovered(post, "https://id.example.org", "basic").uses_basic


def test_claims_of_a_right_token_pass() -> None:
    claims: dict[str, object] = {"iss": "i", "aud": ["c", "d"], "azp": "c", "nonce": "n", "sub": "5"}
    check_claims(claims, "i", "c", "n")
    for name in claims:
        with pytest.raises(SignInFailed):
            check_claims({key: value for key, value in claims.items() if key != name}, "i", "c", "n")


class NoWeb:
    """Nobody is to be asked."""

    async def get(self, url: str, headers: dict[str, str]) -> Reply:
        raise AssertionError(url)

    async def post(self, url: str, fields: dict[str, str], headers: dict[str, str]) -> Reply:
        raise AssertionError(url)


async def test_a_box_that_does_not_know_the_time_says_so_and_ends_nothing(tmp_path: Path) -> None:
    hours = [0]
    secret = Secret("s")
    config = Config(
        google=GoogleSection(client_id="c", client_secret=secret),
        github=GithubSection(client_id="c", client_secret=secret),
    )
    async with opened(tmp_path, config, lambda: hours[0] * HOUR_MS) as house:  # 1970
        signin = house.core.signin
        with pytest.raises(SignInFailed) as failed:
            await signin.begin("google", NoWeb())
        assert failed.value.why is Why.CLOCK
        place, _ = await signin.begin("github", NoWeb())
        assert place.startswith("https://github.com/login/oauth/authorize?")
        cookie = await signin.sessions.begin(house.user)
        hours[0] = 1000
        found = await signin.sessions.find(cookie)
        assert found is not None and found.user == house.user


async def test_two_browsers_bring_the_same_newcomer(house: Household) -> None:
    profile = Profile("https://x", "5", ("mira",))
    identities = house.core.signin.identities
    entering = [identities.enter(profile, ("5",), True, lambda home: True) for _ in range(8)]
    users = await asyncio.gather(*entering)
    assert {one.name for one in users} == {"mira"} and len(await house.core.accounts.all()) == 2


async def test_a_folder_with_files_is_not_given_to_a_newcomer(house: Household) -> None:
    profile = Profile("https://x", "5", ("mira",))
    user = await house.core.signin.identities.enter(profile, ("5",), True, lambda home: home != "mira")
    assert (user.name, user.home) == ("mira", "mira (2)")


class Slow(NoWeb):
    """A service that does not answer before it is told to."""

    def __init__(self) -> None:
        self.goes_on = asyncio.Event()

    async def get(self, url: str, headers: dict[str, str]) -> Reply:
        await self.goes_on.wait()
        return Reply(500, b"")


async def test_a_slow_service_gathers_no_more_than_a_few(tmp_path: Path) -> None:
    config = Config(google=GoogleSection(client_id="c", client_secret=Secret("s")))
    async with opened(tmp_path, config) as house:
        signin, out = house.core.signin, Slow()
        waiting = [asyncio.ensure_future(signin.begin("google", out)) for _ in range(MOST_ASKING)]
        await asyncio.sleep(0)  # lets each come to its question
        with pytest.raises(SignInFailed, match="did not work") as failed:
            await signin.begin("google", out)
        assert "wait for a service already" in failed.value.detail
        out.goes_on.set()
        told = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(one) for one in told] == [SignInFailed] * MOST_ASKING
        with pytest.raises(SignInFailed) as failed:
            await signin.begin("google", out)
        assert failed.value.detail == "discovery: status 500"
