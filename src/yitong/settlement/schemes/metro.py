"""The metro scheme: one ride over the gates of several operators, paid through the issuer of the passenger's pass.

The fare is the exit operator's, by the distance of the whole ride. It is split between the operators by the length
of track that each gave, without losing a fen. The issuer owes each operator its share whether or not the passenger
pays (an accepted code is guaranteed, up to the limit in the pass), holds the scheme fee back and passes it on.

    fare 5.00, issuer-funded discount 10 %, channel 0.6 % (half up), scheme fee 0.5 % (down):
    passenger → issuer   fare                  5.00      issuer → passenger  discount              0.50   (paid 4.50)
    issuer → channel     channel-fee           0.03      operator → issuer   scheme-fee            0.02   (net  4.98)
    issuer → operator    share                 5.00      issuer → clearing   scheme-fee-passed-on  0.02
    issuer: 4.50 - 0.03 - 4.98 = -0.51, and -0.53 once the fee that it held back is passed on: what its promotion
    (0.50) and its channel (0.03) cost it.

Nobody owes themselves: an issuer that also ran the train keeps its share, and no scheme fee is due on it.
Versions are chosen by the service day of the ride; tariffs by the operator whose tariff it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, Protocol, TypeVar

from yitong.errors import YitongError
from yitong.money import as_share, largest_remainder, share_down, share_half_up
from yitong.settlement.gate import GateRules, Tap
from yitong.settlement.schemes.metro_track import Network
from yitong.settlement.trips import RideRules, Trip
from yitong.settlement.usage import Obligation, service_day

MissingTapRule = Literal["minimum", "maximum"]


@dataclass(frozen=True, slots=True)
class Band:
    """Up to ``until_m`` (None: without end), each started ``step_m`` adds ``step_fen``."""

    until_m: int | None
    step_m: int
    step_fen: int


@dataclass(frozen=True, slots=True)
class Tariff:
    """An operator's fares from ``effective_from`` to the day before ``effective_until`` (None: until further notice)."""

    version: str
    effective_from: date
    effective_until: date | None
    base_m: int
    base_fen: int
    bands: tuple[Band, ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """What the operators and issuers agreed, for a time. Rates are in basis points (0.01 %).

    ``discount_funder`` is ``"issuer"`` (the one of the pass) or the name of the party that pays the issuer for it.
    """

    version: str
    effective_from: date
    effective_until: date | None
    discount_bp: int
    discount_funder: str
    channel: str
    channel_fee_bp: int
    clearing: str
    scheme_fee_bp: int
    missing_exit: MissingTapRule
    missing_entry: MissingTapRule
    over_time_surcharge_fen: int
    same_station_free: timedelta


@dataclass(frozen=True, slots=True)
class Agreement:
    """The agreement between the operators: what does not change with the terms, and the versions of the terms."""

    name: str
    zone: str
    service_day_ends_hour: int
    ride_rules: RideRules
    gate_rules: GateRules
    terms: tuple[Terms, ...]


@dataclass(frozen=True, slots=True)
class RideAccount:
    """One ride in figures. ``shares`` and ``fees`` are by operator, in the same order."""

    fare_fen: int
    shares: tuple[tuple[str, int], ...]
    fees: tuple[tuple[str, int], ...]
    discount_fen: int
    channel_fee_fen: int

    @property
    def paid_fen(self) -> int:
        """What the passenger pays."""
        return self.fare_fen - self.discount_fen

    @property
    def scheme_fee_fen(self) -> int:
        """What the clearing house receives."""
        return sum(fee for _, fee in self.fees)

    @property
    def operators_net_fen(self) -> int:
        """What the operators receive together, fees held back."""
        return self.fare_fen - self.scheme_fee_fen

    @property
    def issuer_before_scheme_fee_fen(self) -> int:
        """What is left to the issuer before it passes the scheme fee on, when it funds the discount."""
        return self.paid_fen - self.channel_fee_fen - self.operators_net_fen

    @property
    def issuer_result_fen(self) -> int:
        """What is left to the issuer in the end, when it funds the discount: minus that discount and the channel's fee."""
        return self.issuer_before_scheme_fee_fen - self.scheme_fee_fen


class _Dated(Protocol):
    @property
    def effective_from(self) -> date: ...
    @property
    def effective_until(self) -> date | None: ...


D = TypeVar("D", bound=_Dated)


def in_force(versions: Sequence[D], day: date, of: str) -> D:
    """The version in force on ``day``; raises ``metro.no-version``."""
    for version in versions:
        if version.effective_from <= day and (version.effective_until is None or day < version.effective_until):
            return version
    raise YitongError("metro.no-version", of=of, day=day.isoformat())


def fare_fen(tariff: Tariff, distance_m: int) -> int:
    """The fare for a distance: the base, and in each band a step for every interval that is started."""
    fare, reached_m = tariff.base_fen, tariff.base_m
    for band in tariff.bands:
        if distance_m <= reached_m:
            break
        ends_m = distance_m if band.until_m is None else min(distance_m, band.until_m)
        fare += -(-(ends_m - reached_m) // band.step_m) * band.step_fen
        reached_m = ends_m
    return fare


def passenger(issuer: str, pass_id: str) -> str:
    """The party that a pass stands for: the issuer's customer, known to others by the alias alone."""
    return f"passenger:{issuer}:{pass_id}"


@dataclass(frozen=True, slots=True)
class MetroScheme:
    """The scheme of one agreement: its tariffs by operator, and the network of them all."""

    agreement: Agreement
    tariffs: Mapping[str, tuple[Tariff, ...]]
    network: Network

    @property
    def name(self) -> str:
        """The agreement's name."""
        return self.agreement.name

    def window(self, usage: Trip) -> date:
        """The service day of the exit, or of the entry when there is no exit."""
        return service_day(usage.at, self.agreement.zone, self.agreement.service_day_ends_hour)

    def charge(self, usage: Trip) -> tuple[Obligation, ...]:
        """What is owed for a trip; raises ``metro.not-chargeable`` while it is open."""
        account, day = self.account(usage), self.window(usage)
        terms = in_force(self.agreement.terms, day, self.name)
        issuer, rider = usage.issuer, passenger(usage.issuer, usage.pass_id)
        funder = issuer if terms.discount_funder == "issuer" else terms.discount_funder
        owed = [
            ("fare", rider, issuer, account.fare_fen),
            ("discount", issuer, rider, account.discount_fen),
            ("discount-funding", funder, issuer, account.discount_fen),
            ("channel-fee", issuer, terms.channel, account.channel_fee_fen),
        ]
        for (operator, share), (_, fee) in zip(account.shares, account.fees, strict=True):
            owed.append(("share", issuer, operator, share))
            owed.append(("scheme-fee", operator, issuer, fee))
        owed.append(("scheme-fee-passed-on", issuer, terms.clearing, account.scheme_fee_fen))
        return tuple(
            Obligation(f"{usage.usage_id}/{why}/{debtor}/{creditor}", debtor, creditor, amount, why, usage.usage_id, day)
            for why, debtor, creditor, amount in owed
            if amount > 0 and debtor != creditor
        )

    def account(self, trip: Trip) -> RideAccount:
        """The figures of one trip, from which its obligations follow.

        1. The fare and its parts by track.  2. No more than the pass's limit: above it the operators guaranteed
        nothing to each other, and an exit gate that knew the fare has refused.  3. The scheme fee, rounded down, on
        what operators other than the issuer earned.  4. The discount, on rides that were ended properly.  5. The
        channel's fee on what the passenger pays, rounded half up.
        """
        terms = in_force(self.agreement.terms, self.window(trip), self.name)
        fare, weights = self._price(trip, terms)  # 1
        fare = min(fare, trip.limit_fen)  # 2
        operators = [operator for operator, _ in weights]
        shares = largest_remainder(fare, [length for _, length in weights])
        foreign = [0 if operator == trip.issuer else share for operator, share in zip(operators, shares, strict=True)]
        fee = share_down(sum(foreign), as_share(terms.scheme_fee_bp))  # 3
        fees = largest_remainder(fee, foreign) if sum(foreign) else [0] * len(foreign)
        discount = share_half_up(fare, as_share(terms.discount_bp)) if trip.state == "matched" else 0  # 4
        return RideAccount(
            fare_fen=fare,
            shares=tuple(zip(operators, shares, strict=True)),
            fees=tuple(zip(operators, fees, strict=True)),
            discount_fen=discount,
            channel_fee_fen=share_half_up(fare - discount, as_share(terms.channel_fee_bp)),  # 5
        )

    def _price(self, trip: Trip, terms: Terms) -> tuple[int, tuple[tuple[str, int], ...]]:
        """The fare before the limit, and the operators with the weights by which it is split."""
        if trip.entry and trip.exit:
            return self._price_whole(trip, trip.entry, trip.exit, terms)
        if trip.state == "expired_no_exit" and trip.entry:
            return self._price_half(trip.entry, terms.missing_exit, self.window(trip))
        if trip.exit:
            return self._price_half(trip.exit, terms.missing_entry, self.window(trip))
        raise YitongError("metro.not-chargeable", trip.trip_id)

    def _price_whole(self, trip: Trip, entry: Tap, left: Tap, terms: Terms) -> tuple[int, tuple[tuple[str, int], ...]]:
        tariff = self._tariff(left.operator, self.window(trip))
        way = self.network.way((entry.operator, entry.station), (left.operator, left.station))
        fare = fare_fen(tariff, way.total_m)
        if trip.state == "same_station" and left.at - entry.at <= terms.same_station_free:
            fare = 0
        if trip.state == "over_time":
            fare += terms.over_time_surcharge_fen
        return fare, way.by_operator or ((left.operator, 1),)

    def _price_half(self, tap: Tap, rule: MissingTapRule, day: date) -> tuple[int, tuple[tuple[str, int], ...]]:
        tariff = self._tariff(tap.operator, day)
        farthest_m = self.network.farthest_m((tap.operator, tap.station))
        return fare_fen(tariff, farthest_m if rule == "maximum" else 0), ((tap.operator, 1),)

    def _tariff(self, operator: str, day: date) -> Tariff:
        if operator not in self.tariffs:
            raise YitongError("metro.unknown-operator", operator=operator)
        return in_force(self.tariffs[operator], day, operator)
