"""Why a ride cost what it cost, in sentences and amounts that add up to what the passenger is charged."""

from __future__ import annotations

from dataclasses import dataclass

from yitong.catalog.schemes import MetroCatalogue
from yitong.errors import Text
from yitong.settlement.gate import Tap
from yitong.settlement.schemes.metro import RideAccount, Terms, fare_fen, in_force
from yitong.settlement.trips import Trip


@dataclass(frozen=True, slots=True)
class RideStep:
    """One step of the computation: a sentence, and what it adds to the price (or takes from it)."""

    sentence: Text
    amount_fen: int


@dataclass(frozen=True, slots=True)
class RideShare:
    """What one operator gets of the fare, by how much of its track, and the scheme fee that is held back from it."""

    operator: str
    title: Text
    track_m: int | None
    amount_fen: int
    fee_fen: int


def kilometres(length_m: int) -> str:
    """A length as people read it, such as ``38.4``; hundreds of metres, rounded down."""
    return f"{length_m // 1000}.{length_m % 1000 // 100}"


def steps_of(metro: MetroCatalogue, trip: Trip) -> tuple[RideStep, ...]:
    """Every step from the tariff to what the passenger is charged; their amounts sum to that."""
    scheme = metro.scheme
    account, day = scheme.account(trip), scheme.window(trip)
    terms = in_force(scheme.agreement.terms, day, scheme.name)
    steps = list(_whole(metro, trip, terms) if trip.entry and trip.exit else _half(metro, trip, terms))
    before_limit_fen = sum(step.amount_fen for step in steps)
    if account.fare_fen < before_limit_fen:
        words = Text("以乘车授权的单程限额为上限", "No more than the limit of the pass for one ride")
        steps.append(RideStep(words, account.fare_fen - before_limit_fen))
    if account.discount_fen:
        percent = f"{terms.discount_bp // 100}.{terms.discount_bp % 100:02d}".removesuffix(".00")
        words = Text(f"优惠 {percent}%（由发码方承担）", f"{percent} % off, borne by the issuer of the pass")
        if terms.discount_funder != "issuer":
            words = Text(f"优惠 {percent}%", f"{percent} % off")
        steps.append(RideStep(words, -account.discount_fen))
    return tuple(steps)


def _whole(metro: MetroCatalogue, trip: Trip, terms: Terms) -> tuple[RideStep, ...]:
    """Entry and exit: the exit operator's table, by the whole distance."""
    if trip.entry is None or trip.exit is None:
        return ()
    scheme, left = metro.scheme, trip.exit
    way = scheme.network.way((trip.entry.operator, trip.entry.station), (left.operator, left.station))
    tariff = in_force(scheme.tariffs[left.operator], scheme.window(trip), left.operator)
    title, km = metro.operators[left.operator].title, kilometres(way.total_m)
    fare = fare_fen(tariff, way.total_m)
    words = Text(
        f"全程 {km} 公里，按出站运营方{title.zh}的票价表（{tariff.version}）",
        f"{km} km in all, by the table ({tariff.version}) of the operator of the exit, {title.en}",
    )
    steps = [RideStep(words, fare)]
    if trip.state == "same_station" and left.at - trip.entry.at <= terms.same_station_free:
        minutes = int(terms.same_station_free.total_seconds()) // 60
        words = Text(f"同站进出不超过 {minutes} 分钟，免费", f"Out at the same station within {minutes} minutes: free")
        steps.append(RideStep(words, -fare))
    if trip.state == "over_time":
        words = Text("超过最长乘车时间的附加费", "Surcharge for more than the longest ride time")
        steps.append(RideStep(words, terms.over_time_surcharge_fen))
    return tuple(steps)


def _half(metro: MetroCatalogue, trip: Trip, terms: Terms) -> tuple[RideStep, ...]:
    """Only an entry or only an exit: the rule of the agreement for the tap that is missing."""
    known = trip.entry or trip.exit
    if known is None:
        return ()
    missing = Text("没有出站记录", "No exit was read") if trip.entry else Text("没有进站记录", "No entry was read")
    rule = terms.missing_exit if trip.entry else terms.missing_entry
    amount_fen = _rule_fen(metro, trip, known, rule)
    title = metro.operators[known.operator].title
    by = Text("到最远车站的票价", "the fare to its farthest station") if rule == "maximum" else Text("起步价", "its base fare")
    words = Text(
        f"{missing.zh}：按协议收{title.zh}{by.zh}", f"{missing.en}: by the agreement, {by.en} at the tariff of {title.en}"
    )
    return (RideStep(words, amount_fen),)


def _rule_fen(metro: MetroCatalogue, trip: Trip, known: Tap, rule: str) -> int:
    scheme = metro.scheme
    tariff = in_force(scheme.tariffs[known.operator], scheme.window(trip), known.operator)
    return fare_fen(tariff, scheme.network.farthest_m((known.operator, known.station)) if rule == "maximum" else 0)


def shares_of(metro: MetroCatalogue, trip: Trip, account: RideAccount) -> tuple[RideShare, ...]:
    """Who gets what of the fare; the amounts sum to it."""
    lengths: dict[str, int] = {}
    if trip.entry and trip.exit:
        way = metro.scheme.network.way((trip.entry.operator, trip.entry.station), (trip.exit.operator, trip.exit.station))
        lengths = dict(way.by_operator)
    return tuple(
        RideShare(operator, metro.operators[operator].title, lengths.get(operator), share, fee)
        for (operator, share), (_, fee) in zip(account.shares, account.fees, strict=True)
    )
