"""DCQL: a query survives its own JSON, and what a wallet chooses is what the verifier accepts, and no less would do."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from yitong.errors import YitongError
from yitong.specs import dcql
from yitong.specs.dcql import ClaimQuery, CredentialQuery, CredentialSet, Query
from yitong.specs.jwk import new_private_key
from yitong.specs.sd_jwt_vc import Presented

HOLDER = new_private_key().public_key()
NAMES = st.sampled_from(["a", "b", "c", "d"])
VALUES = st.one_of(st.booleans(), st.integers(0, 2), st.sampled_from(["", "x", "y"]))
STEPS = st.one_of(NAMES, st.none(), st.integers(0, 2))
PATHS = st.tuples(NAMES, st.lists(STEPS, max_size=2)).map(lambda pair: (pair[0], *pair[1]))


def _nested(inner):
    return st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3))


JSON = st.recursive(st.one_of(st.none(), VALUES), _nested, max_leaves=8)
CLAIMS = st.dictionaries(NAMES, JSON, max_size=4)


@st.composite
def credential_queries(draw, name):
    paths = draw(st.lists(PATHS, max_size=3, unique=True))
    claims = tuple(ClaimQuery(path, f"c{n}", tuple(draw(st.lists(VALUES, max_size=2)))) for n, path in enumerate(paths))
    ids = [claim.id for claim in claims]
    options = draw(st.lists(st.lists(st.sampled_from(ids), min_size=1, unique=True).map(tuple), max_size=2)) if ids else []
    types = tuple(draw(st.lists(st.sampled_from(["v1", "v2"]), max_size=2, unique=True)))
    return CredentialQuery(name, types, claims, tuple(options), draw(st.booleans()))


@st.composite
def queries(draw):
    rows = tuple(draw(credential_queries(f"q{n}")) for n in range(draw(st.integers(1, 3))))
    option = st.lists(st.sampled_from([row.id for row in rows]), min_size=1, unique=True).map(tuple)
    one_set = st.builds(CredentialSet, st.lists(option, min_size=1, max_size=2).map(tuple), st.booleans())
    return Query(rows, tuple(draw(st.lists(one_set, max_size=2))))


def presented(vct, claims):
    return Presented(claims, {}, "https://i", vct, 0, None, HOLDER, None, None, tuple(claims), "hash")


@given(queries())
def test_a_query_survives_its_json(query):
    assert dcql.read_query(dcql.write_query(query)) == query


@given(queries(), st.lists(st.tuples(st.sampled_from(["v1", "v2"]), CLAIMS), max_size=3))
def test_what_a_wallet_chooses_fulfils_the_query_and_no_less_does(query, wallet):
    possible = {}
    for asked in query.credentials:
        for vct, claims in wallet:
            if dcql.type_met(vct, asked) and dcql.chosen_claims(claims, asked) is not None:
                possible.setdefault(asked.id, presented(vct, claims))
    wanted = dcql.chosen_queries(query, set(possible))
    assume(wanted is not None)
    answer = {name: [possible[name]] for name in wanted}
    assert dcql.shortfalls(query, answer) == ()
    if not query.credential_sets:
        for name in wanted:
            assert not dcql.satisfies(query, {other: rows for other, rows in answer.items() if other != name})


@given(CLAIMS, credential_queries("q"))
def test_disclosing_only_the_chosen_claims_is_enough(claims, asked):
    chosen = dcql.chosen_claims(claims, asked)
    assume(chosen is not None)
    shown = {name: claims[name] for name in {claim.path[0] for claim in chosen}}
    assert dcql.chosen_claims(shown, asked) is not None


@given(CLAIMS, PATHS, VALUES)
def test_a_value_is_matched_only_by_its_own_type(claims, path, value):
    if dcql.claim_met(claims, ClaimQuery(path, None, (value,))):
        assert any(type(item) is type(value) and item == value for item in dcql.follow(claims, path))


def outcome(body):
    try:
        query = dcql.read_query(body)
    except YitongError as error:
        return error.code
    return "read" if dcql.read_query(dcql.write_query(query)) == query else "changed"


@given(JSON)
def test_reading_rubbish_raises_only_our_errors(value):
    row = {"id": "a", "format": "dc+sd-jwt", "meta": value, "claims": [value]}
    for body in (value, {"credentials": [value]}, {"credentials": [row]}):
        assert outcome(body) in {"read", "dcql.malformed", "dcql.not-supported"}
