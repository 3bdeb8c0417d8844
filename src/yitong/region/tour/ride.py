"""Story three: one code at the gates of two operators, and the money between them, from their own two books."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from yitong.clock import SHANGHAI as ZONE
from yitong.errors import YitongError
from yitong.region.tour.client import Story, Tour, TourError
from yitong.region.tour.gates import Phone, Stations, give_pass, synchronise
from yitong.region.tour.windows import Clearing
from yitong.settlement.gate import Direction, GateRules, tap_to_json
from yitong.specs.jwk import new_private_key

SUZHOU, SHANGHAI = "suzhou-metro", "shanghai-metro"
LIMIT_FEN = 2000
RIDE_S = 45 * 60
LONGEST_RIDE_S = 4 * 3600  # by the agreement; an entry without an exit is over after it
MORNING, LAST_HOUR = 9, 17  # the story takes six hours and stays within one service day
Stop = tuple[str, str]
BORDER, KUNSHAN, EXPO = (SUZHOU, "huaqiao"), (SUZHOU, "kunshan-square"), (SUZHOU, "huaqiao-expo")
XUJIAHUI, ANTING = (SHANGHAI, "xujiahui"), (SHANGHAI, "anting")


@dataclass(slots=True)
class Rider:
    """A passenger with a phone, signed in at home."""

    tour: Tour
    home: str
    token: str
    phone: Phone

    async def rides(self, count: int, state: str | None = None) -> list[dict[str, Any]]:
        """The rides that stand, oldest first, once there are ``count`` and the last is in ``state``."""

        async def probe() -> list[dict[str, Any]] | None:
            found: list[dict[str, Any]] = await self.tour.api(self.home, "GET", "/api/my/rides", token=self.token)
            done = len(found) == count and all(ride["state"] == (state or "matched") for ride in found[:1])
            return found[::-1] if done else None

        return await self.tour.until(f"{count} rides of {self.phone.issuer}'s passenger", probe)


@dataclass(slots=True)
class Metros:
    """The gates and back offices of both operators; offline between a synchronisation and an upload."""

    tour: Tour
    stations: dict[str, Stations]

    async def tap(self, phone: Phone, stop: Stop, direction: Direction) -> None:
        """The phone shows a fresh code to a gate, which lets its holder through or raises."""
        now = await self.tour.clock()
        self.stations[stop[0]].gate(stop[1], direction).tap(phone.code(now), now)

    async def ride(self, phone: Phone, start: Stop, end: Stop) -> None:
        """In at one gate, out at another."""
        await self.tap(phone, start, "entry")
        await self.tour.advance_clock(RIDE_S)
        await self.tap(phone, end, "exit")
        await self.tour.advance_clock(60)

    async def refused(self, text: str, stop: Stop, later_s: int = 0) -> str:
        """The code with which the entry gate of a station refuses what is shown to it."""
        now = await self.tour.clock() + timedelta(seconds=later_s)
        try:
            self.stations[stop[0]].gate(stop[1], "entry").tap(text, now)
        except YitongError as error:
            return error.code
        raise TourError(f"the gate at {stop[1]} must refuse", "a refusal", "let through")

    async def upload(self, operator: str) -> None:
        """The back office hands in what the gates logged, twice: the second time nothing is new."""
        rows = [tap_to_json(tap) for tap in self.stations[operator].taps()]
        done = await self.tour.submit(operator, "metro.taps", "/api/metro/taps", {"taps": rows})
        self.tour.expect("every tap is taken", (len(rows), []), (len(done["new"]), done["refused"]))
        again = await self.tour.submit(operator, "metro.taps", "/api/metro/taps", {"taps": rows})
        self.tour.expect("no tap is taken twice", (0, len(rows)), (len(again["new"]), len(again["known"])))
        node = self.tour.homes[operator]
        self.tour.step(
            operator, node, "上传过闸记录（重复上传不重复计）", "taps handed in; twice, counted once", taps=len(rows)
        )


async def play(tour: Tour) -> Story:
    """Passes, offline gates, trips, prices, two books, one window, one payment."""
    await _begin_in_the_morning(tour)
    clearing = await Clearing.open(tour, SUZHOU, SHANGHAI)
    await clearing.finish_what_was_left()
    metros = Metros(tour, {operator: await _synchronised(tour, operator) for operator in (SUZHOU, SHANGHAI)})
    rider = await _rider(tour, SUZHOU, 21, "320583", ("陈昆（示例）", "Chen Kun (example)"))
    guest = await _rider(tour, SHANGHAI, 22, "310114", ("沈安（示例）", "Shen An (example)"))
    figures: dict[str, Any] = {"refused": await _refusals(tour, metros, rider)}
    figures |= await _across(tour, metros, rider)
    rides = [*await rider.rides(2), *await _guest(tour, metros, guest)]
    rides.append(await _without_exit(tour, metros, rider))
    figures["missing_exit_fen"] = rides[-1]["fare_fen"]
    figures |= await clearing.settle([ride["id"] for ride in rides])
    return tour.finish("ride", figures)


async def _begin_in_the_morning(tour: Tour) -> None:
    """The stories before this one may have moved the clock to any hour; trains do not run at all of them."""
    local = (await tour.clock()).astimezone(ZoneInfo(ZONE))
    if not MORNING <= local.hour < LAST_HOUR - 2:
        next_morning = local.replace(hour=MORNING, minute=0, second=0, microsecond=0)
        next_morning += timedelta(days=1) if next_morning <= local else timedelta()
        await tour.advance_clock(int((next_morning - local).total_seconds()) + 1)


async def _synchronised(tour: Tour, operator: str) -> Stations:
    node = tour.homes[operator]
    found = await tour.api(node, "GET", "/api/metro/issuers")
    names = sorted(issuer["issuer"] for issuer in found["issuers"])
    tour.expect("both issuers are recognised", [SHANGHAI, SUZHOU], names)
    tour.step(
        node, operator, "闸机同步受认可发码方的公钥，此后离线", "gates synchronise the recognised issuers' keys, then go offline",
        issuers=names,
    )  # fmt: skip
    synced = synchronise(found["issuers"], await tour.clock())
    return Stations(operator, str(tour.run), GateRules(**found["gate_rules"]), synced)


async def _rider(tour: Tour, issuer: str, number: int, region: str, name: tuple[str, str]) -> Rider:
    node, account = tour.homes[issuer], f"rider-{number}-{tour.run}"
    token = await tour.sign_in(
        node,
        {"id": account, "role": "resident", "name_zh": name[0], "name_en": name[1], "number": tour.resident(number, region)},
    )
    phone = give_pass(issuer, tour.key_of(issuer).private, tour.entropy, await tour.clock(), LIMIT_FEN)
    told = await tour.submit(issuer, "metro.pass", "/api/metro/passes", phone.told(account))
    tour.expect("the pass is new", True, told["new"])
    tour.step(
        issuer,
        "phone",
        "发码方签发乘车授权，绑定手机密钥",
        "the issuer gives out a pass, bound to the phone's key",
        limit_fen=LIMIT_FEN,
    )
    return Rider(tour, node, token, phone)


async def _refusals(tour: Tour, metros: Metros, rider: Rider) -> dict[str, str]:
    """What a gate must refuse without asking anybody."""
    now = await tour.clock()
    own_key = new_private_key()
    forged = give_pass(SUZHOU, own_key, tour.entropy, now, LIMIT_FEN)
    stranger = give_pass("self-made-metro", own_key, tour.entropy, now, LIMIT_FEN)
    shown = rider.phone.code(now)
    metros.stations[SHANGHAI].gate("xujiahui", "exit").tap(shown, now)
    metros.stations[SHANGHAI].taps()  # this gate is a test bench: what it logged is not handed in
    found = {
        "screenshot": await metros.refused(rider.phone.code(now), ANTING, later_s=31),
        "self_signed": await metros.refused(forged.code(await tour.clock()), ANTING),
        "unknown_issuer": await metros.refused(stranger.code(await tour.clock()), ANTING),
        "replay": await metros.refused(shown, XUJIAHUI),
    }
    expected = {
        "screenshot": "gate.stale-code",
        "self_signed": "gate.unknown-key",
        "unknown_issuer": "gate.unknown-issuer",
        "replay": "gate.replayed",
    }
    tour.expect("the gate refuses", expected, found)
    tour.step(
        "phone", SHANGHAI, "截屏、自签发码、重放：离线闸机全部拒绝", "screenshot, self-signed, replay: refused offline", **found
    )
    return found


async def _across(tour: Tour, metros: Metros, rider: Rider) -> dict[str, Any]:
    """From Huaqiao into Shanghai, and back to Kunshan over both operators' track; the taps come in out of order."""
    await metros.ride(rider.phone, BORDER, XUJIAHUI)
    tour.step("phone", SUZHOU, "花桥（苏州闸机）进站", "in at Huaqiao, a gate of Suzhou")
    tour.step("phone", SHANGHAI, "徐家汇（上海闸机）出站", "out at Xujiahui, a gate of Shanghai")
    await metros.ride(rider.phone, XUJIAHUI, KUNSHAN)
    tour.step("phone", SUZHOU, "返程：徐家汇进，昆山城市广场出", "back: in at Xujiahui, out at Kunshan City Square")
    await metros.upload(SHANGHAI)
    await metros.upload(SUZHOU)
    there, back = await rider.rides(2)
    for ride in (there, back):
        shares = {share["operator"]: share["amount_fen"] for share in ride["shares"]}
        tour.expect("the shares sum to the fare", ride["fare_fen"], sum(shares.values()))
        tour.step(
            "jiangsu", "passenger", "行程匹配、计价、按里程分摊", "trip matched, priced, apportioned by track",
            fare_fen=ride["fare_fen"], charged_fen=ride["charged_fen"], shares=shares,
        )  # fmt: skip
    apportioned = {share["operator"]: [share["track_m"], share["amount_fen"]] for share in back["shares"]}
    tour.expect("the way back is split between both", {SUZHOU, SHANGHAI}, set(apportioned))
    return {"fare_fen": there["fare_fen"], "return_fare_fen": back["fare_fen"], "apportioned": apportioned}


async def _guest(tour: Tour, metros: Metros, guest: Rider) -> list[dict[str, Any]]:
    """A passenger of Shanghai's rides within Suzhou: now Shanghai owes too."""
    await metros.ride(guest.phone, KUNSHAN, EXPO)
    await metros.upload(SUZHOU)
    rides = await guest.rides(1)
    tour.step(
        "jiangsu", "shanghai", "上海乘车码在苏州乘车：上海欠苏州", "a pass of Shanghai's within Suzhou: Shanghai owes Suzhou",
        fare_fen=rides[0]["fare_fen"],
    )  # fmt: skip
    return rides


async def _without_exit(tour: Tour, metros: Metros, rider: Rider) -> dict[str, Any]:
    """In at Anting, and no gate ever reads an exit: after the longest ride time the operator's rule prices it."""
    await metros.tap(rider.phone, ANTING, "entry")
    await metros.upload(SHANGHAI)
    await rider.rides(3, "open")
    await tour.advance_clock(LONGEST_RIDE_S + 60)
    ride = (await rider.rides(3, "expired_no_exit"))[-1]
    tour.step(
        "jiangsu", "passenger", "四小时无出站：按运营方规则计价", "no exit within four hours: priced by the operator's rule",
        fare_fen=ride["fare_fen"], why=ride["why"][0]["sentence"]["en"],
    )  # fmt: skip
    return ride
