"""What every settlement scheme keeps: add a scheme by adding its name and example usages to SCHEMES."""

from dataclasses import replace
from datetime import timedelta

import pytest

from rides import SHANGHAI, SUZHOU, metro, ride
from yitong.settlement.scheme import Scheme, breaches
from yitong.settlement.usage import positions

JIADING, XUJIAHUI, KUNSHAN = (SHANGHAI, "jiading-xincheng"), (SHANGHAI, "xujiahui"), (SUZHOU, "kunshan-square")


def metro_usages():
    stops = [
        (JIADING, XUJIAHUI),
        (KUNSHAN, JIADING),
        (XUJIAHUI, KUNSHAN),
        (KUNSHAN, None),
        (None, XUJIAHUI),
        (JIADING, JIADING),
    ]
    return [
        ride(start, end, minutes, issuer=issuer, pass_id=f"{issuer}-{at}-{minutes}")
        for at, (start, end) in enumerate(stops)
        for minutes in (10, 100, 300)
        for issuer in (SHANGHAI, SUZHOU)
    ]


SCHEMES = {"metro": (lambda: metro().scheme, metro_usages)}


@pytest.mark.parametrize("name", SCHEMES)
def test_scheme_keeps_the_contract(name):
    scheme, usages = (make() for make in SCHEMES[name])
    assert breaches(scheme, usages) == []


@pytest.mark.parametrize("name", SCHEMES)
def test_money_is_conserved_and_somebody_is_paid(name):
    scheme, usages = (make() for make in SCHEMES[name])
    owed = [item for usage in usages for item in scheme.charge(usage)]
    assert sum(positions(owed).values()) == 0
    assert max(positions(owed).values()) > 0


@pytest.mark.parametrize("name", SCHEMES)
def test_window_follows_from_the_usage_alone(name):
    scheme, usages = (make() for make in SCHEMES[name])
    assert {usage.usage_id: scheme.window(usage) for usage in usages} == {
        usage.usage_id: scheme.window(usage) for usage in reversed(usages)
    }


class Broken:
    """The metro scheme with one fault, to see that the contract finds it."""

    name = "broken"

    def __init__(self, fault):
        self.fault = fault
        self.calls = 0

    def window(self, usage):
        return metro().scheme.window(usage)

    def charge(self, usage):
        self.calls += 1
        return tuple(self.fault(item, self.calls) for item in metro().scheme.charge(usage))


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (lambda item, calls: replace(item, amount_fen=item.amount_fen + calls), "charging again"),
        (lambda item, calls: replace(item, amount_fen=-item.amount_fen), "positive"),
        (lambda item, calls: replace(item, amount_fen=item.amount_fen / 1), "positive"),
        (lambda item, calls: replace(item, creditor=item.debtor), "owes itself"),
        (lambda item, calls: replace(item, id="same"), "used twice"),
        (lambda item, calls: replace(item, usage_id="other"), "not of its usage"),
        (lambda item, calls: replace(item, window=item.window + timedelta(days=1)), "not of its usage"),
    ],
)
def test_a_broken_scheme_is_found(fault, sentence):
    scheme: Scheme = Broken(fault)
    assert any(sentence in breach for breach in breaches(scheme, metro_usages()))
