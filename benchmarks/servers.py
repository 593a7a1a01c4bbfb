"""syncd and its peers: how each is started, and what it has used."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import venv
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from benchmarks.client import Request, get, post
from tests.daemon import ROOT, USER, Daemon, free_port, wait_until

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"
BOUNDARY = "benchmark-2b1e7c"
TICKS = os.sysconf("SC_CLK_TCK")
Body = bytes | tuple[int, int, int]


def form(name: str, field: str, body: Body, extra: bytes = b"") -> list[Body]:
    """A form with one file, as pieces."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'
    return [extra + head.encode(), body, f"\r\n--{BOUNDARY}--\r\n".encode()]


def cpu_s(pid: int) -> float:
    """User and system seconds of one process, its threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def descendants(pid: int) -> list[int]:
    """Processes below *pid*, at any depth."""
    found = [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return found + [one for child in found for one in descendants(child)]


class Server(ABC):
    """Something that takes uploads or gives files."""

    name: str
    port: int
    pid: int

    def cpu(self) -> float:
        """CPU seconds of the server and all below it so far."""
        return sum(cpu_s(pid) for pid in (self.pid, *descendants(self.pid)))

    def download(self, name: str, *headers: str) -> Request:
        raise NotImplementedError(f"{self.name} is not asked for files")

    def upload(self, name: str, body: Body) -> Request:
        raise NotImplementedError(f"{self.name} is not sent files")

    @abstractmethod
    def close(self) -> None: ...


class Program(Server):
    """A peer started from a command line."""

    def __init__(self, name: str, port: int, command: Sequence[str], **more: str) -> None:
        self.name, self.port = name, port
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **more},
        )
        self.pid = self._process.pid
        wait_until(self._listens, f"{name} to listen", 30)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(10)


class Nginx(Program):
    """nginx with its default settings but for access_log off."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        work = Path(tempfile.mkdtemp(prefix="bench-nginx-"))
        (work / "conf").write_text(
            f"daemon off; worker_processes 1; pid {work}/pid; error_log {work}/error; user root;"
            "events { worker_connections 1024; } http { access_log off; sendfile on; keepalive_requests 1000000;"
            f" server {{ listen 127.0.0.1:{port} backlog=512; root {folder}; }} }}"
        )
        program = shutil.which("nginx", path="/usr/sbin:/usr/bin") or "nginx"
        super().__init__("nginx", port, [program, "-c", str(work / "conf")])

    def download(self, name: str, *headers: str) -> Request:
        return get(f"/{name}", *headers)


class Copyparty(Program):
    """copyparty without thumbnails and index, as it comes from PyPI."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        python = own_python("copyparty")
        command = [python, "-m", "copyparty", "-i", "127.0.0.1", "-p", str(port), "-v", f"{folder}::rw", "-q"]
        super().__init__("copyparty", port, [*command, "--no-thumb"], HOME=tempfile.mkdtemp(prefix="bench-cpp-"))

    def download(self, name: str, *headers: str) -> Request:
        return get(f"/{name}", *headers)

    def upload(self, name: str, body: Body) -> Request:
        action = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="act"\r\n\r\nbput\r\n'.encode()
        headers = [f"Content-Type: multipart/form-data; boundary={BOUNDARY}"]
        return post("/", headers, form(name, "f", body, action))


class Floor(Program):
    """A bare loop: receive, SHA-256, write, fsync."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        program = str(Path(__file__).with_name("floor.py"))
        super().__init__("bare loop", port, [sys.executable, program, str(port), str(folder)])

    def upload(self, name: str, body: Body) -> Request:
        return post("/", [], [body])


class Syncd(Server):
    """The daemon, through a phone's own address. Only its own process counts: thumbnails come later, elsewhere."""

    name = "syncd"

    def __init__(self, root: Path) -> None:
        self.daemon = Daemon({"media": {"workers": "1"}}, root)
        self.daemon.start()
        assert self.daemon.process is not None
        self.port, self.pid = self.daemon.port, self.daemon.process.pid
        self._key = self.daemon.add_device(USER, "bench")

    def cpu(self) -> float:
        return cpu_s(self.pid)

    def settle(self) -> None:
        """Wait until no thumbnail is being made."""
        wait_until(lambda: not descendants(self.pid), "the media workers to end", 300)

    def download(self, name: str, *headers: str) -> Request:
        return get(f"/k/{self._key}/stream?User={USER}&DeviceId=bench&File=2024%2F5%2F{name}", *headers)

    def upload(self, name: str, body: Body) -> Request:
        user = "[" + ", ".join(str(byte) for byte in USER.encode()) + "]"
        headers = [f"user: {user}", "date: 2024-5", f"Content-Type: multipart/form-data; boundary={BOUNDARY}"]
        return post(f"/k/{self._key}/upload", headers, form(name, "bench", body))

    def close(self) -> None:
        self.daemon.close()


def own_python(package: str) -> str:
    """The Python of a virtual environment with *package*, made at the first call, below ./build."""
    home = ROOT / "build" / "bench" / package
    python = home / "bin" / "python"
    if not python.exists():
        venv.create(home, with_pip=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", package], check=True)
    return str(python)
