"""A whole region in one process: real keys, real chains, real messages; a clock that stands still until it is moved, and
a network that loses, repeats and delays by a seed.

Every node is put together by the product's own composition root, on the memory store. The network carries text and
nothing else. A crash throws a node's process away and keeps its store, as kill -9 does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from yitong.clock import ManualClock, at_local
from yitong.entropy import SeededEntropy, SystemEntropy, below
from yitong.errors import YitongError
from yitong.flows import handlers
from yitong.flows.exchange import Holds
from yitong.flows.issue_licence import status_token
from yitong.node.build import Parts, assemble
from yitong.node.config import Config, read_config
from yitong.node.publish import AnchorPublisher
from yitong.peers.outbox import LONGEST_WAIT_S
from yitong.region.definition import read_definition
from yitong.region.plan import Plan, make_plan, write_files
from yitong.region.state import Facts
from yitong.store.memory import MemoryStore
from yitong.trust.keys import load_or_create

ROOT = Path(__file__).parents[2]
MORNING = at_local(datetime(2026, 2, 12).date(), 9)  # noqa: DTZ001 - a day, not a moment


@dataclass(slots=True)
class Weather:
    """What the network does, in percent of the messages: lost on the way, receipt lost, delivered twice."""

    lost: int = 0
    receipt_lost: int = 0
    twice: int = 0


@dataclass(slots=True)
class Simulation:
    """The region. ``down`` are nodes that nobody can reach at present."""

    plan: Plan
    clock: ManualClock
    chance: SeededEntropy
    weather: Weather
    stores: dict[str, MemoryStore] = field(default_factory=dict)
    nodes: dict[str, Parts] = field(default_factory=dict)
    configs: dict[str, Config] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    carried: list[tuple[str, str]] = field(default_factory=list)

    # --- the network ---

    def _draw(self, percent: int) -> bool:
        return below(self.chance, 100) < percent

    def _member_at(self, url: str) -> str:
        port = urlsplit(url).port
        name = next(member.name for member in self.plan.members if member.port == port)
        if name in self.down:
            raise YitongError("peer.unreachable", url)
        return name

    async def get(self, url: str) -> str:
        """What a GET of ``url`` answers; what a node has not got is HTTP 404."""
        try:
            return await self._page(url)
        except YitongError as error:
            if error.spec.status != 404:
                raise
            raise YitongError("peer.bad-answer", url, reason=f"HTTP 404 {error.code}") from error

    async def _page(self, url: str) -> str:
        name, parts = self._member_at(url), urlsplit(url)
        pieces = parts.path.strip("/").split("/")
        publisher = self.anchor if name == self.plan.anchor.name else self.nodes[name].publisher
        match pieces:
            case [".well-known", "openid-federation"]:
                return publisher.configuration()
            case ["federation", "fetch"]:
                return publisher.statement_about(parse_qs(parts.query)["sub"][0])
            case ["federation", "list"]:
                return str(publisher.subjects()).replace("'", '"')
            case ["federation", "recognition"]:
                return self.anchor.recognition()
            case ["institutions", institution, ".well-known", "openid-federation"]:
                return self.nodes[name].publisher.institution_configuration(institution)
            case ["institutions", institution, "status", number]:
                context = self.nodes[name].context
                return await status_token(context, context.institution(institution), number)
        raise YitongError("peer.bad-answer", url, reason="HTTP 404")

    async def post_message(self, url: str, text: str) -> str:
        """Deliver a message, or not, as the weather has it."""
        name = self._member_at(url)
        if self._draw(self.weather.lost):
            raise YitongError("peer.unreachable", url)
        receipt = await self.nodes[name].exchange.receive(text)
        if self._draw(self.weather.twice):
            receipt = await self.nodes[name].exchange.receive(text)
        self.carried.append((name, text))
        if self._draw(self.weather.receipt_lost):
            raise YitongError("peer.unreachable", url)
        return receipt

    # --- the nodes ---

    @property
    def anchor(self) -> AnchorPublisher:
        """The anchor's statements."""
        config = self.configs[self.plan.anchor.name]
        return AnchorPublisher(config, self.clock, load_or_create(Path(config.keys_dir), "federation"))

    def restart(self, name: str) -> None:
        """The node's process ends without a word; a new one starts on what was committed."""
        config = self.configs[name]
        holds = self.nodes[name].exchange.holds if name in self.nodes else Holds({})
        self.nodes[name] = assemble(config, self.clock, SystemEntropy(), self.stores[name], self.get, self)
        self.nodes[name].exchange.holds = holds

    async def settle(self, rounds: int = 4_000) -> None:
        """Let every node work, in random order, until nothing waits; time passes while only waiting helps."""
        names = [node.name for node in self.plan.nodes]
        for _ in range(rounds):
            name = names[below(self.chance, len(names))]
            exchange = self.nodes[name].exchange
            step = (exchange.deliver_once, exchange.handle_once, exchange.watch_once)[below(self.chance, 3)]
            if not await step() and await self._idle():
                return
            if below(self.chance, 20) == 0:
                self.clock.advance(timedelta(seconds=1))
        raise AssertionError("the region does not come to rest")

    async def _idle(self) -> bool:
        """Nothing waits anywhere, but for messages that are held back by their type."""
        ever = self.clock.now() + timedelta(seconds=LONGEST_WAIT_S)  # what failed is due later, and waits all the same
        for node in self.nodes.values():
            held = {kind for kind, count in node.exchange.holds.types.items() if count}
            async with node.context.store.begin() as unit:
                _, waiting = await unit.messages.waiting()
                due = await unit.timers.due(self.clock.now())
                receivers = await unit.messages.receivers_due(ever)
                out = [row for name in receivers for row in await unit.messages.due_outgoing(name, ever, 1_000)]
            if waiting or due or any(row.type not in held for row in out):
                return False
        return True


async def make_region(folder: Path, seed: int = 0, weather: Weather | None = None) -> Simulation:
    """The example region, all nodes started, on a machine that exists in this process only."""
    definition = read_definition(ROOT / "catalog" / "regions" / "delta.toml")
    plan = make_plan(
        folder, ROOT / "catalog", definition, Facts(definition.id, "simulated", 7400, data_folder=str(folder / "none"))
    )
    write_files(plan, {member.name: "postgresql://none" for member in plan.members})
    simulation = Simulation(plan, ManualClock(MORNING), SeededEntropy(seed), weather or Weather())
    simulation.configs = {member.name: read_config(plan.config_file(member)) for member in plan.members}
    for member in plan.nodes:
        simulation.stores[member.name] = MemoryStore(simulation.clock)
        simulation.restart(member.name)
        await handlers.prepare(simulation.nodes[member.name].context)
    return simulation
