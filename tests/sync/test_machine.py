"""Whatever devices do, in whatever order, and whatever the network and the power do to them: all end with one tree,
nothing acknowledged is lost, nothing deleted comes back.

Hypothesis writes the stories and shortens those that go wrong. `--examples N` tells more of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from functools import partial

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.daemon import Daemon, wait_until
from tests.faults.witness import hashes_on_disk
from tests.sync.api import Api, Json, sha256
from tests.sync.conftest import new_laptop
from tests.sync.model_device import ModelDevice
from tests.sync.network import Fate, Network
from tests.sync.witness import Witness

MOST_DEVICES = 5
STEPS = 35  # many of which have nothing to do
ROUNDS = 12  # of everybody telling and hearing everything; each conflict takes one more
NAMES = ["a.txt", "b.jpg", "dir/a.txt", "dir/no extension", "dir/ü #1?%41.txt"]
SIZES = [0, 10, 10, 65536, 2 * 65536 + 5]  # bytes

devices = st.integers(0, MOST_DEVICES - 1)
picks = st.integers(0, 7)
contents = st.builds(lambda number, size: bytes([number]) * size, st.integers(0, 5), st.sampled_from(SIZES))
fates = st.sampled_from([Fate.ANSWERED] * 5 + [Fate.LOST] * 2 + [Fate.LATE, Fate.CUT])
seldom = st.sampled_from([False] * 59 + [True])


@dataclass(slots=True)
class World:
    """What all stories share: the daemon, its person and their devices, and what must be on the disk in the end."""

    server: Daemon
    person: Api
    laptops: list[Api]
    acknowledged: set[str] = field(default_factory=set)
    numbers: Iterator[int] = field(default_factory=itertools.count)


def has_files(device: ModelDevice) -> bool:
    return bool(device.files)


def has_deleted(device: ModelDevice) -> list[str]:
    return [path for path in device.dirty() if path not in device.files]


def may_begin(device: ModelDevice) -> list[str]:
    """What it could begin to upload in chunks."""
    return [path for path in device.dirty() if path in device.files] if device.sending is None else []


def is_sending(device: ModelDevice) -> bool:
    return device.sending is not None


def may_acknowledge(device: ModelDevice) -> bool:
    return device.base == device.remote != device.acked


def picked(paths: Collection[str], pick: int) -> str:
    return sorted(paths)[pick % len(paths)]


class Household(RuleBasedStateMachine):
    """Some devices and their folder."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.below = f"story-{next(world.numbers)}/"
        self.witness = Witness()
        self.network = Network(self.witness)
        self.devices: list[ModelDevice] = []

    @initialize(count=st.integers(3, MOST_DEVICES), names=st.sets(st.sampled_from(NAMES)))
    def unpack(self, count: int, names: set[str]) -> None:
        """Everybody begins with the same files."""
        newest = self.world.person.all_changes(0, self.below)[1]
        self.devices = [ModelDevice(api, self.below, newest) for api in self.world.laptops[:count]]
        for number, name in enumerate(sorted(names)):
            self.write(self.devices[0], name, bytes([100 + number]) * 10)
        for device in self.devices if names else ():
            device.drain(self.network)

    def one(self, at: int, wanted: Callable[[ModelDevice], object] = lambda _: True) -> list[ModelDevice]:
        """One of the devices that are *wanted*, or none.

        Not a precondition: a request that was cut may be carried out in one run and not in the next, and what
        Hypothesis draws must not depend on that.
        """
        found = [device for device in self.devices if wanted(device)]
        return [found[at % len(found)]] if found else []

    # --- what people do; nobody else knows yet

    def write(self, device: ModelDevice, name: str, content: bytes) -> None:
        mark = self.below.encode()  # content found in another story would not count
        marked = (mark + content)[: len(content)] if len(content) > 100 else content and mark + content
        device.files[self.below + name] = marked

    @rule(at=devices, name=st.sampled_from(NAMES), content=contents)
    def edit(self, at: int, name: str, content: bytes) -> None:
        for device in self.one(at):
            self.write(device, name, content)

    @rule(at=devices, pick=picks)
    def remove(self, at: int, pick: int) -> None:
        for device in self.one(at, has_files):
            del device.files[picked(device.files, pick)]

    @rule(at=devices, pick=picks, name=st.sampled_from(NAMES), fate=fates, how=st.sampled_from(["", "move", "report"]))
    def rename(self, at: int, pick: int, name: str, fate: Fate, how: str) -> None:
        for device in self.one(at, has_files):
            device.files[self.below + name] = device.files.pop(picked(device.files, pick))
            self.network.fate = fate
            if how:
                device.push_rename(self.network, how == "report")

    # --- what devices tell

    @rule(at=devices, name=st.sampled_from(NAMES), content=contents, fate=fates, by_cursor=st.booleans())
    def edit_and_push(self, at: int, name: str, content: bytes, fate: Fate, by_cursor: bool) -> None:
        for device in self.one(at):
            self.write(device, name, content)
            self.network.fate = fate
            device.push(self.below + name, self.network, by_cursor)

    @rule(at=devices, pick=picks, fate=fates, by_cursor=st.booleans(), by_report=st.booleans())
    def push(self, at: int, pick: int, fate: Fate, by_cursor: bool, by_report: bool) -> None:
        for device in self.one(at, ModelDevice.dirty):
            self.network.fate = fate
            device.push(picked(device.dirty(), pick), self.network, by_cursor, by_report)

    @rule(at=devices, pick=picks, fate=fates, by_cursor=st.booleans(), by_report=st.booleans())
    def push_deletion(self, at: int, pick: int, fate: Fate, by_cursor: bool, by_report: bool) -> None:
        for device in self.one(at, has_deleted):
            self.network.fate = fate
            device.push(picked(has_deleted(device), pick), self.network, by_cursor, by_report)

    @rule(at=devices, fate=fates, by_cursor=st.booleans())
    def report(self, at: int, fate: Fate, by_cursor: bool) -> None:
        self.network.fate = fate
        for device in self.one(at, ModelDevice.dirty):
            device.ask_first(self.network, by_cursor)

    @rule(at=devices, fate=fates, by_report=st.booleans())
    def push_rename(self, at: int, fate: Fate, by_report: bool) -> None:
        self.network.fate = fate
        for device in self.one(at, ModelDevice.renamed):
            device.push_rename(self.network, by_report)

    @rule(at=devices, pick=picks, fate=fates, by_cursor=st.booleans())
    def begin_chunks(self, at: int, pick: int, fate: Fate, by_cursor: bool) -> None:
        for device in self.one(at, may_begin):
            self.network.fate = fate
            device.begin_chunks(picked(may_begin(device), pick), self.network, by_cursor)

    @rule(at=devices, pick=picks, fate=fates)
    def send_chunk(self, at: int, pick: int, fate: Fate) -> None:
        """The next chunk, or the end; sometimes the end too early."""
        for device in self.one(at, is_sending):
            assert device.sending is not None
            self.network.fate = fate
            if device.sending.missing and pick:
                device.send_chunk(pick, self.network)
            else:
                device.complete(self.network)

    @rule(at=devices, fate=fates)
    def complete(self, at: int, fate: Fate) -> None:
        for device in self.one(at, is_sending):
            self.network.fate = Fate.ANSWERED
            device.send_rest(self.network)
            self.network.fate = fate
            device.complete(self.network)

    # --- what devices hear

    @rule(at=devices, limit=st.sampled_from([1, 2, 500]), applies=st.booleans())
    def pull(self, at: int, limit: int, applies: bool) -> None:
        for device in self.one(at):
            device.pull(limit)
            if applies:
                device.fetch_all()

    @rule(at=devices, fate=fates)
    def acknowledge(self, at: int, fate: Fate) -> None:
        self.network.fate = fate
        for device in self.one(at, may_acknowledge):
            device.acknowledge(self.network)

    @rule(at=devices)
    def drain(self, at: int) -> None:
        self.network.fate = Fate.ANSWERED
        for device in self.one(at):
            device.drain(self.network)

    # --- what befalls them

    @rule(pick=picks)
    def arrive_late(self, pick: int) -> None:
        self.network.deliver_late(pick)

    @rule(pick=st.integers(0, 63))
    def arrive_twice(self, pick: int) -> None:
        self.network.repeat(pick)

    @rule(really=seldom, at=devices, pick=picks)
    def lose_power(self, really: bool, at: int, pick: int) -> None:
        """Kill -9, often in the middle of a request."""
        if really:
            for device in self.one(at):
                if dirty := device.dirty():
                    self.network.fate = Fate.CUT
                    device.push(dirty[pick % len(dirty)], self.network)
                self.world.server.kill()
                self.world.server.start()

    @rule(pick=picks, resolution=st.sampled_from(["server_wins", "client_wins", "keep_both"]))
    def resolve(self, pick: int, resolution: str) -> None:
        """The person ends a conflict."""
        if known := self.conflicts():
            self.end_conflict(known[pick % len(known)], resolution)

    def conflicts(self) -> list[Json]:
        return [one for one in self.world.person.conflicts().json() if one["path"].startswith(self.below)]

    def end_conflict(self, one: Json, resolution: str) -> None:
        answer = self.world.person.resolve(one["id"], resolution)
        assert answer.status == 200, (answer.status, answer.body[:300])
        self.witness.doubt(one["path"], one["conflicted_copy"])  # what it does there is not told by the answer

    # --- the end of a story

    def teardown(self) -> None:
        self.network.fate = Fate.ANSWERED
        try:
            # A request that was cut may still run; else there is nothing to wait for.
            wait_until(self._everybody_agrees, "all devices to agree", 5 if self.witness.doubtful else 0)
            self._nothing_is_lost()
            live = self.world.person.live(self.below)
            assert self.witness.returned(live) == set()
            assert self.witness.disagrees(live) == set()
        finally:
            for session_id in self.witness.sessions.keys() - self.witness.completed.keys():
                self.world.person.cancel_upload(session_id)
            for conflict in self.conflicts():  # the next stories need not read them
                self.end_conflict(conflict, "keep_both")

    def _everybody_agrees(self) -> bool:
        """Everybody drains until nobody has anything to say."""
        for _ in range(ROUNDS):
            for device in self.devices:
                device.drain(self.network)
            if all(device.is_settled() and device.remote == self.devices[0].remote for device in self.devices):
                break
        live = self.world.person.live(self.below)
        return self._on_disk() == live and all(
            device.is_settled()
            and device.remote == live
            and {path: device.local(path) for path in device.files} == live
            for device in self.devices
        )

    def _on_disk(self) -> dict[str, str]:
        home = self.world.server.tree()
        found = [path for path in (home / self.below).rglob("*") if path.is_file()]
        return {str(path.relative_to(home)): sha256(path.read_bytes()) for path in found}

    def _nothing_is_lost(self) -> None:
        wanted = sorted(self.witness.contents)
        self.world.acknowledged |= self.witness.contents
        receipts = {one["content_hash"]: one for one in self.world.person.receipts(wanted).json()["receipts"]}
        lost = [one for one in wanted if not (receipts[one]["stored"] or receipts[one]["in_trash"])]
        assert lost == []


@pytest.fixture
def world(server: Daemon, person: Api) -> World:
    return World(server, person, [new_laptop(person).api for _ in range(MOST_DEVICES)])


@pytest.fixture
def examples(request: pytest.FixtureRequest) -> int:
    """`--examples`: how many stories."""
    value = request.config.getoption("--examples")
    assert isinstance(value, int)
    return value


@pytest.mark.slow
@pytest.mark.crash
@pytest.mark.timeout(36_000)
def test_devices_agree_and_nothing_acknowledged_is_lost(world: World, examples: int) -> None:
    told = settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        deadline=None,
        derandomize=False,
        print_blob=True,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(partial(Household, world), settings=told)  # type: ignore[arg-type]  # any maker will do
    on_disk = {"sha256:" + digest for digest in hashes_on_disk(world.server.tree())}
    assert world.acknowledged - on_disk == set()
