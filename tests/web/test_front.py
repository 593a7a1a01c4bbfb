"""From the wire to the router: addresses that people type, hosts that are ours."""

from __future__ import annotations

import pytest

from syncd.web.front import clean_target, is_own_host, own_hosts


@pytest.mark.parametrize(
    ("target", "path", "key"),
    [
        ("/upload", "/upload", None),
        ("//upload", "/upload", None),
        ("/k/SECRET/upload", "/upload", "SECRET"),
        ("/k/SECRET//upload", "/upload", "SECRET"),
        ("//k//SECRET///stream?File=a//b", "/stream?File=a//b", "SECRET"),
        ("/k/SECRET", "/", "SECRET"),
        ("/k/", "/", ""),
        ("/kitchen/x", "/kitchen/x", None),
        ("/x/k/SECRET/y", "/x/k/SECRET/y", None),
    ],
)
def test_the_key_and_double_slashes_leave_the_path(target: str, path: str, key: str | None) -> None:
    assert clean_target(target) == (path, key)


@pytest.mark.parametrize(
    "host",
    [
        "192.168.1.1",
        "192.168.1.1:8420",
        "[fe80::1]:8420",
        "localhost",
        "openwrt",
        "nas.local",
        "box.lan:80",
        "photos.example.org",
    ],
)
def test_own_hosts_are_answered(host: str) -> None:
    assert is_own_host(host, own_hosts("https://Photos.example.org/", []))


@pytest.mark.parametrize(
    "host", ["", "evil.example.com", "a.b.c:80", "<svg onload=x>", "[::1", "1.2.3.4.evil.com", "x y", "lan"[:0]]
)
def test_foreign_hosts_are_not(host: str) -> None:
    assert not is_own_host(host, own_hosts("", []))
