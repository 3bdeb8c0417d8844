from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rides import NOON, RULES, SHANGHAI, SUZHOU, metro, tap
from yitong.settlement.clearing import Item, Statement, read_statement, statement, statement_bytes, statements, supplement
from yitong.settlement.netting import gross_of, net, payments
from yitong.settlement.trips import change, match
from yitong.settlement.usage import corrections, positions, service_day

ON_ANY_MACHINE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
SCHEME = metro().scheme
CLEARED = frozenset({SHANGHAI, SUZHOU, "example-channel", "example-clearing"})
STOPS = sorted((operator, station) for operator, made in metro().operators.items() for station in made.stations)
LATER = NOON + timedelta(days=30)

taps = st.lists(
    st.builds(
        lambda direction, stop, minutes, issuer, traveller, limit: (direction, stop, minutes, issuer, traveller, limit),
        st.sampled_from(["entry", "exit"]),
        st.sampled_from(STOPS),
        st.integers(0, 4000),
        st.sampled_from([SHANGHAI, SUZHOU]),
        st.sampled_from("ab"),
        st.sampled_from([1, 299, 5000]),
    ),
    max_size=14,
).map(
    lambda rows: [
        tap(direction, stop, minutes, number, issuer=issuer, pass_id=traveller, limit_fen=limit)
        for number, (direction, stop, minutes, issuer, traveller, limit) in enumerate(rows)
    ]
)


def owed_for(some, as_of=LATER):
    return [item for trip in match(some, RULES, as_of).trips if trip.state != "open" for item in SCHEME.charge(trip)]


@ON_ANY_MACHINE
@given(taps, st.randoms(use_true_random=False))
def test_the_order_and_number_of_taps_never_matter(some, random):
    shuffled = some + [each for each in some if random.random() < 0.5]
    random.shuffle(shuffled)
    assert match(shuffled, RULES, LATER) == match(some, RULES, LATER)


@ON_ANY_MACHINE
@given(taps)
def test_every_tap_is_in_exactly_one_trip(some):
    used = [each.tap_id for trip in match(some, RULES, LATER).trips for each in (trip.entry, trip.exit) if each]
    assert sorted(used) == sorted(each.tap_id for each in some)


@ON_ANY_MACHINE
@given(taps)
def test_the_whole_fare_reaches_those_who_earned_it(some):
    for trip in match(some, RULES, LATER).trips:
        account, gained = SCHEME.account(trip), positions(SCHEME.charge(trip))
        assert sum(share for _, share in account.shares) == account.fare_fen <= trip.limit_fen
        own = dict(account.shares).get(trip.issuer, 0)
        operators = sum(gained.get(operator, 0) for operator, _ in account.shares if operator != trip.issuer)
        assert operators + gained.get("example-clearing", 0) + own == account.fare_fen
        assert sum(gained.values()) == 0
        costs = gained.get(trip.issuer, 0)
        assert costs == own - account.discount_fen - account.channel_fee_fen


@ON_ANY_MACHINE
@given(taps, taps)
def test_late_taps_are_corrected_to_what_would_have_been_owed(early, late):
    early = _apart(early)
    held = []
    for known in (early, early + late, early, early + late):
        held += corrections(held, owed_for(known))
    wanted = owed_for(early + late)
    pairs = {(one.payer, one.payee, one.window) for one in _all_statements(held)}
    for payer, payee, window in pairs:
        ours, theirs = statement(payer, payee, window, held), statement(payer, payee, window, wanted)
        assert (ours.gross_fen, ours.fee_fen) == (theirs.gross_fen, theirs.fee_fen)


@ON_ANY_MACHINE
@given(taps, taps)
def test_a_change_leads_from_one_matching_to_the_other(early, late):
    before = match(_apart(early), RULES, NOON).trips
    after = match(_apart(early) + late, RULES, LATER).trips
    difference = change(before, after)
    assert (set(before) - set(difference.withdrawn)) | set(difference.made) == set(after)


def _apart(some):
    """The same taps under identifiers of their own, so that two lists can be joined."""
    return [replace(each, tap_id=each.tap_id + "-early", code_hash=each.code_hash + "-early") for each in some]


def _all_statements(owed):
    return [made for window in sorted({item.window for item in owed}) for made in statements(CLEARED, window, owed)]


@ON_ANY_MACHINE
@given(taps)
def test_statements_netting_and_payments_pay_each_party_what_it_is_owed(some):
    owed = owed_for(some)
    between = [item for item in owed if {item.debtor, item.creditor} <= CLEARED]
    made = _all_statements(owed)
    assert all(read_statement(statement_bytes(one)) == one for one in made)
    due = {party: amount for party, amount in positions(between).items() if amount}
    netting = net(gross_of(made))
    assert {party: amount for party, amount in netting.positions if amount} == due
    assert sum(amount for _, amount in netting.positions) == 0
    assert netting.moved_fen <= netting.bilateral_fen <= netting.gross_fen
    for payment in payments(netting):
        due[payment.debtor] += payment.amount_fen
        due[payment.creditor] -= payment.amount_fen
    assert not any(due.values())
    assert len(payments(netting)) < max(1, len(netting.positions))


items = st.dictionaries(st.sampled_from("abcdef"), st.tuples(st.integers(-9, 9), st.integers(-9, 9)))


@ON_ANY_MACHINE
@given(st.lists(items, min_size=1, max_size=5))
def test_supplements_add_up_to_the_last_whole(versions):
    day, parts = NOON.date(), []
    for rows in versions:
        whole = Statement("x", "y", day, 0, tuple(Item(name, *rows[name]) for name in sorted(rows)))
        more = supplement(parts, whole)
        parts += [more] if more else []
        assert [part.part for part in parts] == list(range(len(parts)))
        assert sum(part.net_fen for part in parts) == whole.net_fen
        assert supplement(parts, whole) is None


@ON_ANY_MACHINE
@given(st.integers(0, 2**31), st.integers(0, 12))
def test_a_service_day_lasts_from_its_hour_to_the_same_hour_of_the_next(seconds, hour):
    moment = NOON + timedelta(seconds=seconds)
    local = moment + timedelta(hours=8)  # China has had one offset since 1991
    assert service_day(moment, "Asia/Shanghai", hour) == (local - timedelta(hours=hour)).date()
