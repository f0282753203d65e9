"""0 unpermitted: nothing began, and nothing arrived, that was not permitted at that moment."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from governance.expressions import compiled
from tests.faults.case import Case
from tests.faults.evidence import ActionRow, HaltRow
from tests.faults.witness import Arrival

NOT_DONE = ("refused", "rejected", "skipped", "cancelled", "expired")
CLOSE = timedelta(milliseconds=50)


def without_begin(case: Case) -> Iterator[str]:
    """What arrived had been begun before, and no more often than it was begun."""
    for arrival in case.evidence.arrivals:
        if arrival.key not in case.keys and arrival.content.get("message_id") not in case.evidence.notices:
            yield f"something arrived at the {arrival.witness} witness under “{arrival.key}”, which nobody began"
    skew = timedelta(seconds=case.evidence.skew) + CLOSE
    for key, arrivals in case.came.items():
        action = case.actions[key]
        if len(arrivals) > len(action.attempts):
            yield f"action {key} was begun {len(action.attempts)} times and arrived {len(arrivals)} times"
        first = datetime.fromtimestamp(min(arrival.at for arrival in arrivals), UTC)
        if action.attempts and action.attempts[0].begun_at > first + skew:
            yield f"action {key} arrived at {first}, before its first begin at {action.attempts[0].begun_at}"


def other_content(case: Case) -> Iterator[str]:
    """What arrived is what was judged and approved, byte for byte of its digest."""
    for key, arrivals in case.came.items():
        action = case.actions[key]
        known = {attempt.digest for attempt in action.attempts}
        for arrival in arrivals:
            if digest_of(action, said(arrival, action)) not in known:
                yield f"what arrived of action {key} has none of the digests it was begun with: {arrival.content}"


def said(arrival: Arrival, action: ActionRow) -> dict[str, Any]:
    """Return the payload that this arrival came from: what it said, and of the payload what does not travel."""
    if arrival.witness == "http":
        return {**action.payload, **arrival.content}
    to, *others = arrival.content["to"]
    body = arrival.content["body"]
    same = body.rstrip("\n") == str(action.payload.get("body", "")).rstrip("\n")  # mail ends every text with a line
    return {
        **action.payload,
        "to": to if not others else arrival.content["to"],
        "subject": arrival.content["subject"],
        "body": action.payload["body"] if same else body,
    }


def digest_of(action: ActionRow, payload: dict[str, Any]) -> str:
    """SHA-256 over capability, action and payload in canonical JSON, worked out again and not taken from Remit."""
    content = json.dumps([action.step.capability, action.id, payload], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()


def without_approval(case: Case) -> Iterator[str]:
    """Where a person had to approve, one did, and approved what was then begun."""
    for entry, action in case.begins:
        before = [each for each in case.of_action[action.id] if each.id < entry.id]
        asked = max((each.id for each in before if each.verb == "action.to_review"), default=0)
        approved = [each for each in before if each.verb == "action.approved" and each.kind == "person"]
        must = bool(asked) or (action.step.ownership == "needs_approval" and action.undo_of is None)
        if must and not any(each.id > asked for each in approved):
            yield f"action {action.id} began (entry {entry.id}) without the approval it needs"
            continue
        if not approved or entry.verb != "action.started":
            continue
        attempt = action.attempts[min(int(entry.data.get("attempt", 1)), len(action.attempts)) - 1]
        if attempt.digest != approved[-1].data.get("digest"):
            yield f"action {action.id}: attempt {attempt.number} is not of the digest that was approved"


def inside_a_halt(case: Case) -> Iterator[str]:
    """Between the Entry of a halt and that of its lifting nothing in its scope began."""
    windows = list(_windows(case))
    for entry, action in case.begins:
        for halt, pulled, lifted in windows:
            if pulled < entry.id < lifted and holds(halt, action, case):
                words = f"halt {halt.id} of {halt.scope} {halt.target}".strip()
                yield f"action {action.id} began (entry {entry.id}) inside {words} ({pulled} to {lifted})"


def _windows(case: Case) -> Iterator[tuple[HaltRow, int, float]]:
    ends: dict[int, float] = {}
    pulled: dict[int, int] = {}
    for entry in case.evidence.entries:
        if entry.verb == "halt.pulled":
            pulled[int(entry.data["halt"])] = entry.id
        if entry.verb == "halt.lifted":
            ends[int(entry.data["halt"])] = entry.id
    for key, at in pulled.items():
        yield case.evidence.halts[key], at, ends.get(key, float("inf"))


def holds(halt: HaltRow, action: ActionRow, case: Case) -> bool:
    step = action.step
    match halt.scope:
        case "everything":
            return True
        case "workflow":
            return halt.target == step.workflow
        case "step":
            return halt.target == f"{step.workflow}/{step.key}"
        case "capability":
            return halt.target == step.capability
        case "agent":
            return halt.target == case.runs[action.run].agent
        case _:
            return halt.target in step.teams


def against_the_rules(case: Case) -> Iterator[str]:
    """Nothing began that the rulebook then in force refused, kept for people, or wanted approved and nobody had."""
    books = _in_force(case, "rulebook.in_force", "rulebook")
    by_book: dict[int, list[Any]] = defaultdict(list)
    for rail in case.evidence.rails:
        by_book[rail.rulebook].append(rail)
    for entry, action in case.begins:
        if entry.verb != "action.started" or action.digest != action.attempts[-1].digest:
            continue
        book = next((number for at, number, _ in reversed(books) if at < entry.id), 0)
        for rail in by_book[book]:
            if rail.capability not in ("", action.step.capability) or not _trips(rail.when, action):
                continue
            approved = any(e.verb == "action.approved" and e.id < entry.id for e in case.of_action[action.id])
            if rail.effect in ("refuse", "human") or not approved:
                words = f"{rail.effect} if {rail.when}"
                yield f"action {action.id} began (entry {entry.id}) against rulebook {book}: {words}"


def _trips(when: str, action: ActionRow) -> bool:
    return compiled(when, boolean=True).holds({"proposal": action.payload})


def _in_force(case: Case, verb: str, name: str) -> list[tuple[int, int, str]]:
    """Return (entry, number, workflow) of each taking force, in order."""
    return [(e.id, int(e.data[name]), e.workflow) for e in case.evidence.entries if e.verb == verb]


def against_newer_terms(case: Case) -> Iterator[str]:
    """No effect began alone that the workflow's version then in force wanted approved, or did not know."""
    taking_force: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for at, number, workflow in _in_force(case, "version.in_force", "version"):
        taking_force[workflow].append((at, number))
    for entry, action in case.begins:
        if entry.verb != "action.started" or action.undo_of is not None:
            continue
        versions = taking_force[action.step.workflow]
        number = next((number for at, number in reversed(versions) if at < entry.id), action.step.version)
        step = case.evidence.steps.get((action.step.workflow, number, action.step.key))
        alone = step is not None and step.ownership == "automated"
        approved = any(e.verb == "action.approved" and e.id < entry.id for e in case.of_action[action.id])
        if not alone and not approved:
            words = f"version {number} of {action.step.workflow}"
            yield f"action {action.id} began (entry {entry.id}) alone against {words}"


def arrived_all_the_same(case: Case) -> Iterator[str]:
    """What was refused, rejected or withdrawn never arrived."""
    for key, arrivals in case.came.items():
        action = case.actions[key]
        if action.status in NOT_DONE and any(arrival.took for arrival in arrivals) and not case.person_settled(action):
            yield f"action {key} is {action.status} and arrived all the same"
