import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from rides import NOON, RULES, SCHEMES, SHANGHAI, SUZHOU, metro, ride, tap
from yitong.catalog.schemes import read_metro
from yitong.errors import YitongError
from yitong.settlement.schemes.metro import Band, MetroScheme, Tariff, fare_fen, passenger
from yitong.settlement.schemes.metro_track import Interchange, Network, Segment, Way
from yitong.settlement.trips import match
from yitong.settlement.usage import positions

HANGZHOU = Tariff(
    "t", date(2019, 1, 1), None, 4000, 200, (Band(12000, 4000, 100), Band(24000, 6000, 100), Band(None, 8000, 100))
)
KUNSHAN, BORDER = (SUZHOU, "kunshan-square"), (SUZHOU, "huaqiao")
JIADING, XUJIAHUI = (SHANGHAI, "jiading-xincheng"), (SHANGHAI, "xujiahui")


def code_of(call, *args):
    with pytest.raises(YitongError) as caught:
        call(*args)
    return caught.value.code


@pytest.mark.parametrize(("km", "yuan"), [(0, 3), (6, 3), (6.1, 4), (16, 4), (16.1, 5), (26, 5), (26.001, 6)])
def test_shanghai_fares(km, yuan):
    assert fare_fen(metro().scheme.tariffs[SHANGHAI][0], round(km * 1000)) == yuan * 100


@pytest.mark.parametrize(
    ("km", "yuan"), [(6, 2), (6.001, 3), (11, 3), (16, 4), (16.1, 5), (23, 5), (30, 6), (30.1, 7), (39.1, 8)]
)
def test_suzhou_fares(km, yuan):
    assert fare_fen(metro().scheme.tariffs[SUZHOU][0], round(km * 1000)) == yuan * 100


@pytest.mark.parametrize(("km", "yuan"), [(17.3, 5), (12, 4), (24, 6), (30, 7)])
def test_another_citys_bands(km, yuan):
    assert fare_fen(HANGZHOU, round(km * 1000)) == yuan * 100


def test_shortest_way_by_operator():
    way = metro().scheme.network.way(KUNSHAN, JIADING)
    assert way == Way(38400, ((SHANGHAI, 17500), (SUZHOU, 20900)))
    assert metro().scheme.network.way(JIADING, KUNSHAN) == way


def test_of_two_equal_ways_all_choose_the_same():
    segments = [Segment("b", "1", "2", 5), Segment("a", "1", "2", 5)]
    walks = [Interchange(("a", "1"), ("b", "1")), Interchange(("a", "2"), ("b", "2"))]
    ways = {Network(order, walks).way(("b", "1"), ("b", "2")) for order in (segments, segments[::-1])}
    assert ways == {Way(5, (("a", 5),))}


def test_worked_ride_of_five_yuan():
    trip = ride(JIADING, XUJIAHUI)  # 25.0 km, all in Shanghai, under a pass of Suzhou
    account = metro().scheme.account(trip)
    assert (account.fare_fen, account.paid_fen, account.discount_fen) == (500, 450, 50)
    assert (account.channel_fee_fen, account.scheme_fee_fen, account.operators_net_fen) == (3, 2, 498)
    assert account.issuer_before_scheme_fee_fen == -51
    assert account.issuer_result_fen == -53
    owed = metro().scheme.charge(trip)
    rider = passenger(SUZHOU, "ZXhhbXBsZTE")
    assert [(item.why, item.debtor, item.creditor, item.amount_fen) for item in owed] == [
        ("fare", rider, SUZHOU, 500),
        ("discount", SUZHOU, rider, 50),
        ("channel-fee", SUZHOU, "example-channel", 3),
        ("share", SUZHOU, SHANGHAI, 500),
        ("scheme-fee", SHANGHAI, SUZHOU, 2),
        ("scheme-fee-passed-on", SUZHOU, "example-clearing", 2),
    ]
    assert positions(owed) == {"example-channel": 3, "example-clearing": 2, rider: -450, SHANGHAI: 498, SUZHOU: -53}


def test_one_trip_over_two_operators_is_priced_at_the_exit_and_split_by_track():
    account = metro().scheme.account(ride(KUNSHAN, JIADING))
    assert account.fare_fen == 700  # 38.4 km by Shanghai's table: 3 + 4
    assert account.shares == ((SHANGHAI, 319), (SUZHOU, 381))  # 17.5 : 20.9
    assert account.fees == ((SHANGHAI, 1), (SUZHOU, 0))  # the issuer owes no fee on its own share


def test_the_exit_operators_table_decides():
    near, beyond = (SUZHOU, "huaqiao-expo"), (SHANGHAI, "anting")  # 9.8 km
    assert metro().scheme.account(ride(near, beyond)).fare_fen == 400
    assert metro().scheme.account(ride(beyond, near)).fare_fen == 300


def test_nobody_owes_themselves():
    owed = metro().scheme.charge(ride(KUNSHAN, JIADING))
    assert [(i.debtor, i.creditor, i.amount_fen) for i in owed if i.why == "share"] == [(SUZHOU, SHANGHAI, 319)]
    own = metro().scheme.charge(ride(KUNSHAN, BORDER))
    assert {item.why for item in own} == {"fare", "discount", "channel-fee"}


def test_entry_at_the_border_station_gives_all_to_shanghai():
    account = metro().scheme.account(ride(BORDER, JIADING))
    assert account.shares == ((SHANGHAI, 500),)  # 17.5 km


def test_no_more_than_the_limit_of_the_pass_is_guaranteed():
    account = metro().scheme.account(ride(KUNSHAN, JIADING, limit_fen=600))
    assert (account.fare_fen, sum(share for _, share in account.shares)) == (600, 600)


def test_missing_and_strange_exits():
    scheme = metro().scheme
    no_exit = scheme.account(ride(KUNSHAN, None))
    assert (no_exit.fare_fen, no_exit.discount_fen, no_exit.shares) == (500, 0, ((SUZHOU, 500),))  # 20.9 km to the border
    no_entry = scheme.account(ride(None, XUJIAHUI))
    assert (no_entry.fare_fen, no_entry.shares) == (300, ((SHANGHAI, 300),))
    assert scheme.charge(ride(XUJIAHUI, XUJIAHUI, 15)) == ()
    assert scheme.account(ride(XUJIAHUI, XUJIAHUI, 16)).fare_fen == 300
    assert scheme.account(ride(JIADING, XUJIAHUI, 241)).fare_fen == 500 + 300


def test_an_open_trip_is_not_charged():
    (trip,) = match([tap("entry", KUNSHAN)], RULES, NOON).trips
    assert code_of(metro().scheme.charge, trip) == "metro.not-chargeable"


def test_window_is_the_service_day_of_the_exit():
    scheme = metro().scheme
    late = datetime(2026, 2, 12, 17, 59, 59, tzinfo=UTC)  # 01:59:59 in Shanghai, on the 13th
    for moment, day in [(late, date(2026, 2, 12)), (late + timedelta(seconds=1), date(2026, 2, 13))]:
        trip = ride(JIADING, XUJIAHUI)
        moved = replace(trip, exit=replace(trip.exit, at=moment))
        assert scheme.window(moved) == day
        assert {item.window for item in scheme.charge(moved)} == {day}


def test_tariffs_and_terms_of_the_day():
    scheme = metro().scheme
    old = scheme.tariffs[SHANGHAI][0]
    new = replace(old, version="dear", effective_from=date(2026, 2, 13), base_fen=400)
    dated = {SHANGHAI: (replace(old, effective_until=date(2026, 2, 13)), new)}
    changed = MetroScheme(scheme.agreement, dated, scheme.network)
    trip = ride(JIADING, XUJIAHUI)
    after = replace(trip, exit=replace(trip.exit, at=datetime(2026, 2, 12, 18, 0, tzinfo=UTC)))
    assert [changed.account(each).fare_fen for each in (trip, after)] == [500, 600]
    before = replace(trip, exit=replace(trip.exit, at=datetime(2018, 2, 12, tzinfo=UTC)))
    assert code_of(scheme.charge, before) == "metro.no-version"


def test_another_party_can_fund_the_discount():
    scheme = metro().scheme
    terms = replace(scheme.agreement.terms[0], discount_funder="example-city")
    funded = MetroScheme(replace(scheme.agreement, terms=(terms,)), scheme.tariffs, scheme.network)
    result = positions(funded.charge(ride(JIADING, XUJIAHUI)))
    assert (result["example-city"], result[SUZHOU], result[SHANGHAI]) == (-50, -3, 498)


def test_unknown_places_are_refused():
    scheme = metro().scheme
    assert code_of(scheme.charge, ride((SUZHOU, "nowhere"), XUJIAHUI)) == "metro.unknown-station"
    assert code_of(scheme.charge, ride(None, ("other-metro", "x"))) == "metro.unknown-operator"
    apart = Network([Segment("a", "1", "2", 5), Segment("a", "3", "4", 5)], [])
    assert code_of(apart.way, ("a", "1"), ("a", "3")) == "metro.no-path"


@pytest.mark.parametrize(
    ("file", "old", "new", "code", "key"),
    [
        ("metro-suzhou.toml", "base_fen = 200", "base_fen = 2.0", "wrong-value", "tariffs[0].base_fen"),
        ("metro-suzhou.toml", "base_fen = 200", "base_fem = 200", "missing-key", "tariffs[0].base_fen"),
        ("metro-suzhou.toml", "base_fen = 200", "base_fen = 200\nextra = 1", "unknown-key", "tariffs[0].extra"),
        ("metro-suzhou.toml", "until_m = 30000", "until_m = 15000", "wrong-value", "tariffs[0].bands"),
        ("metro-suzhou.toml", "{ step_m = 9000", "{ until_m = 40000, step_m = 9000", "wrong-value", "tariffs[0].bands"),
        ("metro-suzhou.toml", '{ one = "bingxi"', '{ one = "bingsi"', "wrong-value", "track.segments[3].one"),
        ("metro-suzhou.toml", "length_m = 4000", "length_m = 0", "wrong-value", "track.segments[4].length_m"),
        ("metro-suzhou.toml", 'id = "weiting"', 'id = "bingxi"', "wrong-value", "stations[3].id"),
        ("metro-suzhou.toml", 'confidence = "general knowledge"', 'confidence = "sure"', "wrong-value", "confidence"),
        ("metro-agreement.toml", '"suzhou-metro"]\n\n# Paid', '"wuxi-metro"]\n\n# Paid', "wrong-value", "operators"),
        (
            "metro-agreement.toml",
            '["suzhou-metro", "huaqiao"]',
            '["suzhou-metro", "anting"]',
            "wrong-value",
            "interchanges[0].other",
        ),
        ("metro-agreement.toml", "scheme_fee_bp = 50", "scheme_fee_bp = 10001", "wrong-value", "terms[0].scheme_fee_bp"),
        ("metro-agreement.toml", "over_time_minutes = 360", "over_time_minutes = 60", "wrong-value", "rides.over_time_minutes"),
        ("metro-agreement.toml", 'zone = "Asia/Shanghai"', 'zone = "Asia/Nowhere"', "wrong-value", "zone"),
        (
            "metro-agreement.toml",
            'missing_exit = "maximum"',
            'missing_exit = "average"',
            "wrong-value",
            "terms[0].missing_exit",
        ),
        (
            "metro-agreement.toml",
            "effective_from = 2019-01-01",
            'effective_from = "2019-01-01"',
            "wrong-value",
            "terms[0].effective_from",
        ),
        ("metro-agreement.toml", "skew_ahead_s = 5", "skew_s = 5", "missing-key", "gates.skew_ahead_s"),
    ],
)
def test_a_mistyped_catalogue_is_refused_with_file_and_key(tmp_path, file, old, new, code, key):
    folder = shutil.copytree(SCHEMES, tmp_path / "schemes")
    text = (folder / file).read_text("utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(YitongError) as caught:
        read_metro(folder)
    assert (caught.value.code, caught.value.where) == (f"catalog.{code}", f"{file}: {key}")
    assert caught.value.params["key"] == key


def test_overlapping_versions_are_refused(tmp_path):
    folder = shutil.copytree(SCHEMES, tmp_path / "schemes")
    text = (folder / "metro-agreement.toml").read_text("utf-8")
    terms = text[text.index("[[terms]]") :]
    later = terms.replace("example-1", "example-2").replace("2019-01-01", "2027-01-01")
    (folder / "metro-agreement.toml").write_text(text + later, "utf-8")
    assert code_of(read_metro, folder) == "catalog.wrong-value"
    until = text.replace("effective_from = 2019-01-01", "effective_from = 2019-01-01\neffective_until = 2027-01-01", 1)
    (folder / "metro-agreement.toml").write_text(until + later, "utf-8")
    assert [terms.version for terms in read_metro(folder).scheme.agreement.terms] == ["example-1", "example-2"]


def test_titles_are_read():
    assert metro().operators[SHANGHAI].stations["xujiahui"].zh == "徐家汇"
    assert metro().title.en.startswith("One code")
