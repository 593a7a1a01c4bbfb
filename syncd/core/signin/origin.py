"""May this request change something, or did another web page make the browser send it? Pure decisions.

Browsers say in `Origin` which page a form was on; the newer ones say in `Sec-Fetch-Site` how it relates to us, but only
over TLS or to the box itself. Neither can be written by a script. A request that has neither is refused: every
browser sends `Origin` with a form since 2020.
"""

from __future__ import annotations

from urllib.parse import urlsplit


def is_own_page(origin: str | None, fetch_site: str | None, host: str, public_url: str) -> bool:
    """Did a page of ours send it? *origin* and *fetch_site* are the headers, *host* is whom the request is for."""
    if fetch_site is not None and fetch_site not in ("same-origin", "none"):
        return False
    if origin is None or origin == "null":
        return fetch_site == "same-origin"
    return origin in (f"http://{host}", f"https://{host}") or (bool(public_url) and origin == origin_of(public_url))


def origin_of(url: str) -> str:
    """Scheme, host and port of *url*, as `Origin` has them."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def is_public_host(host: str, public_url: str) -> bool:
    """Is the request for `[server] public_url`, and does that speak TLS?"""
    return public_url.startswith("https://") and host.lower() == urlsplit(public_url).netloc.lower()
