"""The parts of the envelope, one check each: what trips, in plain words. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from governance.envelope.allowances import as_written
from governance.envelope.data import classes_of
from governance.envelope.openings import NoZone, zone_of
from governance.envelope.phrases import spoken
from governance.judging.terms import Rules, Terms
from governance.judging.verdict import Outcome, Reason
from governance.rulewords import measure_words, number, over_words

Facts = Mapping[str, Any]


def stance(facts: Facts, terms: Terms, rules: Rules) -> Iterator[Reason]:
    if rules.stance == "approved":
        if _is_over(rules.review_by, facts):
            words = f"The approval of {rules.capability} was to be reviewed by {rules.review_by}"
            yield Reason("stance", Outcome.REVIEW, words, rules.source)
        return
    if rules.stance == "out_of_scope":
        words = f"{rules.capability} is out of scope in this organisation"
    else:
        words = f"Nobody has decided whether software may use {rules.capability}"
    yield Reason("stance", Outcome.REFUSE, words, rules.source)


def eligibility(facts: Facts, terms: Terms, rules: Rules) -> Iterator[Reason]:
    """A workflow may act alone, ask, or only recommend; then software works things out but changes nothing."""
    if terms.recommend_only and terms.changes:
        words = "This workflow only recommends: a person does it"
        yield Reason("recommend_only", Outcome.HUMAN, words, terms.source)
    if terms.ownership != "automated":
        return
    if not terms.automation_allowed:
        yield Reason("eligibility", Outcome.REVIEW, "This workflow is not eligible for automation", terms.source)
    if _is_over(terms.review_by, facts):
        words = f"What was delegated here was to be reviewed by {terms.review_by}, so a person is asked again"
        yield Reason("review_by", Outcome.REVIEW, words, terms.source)


def _is_over(day: date | None, facts: Facts) -> bool:
    """Whether a delegation has ended: on its day it has. Without a moment to tell it by, it has, too."""
    if day is None:
        return False
    now = facts.get("now")
    moment = datetime.fromisoformat(now) if isinstance(now, str) else now
    return moment is None or moment.astimezone(UTC).date() >= day


def data(facts: Facts, terms: Terms, rules: Rules) -> Iterator[Reason]:
    if rules.uses is None:
        return
    declared, used = facts.get("data", ()), classes_of(rules.classes, facts.get("fields", ()))
    for name in used:
        if name not in declared:
            words = f"It used {name}, which this step does not declare"
            yield Reason(f"data:undeclared:{name}", Outcome.REVIEW, words, terms.source)
    for name in dict.fromkeys((*declared, *used)):
        said, purpose = rules.use(name, terms.purpose), terms.purpose or "this purpose"
        if said == "forbidden":
            yield Reason(f"data:{name}", Outcome.REFUSE, f"{name} must not be used for {purpose}", rules.source)
        elif said == "review":
            yield Reason(f"data:{name}", Outcome.REVIEW, f"{name} is used for {purpose}: a person looks", rules.source)
        elif not said:
            words = f"Nobody has decided whether {name} may be used for {purpose}"
            yield Reason(f"data:{name}", Outcome.REVIEW, words, rules.source)


def assets(facts: Facts, terms: Terms, rules: Rules) -> Iterator[Reason]:
    for asset in facts.get("assets", ()):
        rule = f"asset:{asset['kind']}/{asset['key']}"
        if asset["standing"] != "approved":
            yield _asset(asset, rule)
        for name in asset.get("outside", ()):
            words = f"{_name(asset)}: {name} is none of the approved choices"
            yield Reason(f"{rule}:{name}", Outcome.REVIEW, words, "Register")
        if is_reworded(asset):
            words = f"{_name(asset)}: its words were changed beyond its choices"
            yield Reason(f"{rule}:words", Outcome.REVIEW, words, "Register")


def is_reworded(asset: Mapping[str, Any]) -> bool:
    """Whether words were changed that the template's owner had fixed. One that binds nothing leaves them to people."""
    return bool(asset.get("edited") and asset.get("owner"))


def _asset(asset: Mapping[str, Any], rule: str) -> Reason:
    name, standing = _name(asset), asset["standing"]
    outcome = Outcome.REFUSE if standing in ("withdrawn", "unknown") else Outcome.REVIEW
    where = " or ".join(asset.get("where", ())) or "this segment, market or channel"
    words = {
        "withdrawn": f"{name} was withdrawn",
        "unknown": f"{name} is not in the register",
        "expired": f"{name} is past its last day",
        "future": f"{name} is not approved yet",
        "elsewhere": f"{name} is not approved for {where}",
    }[standing]
    return Reason(rule, outcome, words, "Register")


def _name(asset: Mapping[str, Any]) -> str:
    return f"{asset['kind'].capitalize()} “{asset['title']}”"


def phrases(facts: Facts, terms: Terms, rules: Rules) -> Iterator[Reason]:
    """What a text says that needs a claim: without an approved one that it names, a person looks."""
    if not rules.phrases:
        return
    claims = {
        one["key"]: str(one.get("text", ""))
        for one in facts.get("assets", ())
        if one["kind"] == "claim" and one["standing"] == "approved"
    }
    for found in spoken(rules.phrases, list(_said(facts)), claims):
        if not found.is_backed:
            phrase, words = found.phrase, f"“{found.words}” {found.lacks}"
            rule = f"phrase:{phrase.words}"
            yield Reason(rule, Outcome.REVIEW, words, rules.source, found.words, phrase.claim or None)


def _said(facts: Facts) -> Iterator[str]:
    """Yield the words others will read, where it is known which they are; else every text of the proposal."""
    proposal = facts.get("proposal", {})
    says = facts.get("says", ())
    return _texts({name: proposal.get(name) for name in says} if says else proposal)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, Sequence):
        for inner in value:
            yield from _texts(inner)


def limits(facts: Facts, terms: Terms, rules: Rules) -> Iterator[Reason]:
    for limit in terms.limits:
        value = facts.get("amounts", {}).get(limit.measure.removeprefix("amounts."))
        if is_number(value) and value <= limit.at_most:
            continue
        name = measure_words(limit.measure)
        words = f"More than {number(limit.at_most)} {name}" if is_number(value) else f"It does not say how many {name}"
        outcome = Outcome(limit.effect)
        rule = f"limit:{limit.measure}:{limit.at_most:g}"
        yield Reason(rule, outcome, limit.reason or words, terms.source, value, limit.at_most, limit.track)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value


def allowances(facts: Facts, terms: Terms, rules: Rules) -> Iterator[Reason]:
    """What the action would bring each allowance to. Facts without `usage` (an example, the past) say nothing of it;
    where there is `usage` and an allowance is missing from it, nobody counted, and that is beyond it."""
    known = facts.get("usage")
    if known is None or _is_undo(facts):
        return
    for allowance in rules.allowances:
        usage = known.get(allowance.key, {"trouble": f"{allowance.title}: nobody counted what is used"})
        words, value = usage.get("trouble", ""), usage.get("would_be")
        if not words and (usage["held"] or allowance.permits(as_written(value))):
            continue
        fits = allowance.permits(as_written(usage.get("adds", 0)))
        if allowance.over == "wait" and not words and fits:
            continue  # the engine lets it wait for room
        outcome = Outcome.REVIEW if allowance.over == "wait" else Outcome(allowance.over)
        rule, words = f"allowance:{allowance.key}", words or over_words(allowance, usage)
        yield Reason(rule, outcome, words, rules.source, value, allowance.limit, allowance.track)


def _is_undo(facts: Facts) -> bool:
    """Taking back uses nothing up and waits for no hours."""
    return bool(facts.get("action", {}).get("undo"))


def hours(facts: Facts, terms: Terms, rules: Rules) -> Iterator[Reason]:
    """Outside open hours an effect waits, which is no verdict. A person looks where nobody can tell when they are."""
    for row in () if _is_undo(facts) else rules.hours:
        try:
            zone_of(row, facts)
        except NoZone as error:
            yield Reason(f"hours:{row.key}", Outcome.REVIEW, str(error), rules.source)


def confidence(facts: Facts, terms: Terms, rules: Rules) -> Iterator[Reason]:
    floor, sure = terms.min_confidence, facts.get("confidence")
    if floor is None:
        return
    if sure is None:
        yield Reason("confidence", Outcome.REVIEW, "It says nothing of how sure it is", terms.source, None, floor)
    elif not is_number(sure) or sure < floor:
        words = "It is less sure than this step demands"
        yield Reason("confidence", Outcome.REVIEW, words, terms.source, sure, floor)


def conditions(facts: Facts, terms: Terms, rules: Rules) -> Iterator[Reason]:
    for index, error in rules.compiled.tripped(facts):
        condition = rules.conditions[index]
        words = f"{condition.reason} (could not be checked: {error})" if error else condition.reason
        rule = f"when:{condition.when}"
        yield Reason(rule, condition.outcome, words, condition.source, track=condition.track)


def ownership(facts: Facts, terms: Terms, rules: Rules) -> Iterator[Reason]:
    if terms.ownership == "needs_approval":
        yield Reason("ownership", Outcome.REVIEW, "This step needs approval", terms.source)
    elif terms.ownership != "automated":
        yield Reason("ownership", Outcome.HUMAN, "This step belongs to people", terms.source)


Check = Callable[[Facts, Terms, Rules], Iterator[Reason]]


def asked_of(facts: Facts, terms: Terms, rules: Rules) -> list[Check]:
    """Return the checks that could trip here, in their order. Every step asks for a verdict, so none runs idly."""
    ends = terms.review_by is not None
    found: tuple[tuple[Check, object], ...] = (
        (stance, rules.stance != "approved" or rules.review_by is not None),
        (eligibility, ends or terms.recommend_only or not terms.automation_allowed),
        (data, facts.get("data") or facts.get("fields")),
        (assets, facts.get("assets")),
        (phrases, rules.phrases),
        (limits, terms.limits),
        (allowances, rules.allowances),
        (hours, rules.hours),
        (confidence, terms.min_confidence is not None),
        (conditions, rules.conditions),
        (ownership, terms.ownership != "automated"),
    )
    return [check for check, applies in found if applies]


def always(facts: Facts, terms: Terms, rules: Rules) -> int:
    """Return how many rules these checks looked at."""
    rows = (rules.conditions, rules.phrases, terms.limits, rules.allowances, rules.hours)
    names = ("assets", "data")
    found = sum(map(len, rows)) + sum(len(facts.get(name, ())) for name in names)
    return 3 + found + (terms.min_confidence is not None)


def sample(facts: Facts, terms: Terms) -> list[Reason]:
    """Draw a share of what would act alone, by the action's id, so that the same action is always drawn or never."""
    if terms.sample_rate <= 0:
        return []
    digest = hashlib.sha256(str(facts["action"]["id"]).encode()).digest()
    if int.from_bytes(digest[:8], "big") / 2**64 >= terms.sample_rate:
        return []
    words = "Drawn as a sample of what software does alone"
    return [Reason("sample", Outcome.REVIEW, words, terms.source, None, terms.sample_rate)]
