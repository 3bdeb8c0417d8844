"""The tables of sentences and words: both languages complete, nothing missing, nothing left over."""

import re
from importlib import resources
from typing import get_args

import pytest

from yitong.cases.commands import COMMANDS
from yitong.cases.deadline import UNITS
from yitong.cases.events import STATES as CASE_STATES
from yitong.cases.service import MODES
from yitong.credentials.status import LicenceState
from yitong.errors import WHO, Text, YitongError
from yitong.node.pages.text import pick, placeholders, read_messages, read_sentences, read_words
from yitong.people.account import ROLES
from yitong.settlement.bill import STATES as BILL_STATES
from yitong.settlement.trips import State as TripState

PAGES = resources.files("yitong.node.pages")
_SENTENCE = re.compile(r"""(?<![\w.])(?:self\.)?t\(\s*["']([^"']+)["']""")
_WORD_AREA = re.compile(r"""(?:word|tag)\(\s*["']([a-z-]+)["']|["']tag:([a-z-]+)["']""")


def _sources() -> str:
    templates = [file.read_text("utf-8") for file in (PAGES / "templates").iterdir()]
    modules = [file.read_text("utf-8") for file in PAGES.iterdir() if file.name.endswith(".py")]
    return "\n".join(templates + modules)


def test_every_sentence_that_a_template_asks_for_is_written_and_none_is_left_over():
    used = set(_SENTENCE.findall(_sources()))
    assert len(used) > 150
    assert used == set(read_messages().sentences)


def test_templates_and_modules_ask_for_sentences_by_literal_name_only():
    calls = re.findall(r"(?<![\w.])(?:self\.)?t\(", _sources().replace("def t(", ""))
    assert len(calls) == len(_SENTENCE.findall(_sources()))


def test_every_area_of_words_is_asked_for_and_has_words():
    asked = {first or second for first, second in _WORD_AREA.findall(_sources())}
    assert asked == {key.split(".")[0] for key in read_messages().words}


def test_templates_hold_no_chinese_of_their_own():
    templates = "".join(file.read_text("utf-8") for file in (PAGES / "templates").iterdir())
    assert re.findall(r"[\u4e00-\u9fff]+", templates) == []


def test_the_states_roles_and_commands_of_the_domains_have_words():
    asked = {
        "licence-state": {state.value for state in LicenceState},
        "case-state": CASE_STATES,
        "bill-state": BILL_STATES,
        "charge-state": set(get_args(TripState)),
        "role": set(ROLES) - {"resident", "enterprise"},
        "mode": MODES,
        "unit": UNITS,
        "action": set(COMMANDS) - {"tick", "take_back"},  # time and neighbours give these, and nobody presses a button for them
        "answer": {"yes", "no", "cannot-tell"},
    }
    messages = read_messages()
    missing = [(area, code) for area, codes in asked.items() for code in sorted(codes) if messages.word(area, code) is None]
    assert missing == []


def test_who_can_mend_an_error_has_a_word_for_each():
    assert {key.split(".")[1] for key in read_messages().words if key.startswith("who.")} == WHO


def test_both_languages_have_the_same_placeholders_in_all_tables():
    for key, text in read_messages().sentences.items():
        assert placeholders(text.zh) == placeholders(text.en), key


def test_states_read_with_hyphen_or_underscore():
    messages = read_messages()
    assert messages.word("case-state", "in_review") == messages.word("case-state", "in-review")
    assert messages.word("case-state", "in-review").text == Text("审查中", "In review")
    assert messages.word("case-state", "from-a-newer-node") is None


@pytest.mark.parametrize(
    "document",
    [
        '"a" = { zh = "甲 {n}", en = "A {m}" }',
        '"a" = { zh = "甲" }',
        '"a" = { zh = "甲", en = " " }',
        '"a" = { zh = "甲", en = "A", fr = "A" }',
        '"a" = "A"',
    ],
)
def test_a_wrong_sentence_is_refused(document):
    with pytest.raises(YitongError) as caught:
        read_sentences(document)
    assert (caught.value.code, caught.value.where) == ("pages.messages-wrong", "a")


def test_a_word_of_an_unknown_tone_is_refused():
    with pytest.raises(YitongError) as caught:
        read_words('"x.a" = { zh = "甲", en = "A", tone = "purple" }')
    assert caught.value.code == "pages.messages-wrong"


def test_words_come_from_texts_tables_and_names():
    assert pick(Text("甲", "A"), "zh") == "甲"
    assert pick({"zh": "甲", "en": "A"}, "en") == "A"
    assert pick("Yitong", "zh") == "Yitong"
