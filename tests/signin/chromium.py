"""A real browser, driven over its DevTools protocol (https://chromedevtools.github.io/devtools-protocol/)."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import shutil
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

START_S = 40
ANSWER_S = 30
FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions"),
    *("--disable-dev-shm-usage", "--remote-debugging-port=0", "--remote-allow-origins=*", "--lang=en"),
)


class Tab:
    """One page of the browser, and everything it said and asked for."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._loaded = asyncio.Event()
        self.requests: list[str] = []
        self.complaints: list[str] = []

    async def listen(self) -> None:
        """Take what the browser says, until it ends."""
        async for message in self._socket:
            said = json.loads(message.data)
            if "id" in said:
                self._waiting.pop(said["id"]).set_result(said)
            else:
                self._note(said["method"], said["params"])

    def _note(self, method: str, params: dict[str, Any]) -> None:
        match method:
            case "Page.loadEventFired":
                self._loaded.set()
            case "Network.requestWillBeSent":
                self.requests.append(params["request"]["url"])
            case "Log.entryAdded":
                self.complaints.append(params["entry"]["text"])
            case "Runtime.exceptionThrown":
                self.complaints.append(json.dumps(params["exceptionDetails"]))
            case "Runtime.consoleAPICalled":
                self.complaints.append(json.dumps(params["args"]))

    async def call(self, method: str, **params: object) -> dict[str, Any]:
        """What the browser answers to one command."""
        number = next(self._numbers)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": params})
        async with asyncio.timeout(ANSWER_S):
            answer = await self._waiting[number]
        assert "error" not in answer, (method, answer)
        result: dict[str, Any] = answer["result"]
        return result

    async def go(self, url: str) -> None:
        """Open *url* and wait until all of it is there."""
        self._loaded.clear()
        await self.call("Page.navigate", url=url)
        await self.loaded()

    async def loaded(self) -> None:
        async with asyncio.timeout(ANSWER_S):
            await self._loaded.wait()

    async def ask(self, script: str) -> Any:
        """The value of a piece of JavaScript, as a person at the console would see it."""
        options = {"returnByValue": True, "awaitPromise": True, "userGesture": True}
        answer = await self.call("Runtime.evaluate", expression=script, **options)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def until(self, script: str) -> None:
        """Wait until *script* is true."""
        async with asyncio.timeout(ANSWER_S):
            while not await self.ask(script):  # noqa: ASYNC110  # nothing tells when a page has changed
                await asyncio.sleep(0.02)

    async def press(self, script: str) -> None:
        """Click the element that *script* finds, and wait for the page it leads to."""
        self._loaded.clear()
        await self.ask(f"({script}).click()")
        await self.loaded()

    async def type(self, selector: str, text: str) -> None:
        await self.ask(f"document.querySelector({json.dumps(selector)}).focus()")
        await self.call("Input.insertText", text=text)

    async def look(self, path: Path, *, width: int, dark: bool) -> None:
        """A screenshot of the whole page at *width* CSS pixels."""
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        await self.call("Emulation.setEmulatedMedia", features=scheme)
        size = {"deviceScaleFactor": 1, "mobile": width < 600}
        await self.call("Emulation.setDeviceMetricsOverride", width=width, height=800, **size)
        height = await self.ask("document.documentElement.scrollHeight")
        await self.call("Emulation.setDeviceMetricsOverride", width=width, height=max(800, height), **size)
        await self.ask("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")
        shot = await self.call("Page.captureScreenshot", format="png")
        _save(path, base64.b64decode(shot["data"]))


def _save(path: Path, content: bytes) -> None:
    path.write_bytes(content)


@asynccontextmanager
async def chromium(profile: Path) -> AsyncIterator[Tab]:
    """A fresh browser with one tab; skips the test where there is none."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("no chromium here: install it, or run make dev")
    process = await asyncio.create_subprocess_exec(
        *(program, *FLAGS, f"--user-data-dir={profile}", "about:blank"),
        stdin=DEVNULL,
        stdout=DEVNULL,
        stderr=DEVNULL,
    )
    try:
        port = await _port(profile / "DevToolsActivePort", process)
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                address = next(one["webSocketDebuggerUrl"] for one in await answer.json() if one["type"] == "page")
            async with session.ws_connect(address, max_msg_size=0) as socket:
                tab = Tab(socket)
                listening = asyncio.ensure_future(tab.listen())
                for domain in ("Page", "Runtime", "Network", "Log"):
                    await tab.call(f"{domain}.enable")
                yield tab
                listening.cancel()
    finally:
        process.terminate()
        await process.wait()


async def _port(file: Path, process: Process) -> int:
    async with asyncio.timeout(START_S):
        while not (port := _written(file)):
            assert process.returncode is None, "chromium ended"
            await asyncio.sleep(0.05)
    return port


def _written(file: Path) -> int:
    """The port in Chromium's file; 0 while there is none."""
    lines = file.read_text().splitlines() if file.exists() else []
    return int(lines[0]) if lines else 0
