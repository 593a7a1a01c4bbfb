"""A service behind https: its certificate must be one that the box trusts."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.daemon import Daemon
from tests.signin.browser import Browser, Page
from tests.signin.services import CLIENT, SECRET, StandIn, stand_in

pytestmark = pytest.mark.slow


def certificate(file: Path) -> Path:
    """A key and a certificate for this computer, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a service of the tests")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def trusted(tmp_path: Path) -> Path:
    return certificate(tmp_path / "trusted.pem")


@pytest.fixture(params=[True, False], ids=["trusted", "strange"])
def is_trusted(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def service(tmp_path: Path, trusted: Path, is_trusted: bool) -> Iterator[StandIn]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted if is_trusted else certificate(tmp_path / "strange.pem"))
    with stand_in(context) as made:
        yield made


@pytest.fixture
def box(tmp_path: Path, service: StandIn, trusted: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    """A box whose system trusts one certificate. The variable is OpenSSL's own, in place of the system's files."""
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    (tmp_path / "box").mkdir()
    daemon = Daemon(None, tmp_path / "box")
    known = {"issuer": service.url, "client_id": CLIENT, "client_secret": SECRET, "allow": "@example.org"}
    daemon.configure({"server": {"public_url": daemon.url}, "oidc": {**known, "create": True}})
    with daemon:
        yield daemon


def signed_in(browser: Browser, service: StandIn) -> Page:
    """Begin, let the service agree without a look at its page, and come back."""
    begun = browser.get("/login/oidc", follow=False)
    if not begun.location.startswith(service.url):
        return browser.get(begun.location)
    query = {name: values[0] for name, values in parse_qs(urlsplit(begun.location).query).items()}
    code = hashlib.sha256(query["state"].encode()).hexdigest()
    service.codes[code] = query
    return browser.get(f"/callback/oidc?{urlencode({'code': code, 'state': query['state']})}")


def test_only_a_certificate_that_the_box_trusts_will_do(box: Daemon, service: StandIn, is_trusted: bool) -> None:
    browser = Browser(box.url)
    page = signed_in(browser, service)
    assert page.status == 200 and urlsplit(page.url).path == ("/dashboard" if is_trusted else "/")
    assert ("octocat" in page.text) is is_trusted
    if not is_trusted:
        assert "certificate" in box.log.read_text().lower()
        assert service.asked == []
