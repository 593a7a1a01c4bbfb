"""Asking other services, within bounds: one answer of at most 64 KiB in five seconds, and no redirect is followed.

Only over TLS, or to this very box; what is asked, and what came, is never logged.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

import aiohttp

from syncd import __version__
from syncd.core.signin.failure import SignInFailed, Why
from syncd.core.signin.outgoing import Reply
from syncd.modules import is_safe

TIMEOUT_S = 5
MOST_BYTES = 64 << 10


class Asking:
    """What one log-in asks; closed with its block, so that nothing is left of it."""

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True, limit=2),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,  # so that none can unfold in memory
            headers={"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": f"syncd/{__version__}"},
            trust_env=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def get(self, url: str, headers: dict[str, str]) -> Reply:
        """The answer to a GET; raises SignInFailed."""
        return await self._ask("GET", url, None, headers)

    async def post(self, url: str, fields: dict[str, str], headers: dict[str, str]) -> Reply:
        """The answer to a form; raises SignInFailed."""
        return await self._ask("POST", url, fields, headers)

    async def _ask(self, method: str, url: str, fields: dict[str, str] | None, headers: dict[str, str]) -> Reply:
        if not is_safe(url):
            raise SignInFailed(Why.SERVICE, "the service names an address without https")
        try:
            async with (
                asyncio.timeout(TIMEOUT_S),
                self._session.request(method, url, data=fields, headers=headers, allow_redirects=False) as answer,
            ):
                body = bytearray()
                async for chunk in answer.content.iter_any():
                    body += chunk
                    if len(body) > MOST_BYTES:
                        raise SignInFailed(Why.SERVICE, f"the service answered with more than {MOST_BYTES} bytes")
                return Reply(answer.status, bytes(body))
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as exc:
            raise SignInFailed(Why.SERVICE, f"the service is not reached: {type(exc).__name__}") from exc
