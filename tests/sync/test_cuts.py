"""The line is cut in the middle of a chunk, of a completion, of a download. The client lives in a network namespace of
its own, at the other end of a virtual cable; the cuts are the kernel's.

Needs root, and `ip` and `nft` (packages iproute2 and nftables).
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.client.laptop import Laptop
from tests.daemon import ROOT, USER, Daemon, wait_until
from tests.sync.api import Api, Json, sha256
from tests.sync.conftest import logged_in, new_laptop
from tests.sync.roaming import CHUNK

pytestmark = pytest.mark.slow

CHUNKS = 12
SIDE_BY_SIDE = 4  # chunks that the folder client sends at a time
RESET = "reject with tcp reset"
DROP = "drop"


def run(*words: str) -> None:
    """Raises CalledProcessError, with what the tool said, when it fails."""
    subprocess.run(words, check=True, capture_output=True, text=True, timeout=30)


@dataclass(frozen=True, slots=True)
class Cable:
    """A virtual cable from here to a namespace."""

    name: str
    here: str  # address of the daemon
    there: str

    def lay(self) -> None:
        inside = ("ip", "-n", self.name)
        run("ip", "netns", "add", self.name)
        run("ip", "link", "add", f"{self.name}h", "type", "veth", "peer", "name", f"{self.name}t")
        run("ip", "link", "set", f"{self.name}t", "netns", self.name)
        run("ip", "addr", "add", f"{self.here}/30", "dev", f"{self.name}h")
        run(*inside, "addr", "add", f"{self.there}/30", "dev", f"{self.name}t")
        run(*inside, "link", "set", f"{self.name}t", "up")
        run("ip", "link", "set", f"{self.name}h", "up")
        run("nft", f"add table inet {self.name}")
        for hook in ("input", "output"):
            run("nft", f"add chain inet {self.name} {hook} {{ type filter hook {hook} priority 0; }}")

    def take_up(self) -> None:
        """Remove everything that is there."""
        for words in (("nft", f"delete table inet {self.name}"), ("ip", "netns", "del", self.name)):
            subprocess.run(words, check=False, capture_output=True, timeout=30)

    def cut(self, hook: str, rule: str) -> None:
        """From now on what comes *in* (or goes *out*) by the cable meets *rule*."""
        side = "iifname" if hook == "input" else "oifname"
        run("nft", f'add rule inet {self.name} {hook} {side} "{self.name}h" meta l4proto tcp {rule}')

    def cut_after(self, size: int) -> None:
        """Let *size* bytes from the other end come through, then no more."""
        self.cut("input", f"quota over {size} bytes counter {RESET}")

    @property
    def was_met(self) -> bool:
        """Has anything met the rule of `cut_after`?"""
        told = subprocess.run(["nft", "list", "table", "inet", self.name], check=True, capture_output=True, text=True)
        return "counter packets" in told.stdout and "counter packets 0" not in told.stdout

    @property
    def came(self) -> int:
        """Bytes that the other end has sent."""
        return int(Path(f"/sys/class/net/{self.name}h/statistics/rx_bytes").read_text())

    def mend(self) -> None:
        run("nft", f"flush table inet {self.name}")

    def pull_and_plug(self) -> None:
        for state in ("down", "up"):
            run("ip", "link", "set", f"{self.name}h", state)

    def python(self, *words: str) -> subprocess.Popen[str]:
        """Python at the other end."""
        return subprocess.Popen(
            ["ip", "netns", "exec", self.name, sys.executable, *words],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )


@pytest.fixture(scope="module")
def cable() -> Iterator[Cable]:
    missing = [tool for tool in ("ip", "nft") if shutil.which(tool) is None]
    if missing or os.geteuid() != 0:
        pytest.skip(f"needs root and ip and nft (iproute2, nftables); missing: {missing or 'root'}")
    number = os.getpid() % 250
    laid = Cable(f"sy{os.getpid()}", f"10.213.{number}.1", f"10.213.{number}.2")
    try:
        try:
            laid.lay()
        except subprocess.CalledProcessError as exc:
            pytest.skip(f"no virtual cable here: {exc.cmd}: {exc.stderr}")
        yield laid
    finally:
        laid.take_up()


@pytest.fixture(scope="module")
def wired(cable: Cable, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon that can be reached through the cable, too."""
    server = Daemon({"media": {"workers": 1}}, tmp_path_factory.mktemp("wired"))
    server.configure(
        {
            "server": {"listen": f"127.0.0.1:{server.port}, {cable.here}:{server.port}"},
            "media": {"workers": 1},
        }
    )
    try:
        yield server.start()
    finally:
        server.kill()  # a stop would wait for clients that it was never told are gone


@dataclass(frozen=True, slots=True)
class Traveller:
    """The client at the other end, and its account seen from here."""

    cable: Cable
    server: Daemon
    api: Api

    def goes(self, verb: str, path: str, file: Path, heard: Callable[[str], None]) -> Json:
        """Let it work; *heard* gets each word it says, and does what the network does then. Its result."""
        words = (verb, self.cable.here, str(self.server.port), self.api.token, path, str(file))
        with self.cable.python("-m", "tests.sync.roaming", *words) as process:
            assert process.stdin is not None and process.stdout is not None
            try:
                for line in process.stdout:
                    if line.startswith("{"):
                        return json.loads(line)
                    heard(line.strip())
                    process.stdin.write("\n")
                    process.stdin.flush()
                raise AssertionError("the client ended without a result")
            finally:
                process.kill()


@pytest.fixture
def traveller(cable: Cable, wired: Daemon) -> Iterator[Traveller]:
    yield Traveller(cable, wired, new_laptop(logged_in(wired)).api)
    cable.mend()


class Cuts:
    """Cuts the cable again and again, each time after some more bytes; mends it when the client has noticed."""

    def __init__(self, cable: Cable, hook: str, how: str, times: int, then: Callable[[], None] = lambda: None) -> None:
        self._cable, self._hook, self._how, self._then = cable, hook, how, then
        self._left = times
        self._seed = random.SystemRandom().randrange(1 << 32)
        print("seed", self._seed)  # shown when the test fails
        self._dice = random.Random(self._seed)
        self.noticed = 0

    def prepare(self) -> None:
        if self._left:
            self._left -= 1
            self._cable.cut(self._hook, f"quota over {self._dice.randrange(100_000, 2 * CHUNK)} bytes {self._how}")

    def heard(self, word: str) -> None:
        if word == "broken":
            self.noticed += 1
            self._cable.mend()
            self._then()
            self.prepare()
        elif word == "whole":  # what is left of the quota is not for the rest
            self._cable.mend()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "film.bin"
    found.write_bytes(random.randbytes(CHUNKS * CHUNK - 12_345))
    return found


@pytest.mark.parametrize(("how", "times"), [(RESET, 6), (DROP, 1)])
def test_a_cut_repeats_at_most_one_chunk(traveller: Traveller, file: Path, how: str, times: int) -> None:
    cuts = Cuts(traveller.cable, "input", how, times)
    cuts.prepare()
    result = traveller.goes("upload", f"cut-{how[:4]}.bin", file, cuts.heard)
    assert result["status"] == 200 and result["answer"]["conflict"] is None
    assert cuts.noticed >= max(1, times - 1)  # the last may have come when nothing was left to send
    assert result["chunks"] <= result["sent"] <= result["chunks"] + cuts.noticed
    assert traveller.api.download(f"cut-{how[:4]}.bin").body == file.read_bytes()


def test_a_cable_that_is_pulled_repeats_at_most_one_chunk(traveller: Traveller, file: Path) -> None:
    cuts = Cuts(traveller.cable, "input", DROP, 1, traveller.cable.pull_and_plug)
    cuts.prepare()
    result = traveller.goes("upload", "pulled.bin", file, cuts.heard)
    assert result["status"] == 200 and cuts.noticed
    assert result["chunks"] <= result["sent"] <= result["chunks"] + cuts.noticed
    assert traveller.api.download("pulled.bin").body == file.read_bytes()


def test_a_killed_daemon_forgets_chunks_but_invents_none(traveller: Traveller, file: Path) -> None:
    def die() -> None:
        traveller.server.kill()
        traveller.server.start()

    cuts = Cuts(traveller.cable, "input", RESET, 2, die)
    cuts.prepare()
    result = traveller.goes("upload", "killed.bin", file, cuts.heard)
    assert result["status"] == 200 and cuts.noticed
    assert traveller.api.download("killed.bin").body == file.read_bytes()


def test_a_line_that_loses_packets_only_takes_longer(traveller: Traveller, tmp_path: Path) -> None:
    small = tmp_path / "small.bin"
    small.write_bytes(random.randbytes(2 * CHUNK + 1))
    for hook in ("input", "output"):
        traveller.cable.cut(hook, "numgen random mod 100 < 5 drop")
    broken: list[str] = []
    result = traveller.goes("upload", "lossy.bin", small, broken.append)
    assert result["status"] == 200 and result["answer"]["conflict"] is None
    assert result["sent"] <= result["chunks"] + broken.count("broken")
    traveller.cable.mend()
    assert traveller.api.download("lossy.bin").body == small.read_bytes()


def test_a_completion_whose_answer_is_lost_is_done_once(traveller: Traveller, file: Path) -> None:
    words: list[str] = []

    def heard(word: str) -> None:
        words.append(word)
        if word == "whole":
            traveller.cable.cut("output", "ip length > 100 drop")  # handshakes pass, answers do not
        else:
            traveller.cable.mend()

    before = traveller.api.all_changes()[1]
    result = traveller.goes("upload", "completed.bin", file, heard)
    assert words == ["whole", "broken"]
    assert result["status"] == 200 and result["answer"]["path"] == "completed.bin"
    assert result["sent"] == result["chunks"]
    changes, _ = traveller.api.all_changes(before)
    assert [(one["path"], one["content_hash"]) for one in changes] == [("completed.bin", sha256(file.read_bytes()))]


def test_a_completion_that_never_arrives_changes_nothing(traveller: Traveller, file: Path) -> None:
    def heard(word: str) -> None:
        if word == "whole":
            traveller.cable.cut("input", RESET)
        else:
            assert traveller.api.download("unheard.bin", method="HEAD").status == 404
            traveller.cable.mend()

    result = traveller.goes("upload", "unheard.bin", file, heard)
    assert result["status"] == 200 and result["answer"]["path"] == "unheard.bin"


def test_a_download_goes_on_where_it_broke_off(traveller: Traveller, file: Path, tmp_path: Path) -> None:
    content = file.read_bytes()
    assert traveller.api.put("fetched.bin", content).status == 201
    cuts = Cuts(traveller.cable, "output", DROP, 1)
    cuts.prepare()
    result = traveller.goes("download", "fetched.bin", tmp_path / "fetched", cuts.heard)
    assert cuts.noticed
    assert result["content_hash"] == sha256(content)
    assert result["received"] == len(content)


def test_the_folder_client_goes_on_where_it_was_cut(cable: Cable, wired: Daemon, file: Path, tmp_path: Path) -> None:
    """It sends SIDE_BY_SIDE chunks at a time: no more than those travel twice for each cut."""
    person = logged_in(wired)
    laptop = Laptop(f"http://{cable.here}:{wired.port}", USER, tmp_path, "traveller").made_known(person)
    laptop.write("cut/film.bin", file.read_bytes())
    before, cuts = cable.came, 2
    cable.cut_after(2 * CHUNK)
    words = ("-m", "syncd.client", "sync", str(laptop.folder), "--json", "--prefix", "cut")
    with cable.python(*words, "--credentials", str(laptop.credentials)) as process:
        try:
            for left in reversed(range(cuts)):
                wait_until(lambda: cable.was_met, "the client to meet the cut", 60)
                cable.mend()
                if left:
                    cable.cut_after(2 * CHUNK)
            wait_until(lambda: person.live("cut/") != {}, "the file to arrive", 60)
        finally:
            process.kill()
            cable.mend()
    assert set(person.live("cut/").values()) == {sha256(file.read_bytes())}
    most = file.stat().st_size + cuts * SIDE_BY_SIDE * CHUNK
    assert cable.came - before < most * 1.1  # headers of packets
