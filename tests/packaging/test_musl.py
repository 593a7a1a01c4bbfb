"""The packages for OpenWrt, started on musl: with BusyBox for a shell, and a CPython built for it here."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.packaging import payload
from tests.packaging.conftest import Press
from tests.packaging.musl.system import musl_userland
from tests.packaging.smoke import smoke
from tests.packaging.userland import Userland, box, run

# The first one builds; what it built stays below build/.
pytestmark = [pytest.mark.packaging, pytest.mark.heavy, pytest.mark.timeout(3600)]
PACKAGES = {"x86_64": "x86_64", "aarch64": "aarch64_generic"}  # a machine and what it installs

# A client and a server that trust one certificate: the word of the one arrives at the other.
HANDSHAKE = """
import socket, ssl, sys, threading
certificate, key = sys.argv[1:]
server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
server.load_cert_chain(certificate, key)
client = ssl.create_default_context(cafile=certificate)
listening = socket.create_server(("127.0.0.1", 0))
def serve():
    with server.wrap_socket(listening.accept()[0], server_side=True) as link:
        link.sendall(link.recv(100).upper())
thread = threading.Thread(target=serve)
thread.start()
with client.wrap_socket(socket.create_connection(listening.getsockname()), server_hostname="box.test") as link:
    link.sendall(b"hello")
    print(link.version(), link.recv(100).decode())
thread.join()
"""


@pytest.fixture(scope="session")
def installed(pressed: Press, tmp_path_factory: pytest.TempPathFactory) -> payload.Make:
    """Order the unpacked package for an architecture; each is made once."""
    return cache(lambda architecture: payload.ipk(pressed(architecture), tmp_path_factory.mktemp("ipk")))


@pytest.fixture(params=PACKAGES)
def openwrt(request: pytest.FixtureRequest, installed: payload.Make) -> Userland:
    """A musl system with the package installed."""
    return musl_userland(request.param).over(installed(PACKAGES[request.param]).root)


def test_a_photo_goes_through_its_life_there(openwrt: Userland, tmp_path: Path) -> None:
    with box(openwrt, tmp_path) as daemon:
        smoke(daemon, thumbnails=False)


def test_the_package_without_compiled_code_runs_where_the_feed_has_bcrypt(
    installed: payload.Make, tmp_path: Path
) -> None:
    feed = tmp_path / "feed/usr/lib/python3.11/site-packages"
    for name in ("bcrypt", "bcrypt.libs"):
        shutil.copytree(installed("x86_64").root / "usr/lib/syncd" / name, feed / name)
    pure = musl_userland("x86_64").over(tmp_path / "feed", installed("all").root)
    assert payload.extensions(installed("all").root) == []
    with box(pure, tmp_path) as daemon:
        smoke(daemon, thumbnails=False)


def test_compiled_libraries_load_under_their_own_names(openwrt: Userland, tmp_path: Path) -> None:
    payload.load_extensions(openwrt, tmp_path)


def test_tls_works_there(openwrt: Userland, tmp_path: Path) -> None:
    """For signing in with other services, which the box calls itself."""
    home = tmp_path / "box"
    home.mkdir()
    pair = [str(home / name) for name in ("certificate.pem", "key.pem")]
    subject = ("-subj", "/CN=box.test", "-addext", "subjectAltName=DNS:box.test")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    subprocess.run([*command, *subject, "-out", pair[0], "-keyout", pair[1]], check=True, capture_output=True)
    (home / "key.pem").chmod(0o644)
    assert run(openwrt, tmp_path, HANDSHAKE, *pair) == "TLSv1.3 HELLO\n"
