"""The rules of a case: ``decide(case, command, now, service, calendar)`` says what happens, or why it may not.

Pure: the same case, command, moment, service and calendar give the same events on every node, and nothing is written.
The caller has authenticated the actor and checked the actor's roles against the chain of trust; this package judges
whether that actor, in that state, at that moment, may do this. Typical use::

    case = fold(events)
    made = decide(case, Command("accept", actor), clock.now(), service, calendar)
    # append made after case.seq; a conflict there means that someone else wrote first: load and decide again
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from yitong.cases import intake, review
from yitong.cases.calendar import Calendar
from yitong.cases.case import Case, apply, writer
from yitong.cases.commands import APPLICANT, AUTHORITY, COMMANDS, SYSTEM, WINDOW, Command, check_command
from yitong.cases.events import EVENTS, Event
from yitong.cases.service import Service
from yitong.cases.step import Outcome, Step
from yitong.errors import YitongError

# Each command: the event whose states it may be given in, and the rule that makes it.
_RULES: dict[str, tuple[str, Callable[[Step], Outcome]]] = {
    "submit": ("submitted", intake.submit),
    "receive": ("received", intake.receive),
    "return_at_window": ("returned_at_window", intake.return_at_window),
    "forward": ("forwarded", intake.forward),
    "take_back": ("forward_refused", intake.take_back),
    "sign_for": ("handed_over", intake.sign_for),
    "request_supplement": ("supplement_requested", intake.request_supplement),
    "supply": ("supplied", intake.supply),
    "accept": ("accepted", intake.accept),
    "not_competent": ("redirected", intake.not_competent),
    "refuse_acceptance": ("not_accepted", intake.refuse_acceptance),
    "start_review": ("review_started", review.start_review),
    "stop_clock": ("clock_stopped", review.stop_clock),
    "restart_clock": ("clock_restarted", review.restart_clock),
    "grant": ("granted", review.grant),
    "refuse": ("refused", review.refuse),
    "withdraw": ("withdrawn", review.withdraw),
    "terminate": ("terminated", review.terminate),
    "produce": ("produced", review.produce),
    "deliver": ("delivered", review.deliver),
    "close": ("closed", review.close),
}


def decide(case: Case, command: Command, now: datetime, service: Service, calendar: Calendar) -> tuple[Event, ...]:
    """The events that ``command`` causes, in order; none if a ``tick`` finds nothing due. Raises ``case.…``.

    1. the moment is aware, the command is known, has its members and its evidence;
    2. the service is the case's, and once accepted the version accepted under;
    3. the actor is the one whose command this is;
    4. the state allows it; after withdrawal nothing is decided any more, after the decision nothing is withdrawn;
    5. the rule of the command makes the event;
    6. the event can be applied: whatever this returns, every node will accept.
    """
    if now.tzinfo is None:  # (1)
        raise YitongError("time.not-a-moment", command.name)
    check_command(command)  # (1)
    _check_service(case, service)  # (2)
    _check_actor(case, command, service)  # (3)
    step = Step(case, command, _to_millisecond(now), service, calendar)
    if command.name == "tick":
        outcome = review.tick(step)
    else:
        _check_state(case, command)  # (4)
        outcome = _RULES[command.name][1](step)  # (5)
    if outcome is None:
        return ()
    event = _event(step, outcome)
    apply(case, event)  # (6)
    return (event,)


def possible(case: Case, kind: str) -> tuple[str, ...]:
    """The commands that an actor of this kind could give in the case's state; whether they succeed, their rules say."""
    open_now = (name for name, (event, _) in _RULES.items() if case.state in EVENTS[event].after)
    return tuple(name for name in open_now if kind in COMMANDS[name].by)


def _to_millisecond(now: datetime) -> datetime:
    # Events are written to the millisecond; a finer moment would not survive being stored and read again.
    utc = now.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


def _check_service(case: Case, service: Service) -> None:
    if case.service_id and case.service_id != service.id:
        raise YitongError("case.wrong-service", service.id)
    if case.acceptance is not None and case.acceptance.service_version != service.version:
        raise YitongError("case.wrong-version", service.id, expected=case.acceptance.service_version, version=service.version)


def _check_actor(case: Case, command: Command, service: Service) -> None:
    actor = command.actor
    if actor.kind not in check_command(command).by or not actor.reference or not actor.entity_id:
        raise YitongError("case.wrong-actor", command.name, command=command.name)
    if actor.kind == APPLICANT and case.applicant.reference not in {"", actor.reference}:
        raise YitongError("case.not-the-applicant", case.case_id)
    if actor.kind == WINDOW and (case.window or actor.entity_id) != actor.entity_id:
        raise YitongError("case.not-the-window", case.case_id)
    if actor.kind == WINDOW and actor.entity_id not in {window.entity_id for window in service.windows}:
        raise YitongError("case.not-the-window", case.case_id)
    first = (*case.hops, case.authority)[0] or service.authority.entity_id  # whom the window sent it to
    if actor.kind == AUTHORITY and (first, case.authority or first) != (service.authority.entity_id, actor.entity_id):
        raise YitongError("case.not-competent", case.case_id)
    may_write = actor.kind == APPLICANT or actor.entity_id == writer(case)
    if command.name in {"terminate", "close", "tick"} and not may_write:
        raise YitongError("case.not-writer", case.case_id)


def _check_state(case: Case, command: Command) -> None:
    if case.state in EVENTS[_RULES[command.name][0]].after:
        return
    if case.withdrawn_at is not None and command.name not in {"withdraw", "close"}:
        raise YitongError("case.withdrawn", case.case_id)
    if case.decision is not None and command.name == "withdraw":
        raise YitongError("case.decided", case.case_id)
    raise YitongError("case.state", case.case_id, state=case.state, command=command.name)


def _event(step: Step, outcome: Outcome) -> Event:
    kind, body = outcome
    actor = step.command.actor
    by = actor.reference if actor.kind == APPLICANT else actor.entity_id
    person = SYSTEM if actor.kind == SYSTEM else actor.reference
    return Event(step.case.case_id, step.case.seq + 1, kind, step.now, by, person, body, step.command.evidence)
