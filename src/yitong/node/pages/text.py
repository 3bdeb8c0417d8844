"""The sentences and words that pages speak, each in Chinese and English, read from ``messages/*.toml``.

A *sentence* (``"case.due"``) is asked for by name in a template. A *word* (``"case-state.accepted"``) names a value that
comes from a domain, such as a state or a role; it may carry a ``tone``, which a tag shows beside the word and never
instead of it. Both languages of a sentence have the same placeholders, or the table is refused.
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TypeVar

from yitong.errors import Text, YitongError

LANGUAGES = ("zh", "en")
TONES = frozenset({"good", "wait", "warn", "bad", "plain"})
Row = TypeVar("Row")
WORD_FILES = frozenset({"words.toml", "states.toml"})

# What a route may hand over where a page shows words: both languages, a catalogue's {zh, en} table, or one proper name.
Words = Text | Mapping[str, str] | str


@dataclass(frozen=True, slots=True)
class Word:
    """A value's name in both languages and the tone in which a tag shows it."""

    text: Text
    tone: str


@dataclass(frozen=True, slots=True)
class Messages:
    """All sentences and words of the pages."""

    sentences: Mapping[str, Text]
    words: Mapping[str, Word]

    def sentence(self, key: str) -> Text:
        """The sentence ``key``; raises ``pages.no-sentence``."""
        found = self.sentences.get(key)
        if found is None:
            raise YitongError("pages.no-sentence", key, key=key)
        return found

    def word(self, area: str, code: str) -> Word | None:
        """The word for ``code`` in ``area`` (``in_review`` and ``in-review`` are one), or nothing if it is not known."""
        return self.words.get(f"{area}.{code.replace('_', '-')}")


def pick(words: Words, lang: str) -> str:
    """``words`` in ``lang``; a plain string is a proper name and stands in both languages."""
    if isinstance(words, str):
        return words
    if isinstance(words, Text):
        return words.of(lang)
    return words["zh" if lang == "zh" else "en"]


def as_text(words: Words) -> Text:
    """``words`` as a :class:`Text`, so that it can be compared and be a key."""
    return Text(pick(words, "zh"), pick(words, "en"))


def placeholders(sentence: str) -> frozenset[str]:
    """The names in braces that a sentence is filled with."""
    return frozenset(name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None)


def _text(key: str, row: dict[str, object]) -> Text:
    zh, en = row.get("zh"), row.get("en")
    if not isinstance(zh, str) or not isinstance(en, str) or not zh.strip() or not en.strip():
        raise YitongError("pages.messages-wrong", key, key=key, reason="zh and en must both be written")
    if placeholders(zh) != placeholders(en):
        raise YitongError("pages.messages-wrong", key, key=key, reason="zh and en differ in placeholders")
    return Text(zh, en)


def read_sentences(document: str) -> dict[str, Text]:
    """The sentences of one TOML table; raises ``pages.messages-wrong``."""
    found = {}
    for key, row in tomllib.loads(document).items():
        if not isinstance(row, dict) or set(row) - {"zh", "en"}:
            raise YitongError("pages.messages-wrong", key, key=key, reason="only zh and en are allowed")
        found[key] = _text(key, row)
    return found


def read_words(document: str) -> dict[str, Word]:
    """The words of one TOML table, ``tone`` being ``plain`` unless told; raises ``pages.messages-wrong``."""
    found = {}
    for key, row in tomllib.loads(document).items():
        if not isinstance(row, dict) or set(row) - {"zh", "en", "tone"} or row.get("tone", "plain") not in TONES:
            raise YitongError("pages.messages-wrong", key, key=key, reason="only zh, en and a known tone are allowed")
        found[key] = Word(_text(key, row), row.get("tone", "plain"))
    return found


@cache
def read_messages() -> Messages:
    """All tables of ``messages/``, read once; a key that stands twice is refused (``pages.messages-wrong``)."""
    sentences: dict[str, Text] = {}
    words: dict[str, Word] = {}
    for file in sorted((resources.files(__package__) / "messages").iterdir(), key=lambda f: f.name):
        document = file.read_text("utf-8")
        if file.name in WORD_FILES:
            _add(words, read_words(document))
        elif file.name.endswith(".toml"):
            _add(sentences, read_sentences(document))
    return Messages(sentences, words)


def _add(into: dict[str, Row], rows: dict[str, Row]) -> None:
    for key, row in rows.items():
        if key in into:
            raise YitongError("pages.messages-wrong", key, key=key, reason="it stands twice")
        into[key] = row
