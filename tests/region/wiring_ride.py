"""Riders, gates and back offices for the story of a ride, in the simulated region."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from region.simulate import Simulation, Weather, make_region
from yitong.catalog.schemes import MetroCatalogue
from yitong.entropy import SeededEntropy, new_id
from yitong.errors import YitongError
from yitong.flows import ride_clearing, ride_taps
from yitong.flows.context import Context
from yitong.flows.ride_parties import ISSUER_ROLE, OPERATOR_ROLE, recognised_issuers
from yitong.flows.ride_views import RideView, WindowView, rides_of, windows_on
from yitong.flows.submit import take
from yitong.ids import make_resident_id
from yitong.ledger.account import Account as LedgerAccount
from yitong.ledger.auditor import audit
from yitong.peers.submission import seal_submission
from yitong.people.account import ACCOUNTS, Account
from yitong.region.tour.gates import Phone, Stations, give_pass, synchronise
from yitong.settlement.gate import Tap, tap_to_json
from yitong.settlement.register_rides import LINES, RideLine
from yitong.specs import jose
from yitong.trust.keys import KeyPair, load_or_create

SUZHOU, SHANGHAI = "suzhou-metro", "shanghai-metro"
HOMES = {SUZHOU: "jiangsu", SHANGHAI: "shanghai"}
LIMIT_FEN = 2000
DAY = "2026-02-12"
BORDER, KUNSHAN, EXPO = (SUZHOU, "huaqiao"), (SUZHOU, "kunshan-square"), (SUZHOU, "huaqiao-expo")
XUJIAHUI, ANTING, JIADING = (SHANGHAI, "xujiahui"), (SHANGHAI, "anting"), (SHANGHAI, "jiading-xincheng")


@dataclass(slots=True)
class Riding:
    """The region, the operators' machines outside of it, and their officers."""

    region: Simulation
    entropy: SeededEntropy = field(default_factory=lambda: SeededEntropy(7))
    stations: dict[str, Stations] = field(default_factory=dict)

    def context(self, institution: str) -> Context:
        return self.region.nodes[HOMES[institution]].context

    def key_of(self, institution: str) -> KeyPair:
        return load_or_create(self.region.plan.institution_dir(institution), "message")

    async def submit(self, institution: str, act: str, role: str, do: Any, body: dict[str, Any]) -> dict[str, Any]:
        """The institution signs a submission to its node."""
        context, key = self.context(institution), self.key_of(institution)
        text = seal_submission(
            f"{context.me.entity_id}/institutions/{institution}",
            context.me.entity_id,
            act,
            new_id(self.entropy, "sub"),
            body,
            key=key.private,
            kid=key.kid,
            now=context.clock.now(),
        )
        return await take(context, text, act, role, do)

    async def open_gates(self) -> None:
        """Every operator's gates are synchronised with what its own node publishes."""
        for operator in HOMES:
            context = self.context(operator)
            found = await recognised_issuers(context)
            assert found.left_out == ()
            rows = [{"issuer": each.issuer, "keys": each.keys} for each in found.issuers]
            rules = context.catalog.metro.scheme.agreement.gate_rules
            self.stations[operator] = Stations(operator, "t", rules, synchronise(rows, context.clock.now()))

    async def rider(self, issuer: str = SUZHOU, account: str = "rider", *, told: bool = True) -> Phone:
        """A resident with a pass on the phone."""
        context = self.context(issuer)
        number = make_resident_id("320583", date(1985, 6, 7), 11)
        async with context.transaction() as unit:
            if await unit.shelf(ACCOUNTS).get(account) is None:
                made = Account(account, "resident", "示例", "Example", number, None, True, context.clock.now())
                await unit.shelf(ACCOUNTS).add(made)
        phone = give_pass(issuer, self.key_of(issuer).private, self.entropy, context.clock.now(), LIMIT_FEN)
        if told:
            await self.tell_pass(phone, account)
        return phone

    async def tell_pass(self, phone: Phone, account: str = "rider", **changed: Any) -> dict[str, Any]:
        body = phone.told(account) | changed
        return await self.submit(phone.issuer, "metro.pass", ISSUER_ROLE, ride_taps.record_pass, body)

    def tap(self, phone: Phone, operator: str, station: str, direction: Any) -> Tap:
        now = self.region.clock.now()
        return self.stations[operator].gate(station, direction).tap(phone.code(now), now)

    def ride(self, phone: Phone, start: tuple[str, str], end: tuple[str, str] | None, minutes: int = 45) -> list[Tap]:
        """In at ``start``, out at ``end`` (or nowhere); the taps are not handed in yet."""
        made = [self.tap(phone, *start, "entry")]
        if end is not None:
            self.region.clock.advance(timedelta(minutes=minutes))
            made.append(self.tap(phone, *end, "exit"))
        self.region.clock.advance(timedelta(minutes=1))
        return made

    async def upload(self, operator: str, taps: list[Tap] | None = None) -> dict[str, Any]:
        """The back office hands in what its gates logged, or these taps."""
        rows = [tap_to_json(tap) for tap in (self.stations[operator].taps() if taps is None else taps)]
        return await self.submit(operator, "metro.taps", OPERATOR_ROLE, ride_taps.upload_taps, {"taps": rows})

    async def upload_all(self) -> None:
        for operator in HOMES:
            await self.upload(operator)
        await self.region.settle()

    def officer(self, operator: str) -> Account:
        return Account(f"{operator}-officer", "operator", "示例", "Example", "", operator, True, self.region.clock.now())

    async def close(self, operator: str, day: str = DAY) -> None:
        context = self.context(operator)
        async with context.transaction() as unit:
            await ride_clearing.close_windows(context, unit, operator, date.fromisoformat(day))

    async def windows(self, operator: str, day: str = DAY) -> list[WindowView]:
        return await windows_on(self.context(operator), self.officer(operator), date.fromisoformat(day))

    async def rides(self, issuer: str = SUZHOU, account: str = "rider") -> list[RideView]:
        return await rides_of(self.context(issuer), account)

    async def lines(self, book: str) -> list[RideLine]:
        async with self.context(book).store.begin() as unit:
            found: list[RideLine] = await unit.shelf(LINES).find(limit=10_000)
        return [line for line in found if line.book == book]

    async def balances(self, book: str) -> dict[str, int]:
        """The balances of a book that the auditor has nothing to say about."""
        async with self.context(book).store.begin() as unit:
            accounts: list[LedgerAccount] = await unit.ledger.accounts()
            found = audit(accounts, await unit.ledger.transfers())
        assert found.clean, found
        assert sum(found.net_fen_by_ledger.values()) == 0
        return {account.id.removeprefix(f"{book}/"): account.balance_fen for account in accounts if account.ledger == book}

    async def mirrored(self) -> tuple[int, int]:
        """What Suzhou owes Shanghai, and Shanghai Suzhou; each the same in both books."""
        suzhou, shanghai = await self.balances(SUZHOU), await self.balances(SHANGHAI)
        assert suzhou[f"payable/{SHANGHAI}"] == shanghai[f"receivable/{SUZHOU}"]
        assert shanghai[f"payable/{SUZHOU}"] == suzhou[f"receivable/{SHANGHAI}"]
        assert suzhou["netting"] == shanghai["netting"] == 0
        return suzhou[f"payable/{SHANGHAI}"], shanghai[f"payable/{SUZHOU}"]

    def sent(self, message_type: str) -> list[dict[str, Any]]:
        """The bodies of the messages of a type that were carried."""
        claims = [jose.parse(text).claims() for _, text in self.region.carried]
        return [claim["body"] for claim in claims if claim["type"] == message_type]

    @staticmethod
    def claims(text: str) -> dict[str, Any]:
        return jose.parse(text).claims()

    async def settled(self, closer: str = SUZHOU) -> None:
        """An officer closes the window; both sides agree, and nothing is owed afterwards."""
        await self.close(closer)
        await self.region.settle()
        for operator in HOMES:
            assert {window.state for window in await self.windows(operator)} == {"settled"}
        assert await self.mirrored() == (0, 0)

    async def send(self, sender: str, receiver: str, message_type: str, body: dict[str, Any]) -> list[str]:
        """A node sends a message by hand; returns the codes with which it was refused."""
        nodes, before = self.region.nodes, len(self.sent("peer.refused"))
        context = nodes[sender].context
        async with context.transaction() as unit:
            await context.tell(unit, nodes[receiver].context.me.entity_id, message_type, "test", body)
        await self.region.settle()
        return [told["code"] for told in self.sent("peer.refused")[before:]]

    def dear(self) -> MetroCatalogue:
        """Shanghai's node gets a catalogue with dearer tariffs; returns the right one."""
        context = self.context(SHANGHAI)
        metro = context.catalog.metro
        rows = metro.scheme.tariffs.items()
        tariffs = {name: tuple(replace(tariff, base_fen=tariff.base_fen + 100) for tariff in each) for name, each in rows}
        changed = replace(metro, scheme=replace(metro.scheme, tariffs=tariffs))
        context.catalog = replace(context.catalog, metro=changed)
        return metro


async def riding_in(folder: Path, seed: int = 0, weather: Weather | None = None) -> Riding:
    """The region with its gates open."""
    riding = Riding(await make_region(folder, seed, weather))
    await riding.open_gates()
    return riding


async def refusal(action: Any) -> str:
    """The code with which the action is refused."""
    with pytest.raises(YitongError) as refused:
        await action
    return refused.value.code
