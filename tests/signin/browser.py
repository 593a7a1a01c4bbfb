"""A browser as far as signing in goes: cookies of each origin, forms, redirects, `Origin`. It runs no scripts."""

from __future__ import annotations

import http.client
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urljoin, urlsplit

MOST_REDIRECTS = 20
REDIRECTS = (301, 302, 303, 307)


@dataclass(slots=True)
class Form:
    """A form of a page, with the values its fields came with."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Link:
    href: str
    text: str = ""


class _Reader(HTMLParser):
    """Forms, links and text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[Link] = []
        self.inputs: list[dict[str, str]] = []
        self.words: list[str] = []
        self.tags: list[str] = []
        self._in: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        self.tags.append(tag)
        self._in.append(tag)
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get").lower()))
        elif tag == "input":
            self.inputs.append(given)
            if self.forms and "name" in given:
                self.forms[-1].fields[given["name"]] = given.get("value", "")
        elif tag == "button" and self.forms:
            self.forms[-1].buttons.append("")
        elif tag == "a":
            self.links.append(Link(given.get("href", "")))

    def handle_endtag(self, tag: str) -> None:
        while self._in and self._in.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self._in):
            self.words.append(data)
        if "a" in self._in and self.links:
            self.links[-1].text += data
        if "button" in self._in and self.forms and self.forms[-1].buttons:
            self.forms[-1].buttons[-1] += data


@dataclass(frozen=True, slots=True)
class Page:
    """What came."""

    status: int
    url: str
    headers: http.client.HTTPMessage
    body: bytes
    read: _Reader

    @property
    def html(self) -> str:
        return self.body.decode()

    @property
    def text(self) -> str:
        """Its words, as a person reads them."""
        return " ".join(" ".join(self.read.words).split())

    @property
    def location(self) -> str:
        return self.headers.get("Location", "")

    def form(self, action: str, **fields: str) -> Form:
        """The form that posts to *action* with those hidden fields."""
        found = [
            one
            for one in self.read.forms
            if urlsplit(urljoin(self.url, one.action)).path == action and fields.items() <= one.fields.items()
        ]
        assert found, (action, fields, [one.action for one in self.read.forms], self.text)
        return found[0]

    @property
    def key(self) -> str | None:
        """The API key that is shown."""
        found = [one["value"] for one in self.read.inputs if one.get("class") == "key"]
        return found[0] if found else None


class Browser:
    """One person's browser. *host* overrides the Host header, as a proxy in front of the box would have it."""

    def __init__(self, base: str, headers: dict[str, str] | None = None) -> None:
        self.base = base
        self.headers = headers or {}
        self.jars: dict[str, dict[str, str]] = {}

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies of the box itself."""
        return self.jars.setdefault(urlsplit(self.base).netloc, {})

    def get(self, where: str = "/", follow: bool = True, **headers: str) -> Page:
        return self._follow(self._send("GET", urljoin(self.base + "/", where), None, headers), follow)

    def post(self, where: str, fields: dict[str, str], follow: bool = True, **headers: str) -> Page:
        """Send a form as from a page of the same origin; *headers* (`Sec_Fetch_Site`) are added, '' leaves one out."""
        url = urljoin(self.base + "/", where)
        parts = urlsplit(url)
        sent = {"Origin": f"{parts.scheme}://{parts.netloc}", "Content-Type": "application/x-www-form-urlencoded"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in sent.items() if value}
        return self._follow(self._send("POST", url, urlencode(fields).encode(), sent), follow)

    def submit(self, page: Page, form: Form, follow: bool = True, **fields: str) -> Page:
        """Fill in *form* of *page* and press its button."""
        url = urljoin(page.url, form.action)
        if form.method == "get":
            return self.get(f"{url}?{urlencode(form.fields | fields)}", follow)
        return self.post(url, form.fields | fields, follow)

    def sign_in(self, user: str, password: str, follow: bool = True) -> Page:
        page = self.get("/")
        return self.submit(page, page.form("/signin"), follow, user=user, password=password)

    def _follow(self, page: Page, follow: bool) -> Page:
        for _ in range(MOST_REDIRECTS):
            if not follow or page.status not in REDIRECTS:
                return page
            page = self._send("GET", urljoin(page.url, page.location), None, {})
        raise AssertionError(f"more than {MOST_REDIRECTS} redirects, the last to {page.url}")

    def _send(self, method: str, url: str, body: bytes | None, headers: dict[str, str]) -> Page:
        parts = urlsplit(url)
        jar = self.jars.setdefault(parts.netloc, {})
        sent = {**(self.headers if url.startswith(self.base) else {}), **headers}
        if jar:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in jar.items())
        link = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        try:
            link.request(method, parts._replace(scheme="", netloc="", fragment="").geturl() or "/", body, sent)
            answer = link.getresponse()
            content = answer.read()
        finally:
            link.close()
        for line in answer.headers.get_all("Set-Cookie", []):
            for name, morsel in SimpleCookie(line).items():
                if morsel["max-age"] == "0" or "1970" in morsel["expires"]:
                    jar.pop(name, None)
                else:
                    jar[name] = morsel.value
        reader = _Reader()
        if "html" in answer.headers.get("Content-Type", ""):
            reader.feed(content.decode())
        return Page(answer.status, url, answer.headers, content, reader)
