"""What can be asked of a case: the commands, who may give each, and what each carries.

A command is a wish; :func:`yitong.cases.decide.decide` turns it into events or refuses it. Every command comes from an
actor whom the caller has authenticated: this package judges what the actor may do, not whether it is who it says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from yitong.cases.shape import Shape, check, is_sha256, text, texts, tree, trees, whole
from yitong.errors import YitongError

APPLICANT = "applicant"
WINDOW = "window"
AUTHORITY = "authority"
SYSTEM = "system"

# What is not counted (Administrative Licensing Law art. 45), and a lost original, which suspends a case and never ends it.
STOP_REASONS = frozenset(
    {
        "hearing",
        "tender",
        "auction",
        "inspection",
        "testing",
        "quarantine",
        "appraisal",
        "expert-review",
        "lost-original",
    }
)
TERMINATION_REASONS = frozenset({"applicant-deceased", "entity-dissolved", "supplement-missing", "impossible"})
DELIVERY_METHODS = frozenset({"electronic", "post", "counter"})


@dataclass(frozen=True, slots=True)
class Actor:
    """Who gives a command: the ``entity_id`` of the institution acted for, and the ``reference`` of the person acting.

    For an applicant ``entity_id`` is where they act (it is not judged) and ``reference`` is the applicant's own.
    """

    kind: str
    entity_id: str
    reference: str


@dataclass(frozen=True, slots=True)
class CommandKind:
    """Who may give the command, what it carries, and whether it must come with evidence."""

    by: frozenset[str]
    body: Shape = field(default_factory=Shape)
    needs_evidence: bool = False


_APPLICANT = frozenset({APPLICANT})
_WINDOW = frozenset({WINDOW})
_AUTHORITY = frozenset({AUTHORITY})
_WRITER = frozenset({WINDOW, AUTHORITY})

COMMANDS: dict[str, CommandKind] = {
    "submit": CommandKind(_APPLICANT, Shape({"window": text, "application": tree})),
    "receive": CommandKind(_WINDOW),
    "return_at_window": CommandKind(_WINDOW, Shape({"reasons": texts})),
    "forward": CommandKind(_WINDOW),
    "take_back": CommandKind(frozenset({SYSTEM}), Shape({"code": text})),
    "sign_for": CommandKind(_AUTHORITY),
    "request_supplement": CommandKind(_AUTHORITY, Shape({"lacking": texts}, {"working_days": whole, "note": text})),
    "supply": CommandKind(_APPLICANT, Shape({"materials": trees})),
    "accept": CommandKind(_AUTHORITY),
    "not_competent": CommandKind(_AUTHORITY, Shape({"to": text, "reason": text})),
    "refuse_acceptance": CommandKind(_AUTHORITY, Shape({"reason": text})),
    "start_review": CommandKind(_AUTHORITY),
    "stop_clock": CommandKind(_AUTHORITY, Shape({"reason": text, "expected_working_days": whole})),
    "restart_clock": CommandKind(_AUTHORITY),
    "grant": CommandKind(_AUTHORITY, Shape({}, {"note": text, "result": tree}), needs_evidence=True),
    "refuse": CommandKind(_AUTHORITY, Shape({"reason": text}, {"note": text}), needs_evidence=True),
    "withdraw": CommandKind(_APPLICANT, Shape({}, {"reason": text})),
    "terminate": CommandKind(_WRITER, Shape({"reason": text}, {"note": text})),
    "produce": CommandKind(_AUTHORITY, Shape({"result_id": text}), needs_evidence=True),
    "deliver": CommandKind(_AUTHORITY, Shape({"method": text}), needs_evidence=True),
    "close": CommandKind(_WRITER | {SYSTEM}),
    "tick": CommandKind(frozenset({SYSTEM})),
}


@dataclass(frozen=True, slots=True)
class Command:
    """One wish: its name, who has it, what it carries, and the hashes of what proves it."""

    name: str
    actor: Actor
    body: Mapping[str, Any] = field(default_factory=dict)
    evidence: tuple[str, ...] = ()


def check_command(command: Command) -> CommandKind:
    """The kind of the command; raises ``case.wrong-command`` or, for a missing or malformed hash, ``case.evidence-missing``."""
    kind = COMMANDS.get(command.name)
    if kind is None:
        raise YitongError("case.wrong-command", command.name[:60], member="name")
    check(kind.body, command.body, "case.wrong-command", command.name)
    if not all(map(is_sha256, command.evidence)) or (kind.needs_evidence and not command.evidence):
        raise YitongError("case.evidence-missing", command.name)
    return kind
