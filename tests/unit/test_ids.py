"""Numbers with check characters: real public ones, invented ones, and one character wrong."""

from __future__ import annotations

from datetime import date

import pytest

from yitong.errors import YitongError
from yitong.ids import (
    LicenceId,
    make_resident_id,
    make_uscc,
    mod_11_2,
    mod_37_36,
    org_check,
    read_five_star,
    read_licence_id,
    read_person_number,
    read_resident_id,
    read_uscc,
    uscc_check,
)

# Public codes of public bodies, as they stand on their own sites.
USCC = (
    "11100000000013338W",
    "11100000000013661B",
    "11430000006122244L",
    "113700000045046442",
    "11330105002500287C",
    "113700000045030270",
    "11100000MB03271699",
)
# Real codes of pilot registries from before 2016: the check character that the standard would give, beside them.
USCC_EARLY = {"91350100M0001TGQXM": "1", "91350211M0000XUF46": "R", "91350203M0001FUE2P": "J"}
# The examples printed in GB 11643, and numbers of that form for residence permits of Hong Kong, Macao and Taiwan.
RESIDENT = {
    "34052419800101001X": (date(1980, 1, 1), True),
    "11010519491231002X": (date(1949, 12, 31), False),
    "440524188001010014": (date(1880, 1, 1), True),
    "810000199408230021": (date(1994, 8, 23), False),
    "830000199201300022": (date(1992, 1, 30), False),
}
FIVE_STAR = "911124198108030024"
LICENCES = (
    "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U",
    "1.2.156.3005.2.11100000MB03271699022.340100.000000016.001.9",
    "1.2.156.3005.2.11100000000013338W009.11330105002500287C.2025052201.002.0",
    "1.2.156.3005.2.11100000000013338W050.113700000045030270.2023080061.001.Y",
)


def code_of(read, value):
    with pytest.raises(YitongError) as caught:
        read(value, "/number")
    assert caught.value.where == "/number"
    assert str(value) not in str(caught.value), "a number must not reach logs by way of its refusal"
    return caught.value.code


@pytest.mark.parametrize("code", USCC)
def test_a_real_uscc_is_right(code):
    assert read_uscc(code).ok is True
    assert uscc_check(code[:17]) == code[17]


@pytest.mark.parametrize(("code", "by_the_standard"), USCC_EARLY.items())
def test_a_real_uscc_from_before_2016_is_warned_about_and_not_refused(code, by_the_standard):
    assert uscc_check(code[:17]) == by_the_standard != code[17]
    assert org_check(code[8:16]) == code[16]
    found = read_uscc(code)
    assert (found.code, found.ok) == (code, False)


def test_an_early_code_with_a_wrong_organisation_code_is_refused():
    assert code_of(read_uscc, "91350100M0001TGQ1M") == "id.uscc-check"


@pytest.mark.parametrize("code", USCC)
def test_every_other_check_character_of_a_uscc_is_refused(code):
    others = set("0123456789ABCDEFGHJKLMNPQRTUWXY") - {code[17]}
    assert {code_of(read_uscc, code[:17] + other) for other in others} == {"id.uscc-check"}


@pytest.mark.parametrize(
    "code",
    [
        "",
        "1110000000001333",
        "11100000000013338W0",
        "11100000000013338w",
        "11100000000O13338W",
        "1110000000001333 W",
        "11100000000013338W\n",
        "１1100000000013338W",
        "11100000000013338Z",
    ],
)
def test_a_uscc_of_another_shape_is_refused(code):
    with pytest.raises(YitongError) as caught:
        read_uscc(code)
    assert caught.value.code == "id.uscc-shape"


@pytest.mark.parametrize(("number", "facts"), RESIDENT.items())
def test_a_resident_number_tells_birth_and_sex(number, facts):
    found = read_resident_id(number)
    assert (found.kind, found.born, found.male) == ("resident", *facts)
    assert read_person_number(number) == found


@pytest.mark.parametrize("number", RESIDENT)
def test_one_wrong_digit_of_a_resident_number_is_found(number):
    for place in (*range(6), 14, 15, 16):  # not in the date of birth: there another refusal may come first
        for digit in set("12345678") - {number[place]}:
            assert code_of(read_resident_id, number[:place] + digit + number[place + 1 :]) == "id.resident-check"


@pytest.mark.parametrize("number", RESIDENT)
def test_two_neighbours_changed_over_are_found(number):
    for place in (0, 2, 14, 15):
        pair = number[place : place + 2]
        if pair[0] != pair[1] and not (place == 0 and pair[1] in "09"):
            changed = number[:place] + pair[::-1] + number[place + 2 :]
            assert code_of(read_resident_id, changed) == "id.resident-check"


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("", "id.resident-shape"),
        ("340524800101001", "id.resident-shape"),
        ("34052419800101001x", "id.resident-shape"),
        ("3405241980010100１X", "id.resident-shape"),
        ("04052419800101001X", "id.resident-shape"),
        ("34052419800101001X\n", "id.resident-shape"),
        (" 34052419800101001", "id.resident-shape"),
        ("340524198002300019", "id.resident-birth"),
        ("340524198013010019", "id.resident-birth"),
        ("340524000001010019", "id.resident-birth"),
        ("340524190002290019", "id.resident-birth"),
        ("340524198001010010", "id.resident-check"),
    ],
)
def test_a_number_that_is_none_is_refused(number, code):
    with pytest.raises(YitongError) as caught:
        read_resident_id(number, "/number")
    assert caught.value.code == code


def test_another_five_star_number_of_2023():
    assert read_five_star("931840199001010011").born == date(1990, 1, 1)


def test_a_five_star_number_of_2023():
    found = read_person_number(FIVE_STAR)
    assert (found.kind, found.born, found.male) == ("five-star", date(1981, 8, 3), False)
    wrong = FIVE_STAR[:17] + ("0" if FIVE_STAR[17] != "0" else "1")
    assert code_of(read_five_star, wrong) == "id.five-star-check"
    assert code_of(read_person_number, wrong) == "id.five-star-check"
    assert code_of(read_five_star, FIVE_STAR[:17]) == "id.five-star-shape"
    assert code_of(read_resident_id, FIVE_STAR) == "id.resident-shape"


def test_a_five_star_number_of_the_older_form():
    # the last digit weighs the fourteen before it 7, 3, 1, letters counting from A = 10, as travel documents do (ICAO 9303)
    assert read_person_number("USA110081010109").kind == "five-star-15"
    assert read_person_number("USA110081010109").born is None
    assert code_of(read_five_star, "USA110081010101") == "id.five-star-check"
    assert code_of(read_five_star, "usa110081010109") == "id.five-star-shape"


@pytest.mark.parametrize("text", LICENCES)
def test_a_real_licence_identifier_is_read_and_written(text):
    assert str(read_licence_id(text)) == text


def test_the_parts_of_a_licence_identifier():
    assert read_licence_id(LICENCES[1]) == LicenceId("11100000MB03271699022", "340100", "000000016", 1)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        # printed in a public sample, and wrong by its own rule
        (
            "1.2.156.3005.2.11100000000013661B006.113700000045046442.209FA4E88F9E4C878F3E9BED2CE7EA49.001.M",
            "id.licence-check",
        ),
        (LICENCES[1].replace(".9", ".8"), "id.licence-check"),
        (LICENCES[1].replace("1.2.156.3005.2", "1.2.156.3005.3"), "id.licence-shape"),
        (LICENCES[1].replace("022.340100", "0223.40100"), "id.licence-shape"),  # a moved dot: the check alone would not see it
        (LICENCES[1].replace(".001.", ".1."), "id.licence-shape"),
        (LICENCES[1] + ".9", "id.licence-shape"),
        (LICENCES[1].lower(), "id.licence-shape"),
        (LICENCES[1][:-2], "id.licence-shape"),
        ("", "id.licence-shape"),
    ],
)
def test_another_licence_identifier_is_refused(text, code):
    with pytest.raises(YitongError) as caught:
        read_licence_id(text)
    assert caught.value.code == code


def test_made_numbers_are_right():
    assert read_resident_id(make_resident_id("310000", date(1990, 5, 6), 7)).male is True
    assert read_uscc(make_uscc("91340100", "MA2EXAMP"[:8])).ok is True
    assert org_check("MA2EXAMP") == make_uscc("91340100", "MA2EXAMP")[16]


def test_the_check_characters_of_worked_examples():
    assert mod_11_2("34052419800101001") == "X"  # GB 11643, annex
    assert mod_37_36("A12425GABC1234002") == "M"  # ISO 7064, the example of a hybrid system
