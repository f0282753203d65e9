"""An Entry as one sentence for people. Pure: reads the entry's fields and writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

Data = Mapping[str, Any]
MANY = 2
"""So many reasons are written out, further ones are counted."""


class Fact(Protocol):
    """What an Entry says."""

    verb: str
    actor_kind: str
    actor_name: str
    data: Any


def sentence(fact: Fact, titles: Mapping[str, str] | None = None) -> str:
    """Return what happened, in one sentence. `titles` gives the titles of steps by key; else keys are spelled out."""
    data: Data = fact.data if isinstance(fact.data, Mapping) else {}
    key = str(data.get("step", ""))
    step = (titles or {}).get(key) or spelled(key) or "The action"
    named = f"“{step}”" if key else step
    if data.get("undo"):
        named = f"the undoing of {named}"
    told = _SENTENCES.get(fact.verb, _anything)(fact, named, data)
    return told[:1].upper() + told[1:]


def spelled(key: str) -> str:
    """Return a key as words: `choose_offer` as “Choose offer”."""
    words = key.replace("_", " ").replace("-", " ").replace(".", " ").strip()
    return words[:1].upper() + words[1:]


def _moment(text: object) -> str:
    """Return a moment of an Entry as “24 Nov, 08:00 UTC”."""
    try:
        when = datetime.fromisoformat(str(text)).astimezone(UTC)
    except ValueError:
        return str(text)
    return f"{when.day} {when:%b, %H:%M} UTC"


def _anything(fact: Fact, step: str, data: Data) -> str:
    """Return a sentence for a verb of which only the name and the facts are known."""
    facts = [f"{spelled(name).lower()} {value}" for name, value in data.items() if _plain(value)]
    return f"{spelled(fact.verb)} by {fact.actor_name}{': ' + ', '.join(facts) if facts else ''}"


def _plain(value: Any) -> bool:
    return isinstance(value, int | float | str) and value != ""


def _person(fact: Fact) -> bool:
    return fact.actor_kind == "person"


def _after(words: object) -> str:
    """Return the words behind a colon; nothing for none."""
    return f": {words}" if words else ""


def _quoted(words: object) -> str:
    return f": “{words}”" if words else ""


def _reasons(data: Data) -> str:
    found = [str(reason) for reason in data.get("reasons", ()) if reason] or [str(data.get("trouble", ""))]
    more = len(found) - MANY
    return _after("; ".join(filter(None, found[:MANY]))) + (f"; and {more} more" if more > 0 else "")


def _run_started(fact: Fact, step: str, data: Data) -> str:
    version = f", version {data['version']}" if "version" in data else ""
    who = f"{fact.actor_name} started it " if _person(fact) else "Started "
    return f"{who}{data.get('trigger') or 'by hand'}{version}"


def _run_closed(fact: Fact, step: str, data: Data) -> str:
    words = {"run.ended": "The run ended", "run.stopped": "The run stopped"}
    by = f" by {fact.actor_name}" if _person(fact) else ""
    return f"{words.get(fact.verb, 'The run was cancelled')}{by}{_quoted(data.get('reason'))}"


def _done(fact: Fact, step: str, data: Data) -> str:
    if _person(fact):
        return f"{fact.actor_name} did {step} by hand{_quoted(data.get('note'))}"
    return f"{step} done{_after(data.get('output'))}"


def _started(fact: Fact, step: str, data: Data) -> str:
    key = f", key {data['key']}" if data.get("key") else ""
    return f"{step} began{key}{_attempt(data)}"


def _attempt(data: Data) -> str:
    number = data.get("attempt", 1)
    return f", attempt {number}" if isinstance(number, int) and number > 1 else ""


def _uncertain(fact: Fact, step: str, data: Data) -> str:
    return f"Not known whether {step} happened; it was not repeated{_after(data.get('trouble'))}"


def _settled(fact: Fact, step: str, data: Data) -> str:
    what = "it happened" if data.get("happened") else "it did not happen"
    then = ", so it is tried again" if data.get("again") else "" if data.get("happened") else ", and it is left at that"
    return f"{fact.actor_name} on {step}: {what}{then}{_quoted(data.get('note'))}"


def _skipped(fact: Fact, step: str, data: Data) -> str:
    if _person(fact):
        return f"{fact.actor_name} skipped {step}{_quoted(data.get('reason'))}"
    return f"{step} skipped: its condition is not met"


def _cancelled(fact: Fact, step: str, data: Data) -> str:
    by = f" by {fact.actor_name}" if _person(fact) else ""
    return f"{step} cancelled{by}; it did not begin{_quoted(data.get('reason'))}"


def _undo_asked(fact: Fact, step: str, data: Data) -> str:
    what = f"{step}, action {data.get('undoes', '')}" if data.get("step") else f"action {data.get('undoes', '')}"
    return f"{fact.actor_name} asked to undo {what}" if _person(fact) else f"Undoing begins: {what}"


def _run_undo_asked(fact: Fact, step: str, data: Data) -> str:
    who = f"{fact.actor_name} asked to undo what the run did" if _person(fact) else "What the run did is undone"
    return f"{who}, the last first{_quoted(data.get('reason'))}"


def _run_undone(fact: Fact, step: str, data: Data) -> str:
    kept = [f"“{spelled(str(key))}”" for key in data.get("kept", ())]
    stays = f"; {', '.join(kept)} cannot be taken back" if kept else ""
    return f"Nothing is left to undo: {data.get('undone', 0)} taken back{stays}"


def _signal(fact: Fact, step: str, data: Data) -> str:
    name = data.get("signal", "")
    if not _person(fact):
        return f"What waits for “{name}” was told"
    about = f" about “{data['key']}”" if data.get("key") else " to this run" if data.get("here") else ""
    woken = data.get("woken", 0)
    went = f"{woken:,} waiting step{'s go' if woken > 1 else ' goes'} on" if woken else ""
    return f"{fact.actor_name} sent the signal “{name}”{about}; {went or 'nothing waited for it yet, it is kept'}"


def _approved(fact: Fact, step: str, data: Data) -> str:
    later = f"; it begins {_moment(data['until'])} at the earliest, {data.get('why', '')}" if data.get("until") else ""
    return f"{fact.actor_name} approved {step}{_quoted(data.get('note'))}{later}"


def _edited(fact: Fact, step: str, data: Data) -> str:
    fields = ", ".join(map(str, data.get("fields", ())))
    return f"{fact.actor_name} edited {step}{_after(fields)}; judged again and permitted"


def _agreed(fact: Fact, step: str, data: Data) -> str:
    rest = [spelled(str(key)) for key in data.get("open", ())]
    still = f"; still asked: {', '.join(rest)}" if rest else "; all agreed"
    return f"{fact.actor_name} agreed to {step}{still}{_quoted(data.get('note'))}"


def _recalled(fact: Fact, step: str, data: Data) -> str:
    why = _after(data.get("reason"))
    return f"{step} taken back from the queue, as {fact.actor_name} changed what it rests on{why}"


def _judged_again(fact: Fact, step: str, data: Data) -> str:
    return f"{step} judged again in its place{_after(data.get('reason'))}{_reasons(data).replace(': ', '; now: ', 1)}"


def _reviews_recalled(fact: Fact, step: str, data: Data) -> str:
    told = f"{data.get('refused', 0):,} refused, {data.get('rebadged', 0):,} kept their place under new reasons"
    person = f", {data['to_person']:,} given to a person" if data.get("to_person") else ""
    named = f"the {data.get('kind', 'asset')} “{data.get('title', '')}”"
    return f"What waited with {named} was judged again: {told}{person}"


def _escalated(fact: Fact, step: str, data: Data) -> str:
    people = ", ".join(map(str, data.get("people", ())))
    return f"Nobody answered in time: went up to {data.get('to', 'the next level')}{f' ({people})' if people else ''}"


def _said(verb: str, field: str = "note") -> Callable[[Fact, str, Data], str]:
    return lambda fact, step, data: f"{fact.actor_name} {verb} {step}{_quoted(data.get(field))}"


def _asset(verb: str) -> Callable[[Fact, str, Data], str]:
    return lambda fact, step, data: (
        f"{fact.actor_name} {verb} the {data.get('kind', 'asset')} “{data.get('title', data.get('key', ''))}”, "
        f"version {data.get('version', 1)}{_quoted(data.get('reason'))}"
    )


def _path(verb: str) -> Callable[[Fact, str, Data], str]:
    return lambda fact, step, data: f"{fact.actor_name} {verb} the escalation path “{data.get('title', '')}”"


def _numbered(words: str) -> Callable[[Fact, str, Data], str]:
    return lambda fact, step, data: f"{fact.actor_name} {words.format(data.get('version', data.get('rulebook', '')))}"


def _signed(words: str, said: str = "") -> Callable[[Fact, str, Data], str]:
    """Return who signed, what, and what they said."""
    numbered = _numbered(words)
    return lambda fact, step, data: f"{numbered(fact, step, data)}{_quoted(data.get(said))}"


class _Said(dict[str, Any]):
    """The facts of an entry, to be put into a sentence; what an entry lacks is left out."""

    def __missing__(self, name: str) -> str:
        return ""


def _membership(words: str) -> Callable[[Fact, str, Data], str]:
    """Return a sentence about a person with the entry's facts in it: `{person}`, `{team}`, `{role}`, `{measure}` …"""
    return lambda fact, step, data: words.format_map(_Said(data, by=fact.actor_name))


_SENTENCES: dict[str, Callable[[Fact, str, Data], str]] = {
    "run.started": _run_started,
    "run.ended": _run_closed,
    "run.stopped": _run_closed,
    "run.cancelled": _run_closed,
    "run.reopened": lambda fact, step, data: f"{fact.actor_name} opened the run again{_quoted(data.get('reason'))}",
    "run.undo_asked": _run_undo_asked,
    "run.undone": _run_undone,
    "children.cancelled": lambda fact, step, data: (
        f"{fact.actor_name} cancelled {data.get('runs', 0):,} runs that {step} started{_quoted(data.get('reason'))}"
    ),
    "action.ready": lambda fact, step, data: f"{step} is next",
    "action.skipped": _skipped,
    "action.redone": _said("started anew", "reason"),
    "action.claimed": lambda fact, step, data: f"A worker took up {step}",
    "action.unclaimed": lambda fact, step, data: f"A worker let go of {step} before it began",
    "action.waiting": lambda fact, step, data: (
        f"{step} waits for " + (f"the signal “{data['signal']}”" if data.get("signal") else "its time")
    ),
    "action.started": _started,
    "action.done": _done,
    "action.failed": lambda fact, step, data: f"{step} failed{_after(data.get('trouble'))}",
    "action.refused": lambda fact, step, data: f"{step} refused{_reasons(data)}",
    "action.held": lambda fact, step, data: f"A halt holds {step}; it did not begin",
    "action.waits": lambda fact, step, data: f"{step} waits until {_moment(data.get('until'))}: {data.get('why', '')}",
    "action.again": lambda fact, step, data: f"{step} is tried again later{_after(data.get('trouble'))}",
    "action.uncertain": _uncertain,
    "action.settled": _settled,
    "action.to_review": lambda fact, step, data: f"{step} put to approval{_reasons(data)}",
    "action.to_person": lambda fact, step, data: f"{step} put to a person{_reasons(data)}",
    "action.approved": _approved,
    "action.edited": _edited,
    "action.left_out": lambda fact, step, data: (
        f"{fact.actor_name} said no for {', '.join(data.get('parts', ()))}: that part of {step} is left out"
        f"{_quoted(data.get('reason'))}"
    ),
    "action.rejected": _said("rejected", "reason"),
    "action.sent_back": _said("sent back", "reason"),
    "action.recalled": _recalled,
    "action.judged_again": _judged_again,
    "action.taken_over": _said("took over"),
    "action.cancelled": _cancelled,
    "action.expired": lambda fact, step, data: f"{step} expired: nobody answered, nothing was done",
    "action.undo_asked": _undo_asked,
    "review.agreed": _agreed,
    "review.escalated": _escalated,
    "review.reminded": lambda fact, step, data: (
        f"{step} still waits; reminded: {', '.join(data.get('people', ())) or 'nobody'}"
    ),
    "signal.received": _signal,
    "schedule.missed": lambda fact, step, data: (
        f"Nobody was there to start it at {data.get('first', '')}; only the time of {data.get('at', '')} is made up for"
    ),
    "schedule.failed": lambda fact, step, data: (
        f"Nothing started by schedule at {data.get('at', '')}{_after(data.get('trouble'))}"
    ),
    "halt.pulled": lambda f, step, data: f"{f.actor_name} halted {data.get('scope', '')}{_quoted(data.get('reason'))}",
    "halt.lift_asked": lambda fact, step, data: (
        f"{fact.actor_name} asked to lift the halt of {data.get('scope', '')}{_quoted(data.get('reason'))}"
    ),
    "halt.kept": lambda fact, step, data: f"{fact.actor_name} kept the halt of {data.get('scope', '')} in force",
    "halt.lifted": lambda fact, step, data: (
        f"{fact.actor_name} lifted the halt of {data.get('scope', '')}{_quoted(data.get('reason'))}"
    ),
    "version.drafted": _numbered("drafted version {}"),
    "version.discarded": _numbered("discarded the draft of version {}"),
    "version.proposed": _signed("proposed version {}", "words"),
    "version.ratified": _signed("ratified version {}"),
    "version.sent_back": _signed("sent version {} back", "reason"),
    "version.withdrawn": _signed("withdrew the proposal of version {}", "reason"),
    "version.in_force": _numbered("put version {} in force"),
    "version.revised": _numbered("revised the draft of version {}"),
    "rulebook.drafted": _numbered("drafted rulebook {}"),
    "rulebook.discarded": _numbered("discarded the draft of rulebook {}"),
    "rulebook.proposed": _signed("proposed rulebook {}", "words"),
    "rulebook.ratified": _signed("ratified rulebook {}"),
    "rulebook.sent_back": _signed("sent rulebook {} back", "reason"),
    "rulebook.withdrawn": _signed("withdrew the proposal of rulebook {}", "reason"),
    "rulebook.in_force": _numbered("put rulebook {} in force"),
    "asset.approved": _asset("approved"),
    "asset.renewed": _asset("renewed"),
    "asset.withdrawn": _asset("withdrew"),
    "asset.recalled": _reviews_recalled,
    "path.added": _path("added"),
    "path.changed": _path("changed"),
    "records.imported": lambda fact, step, data: (
        f"{fact.actor_name} imported {data.get('kind', '')} records from “{data.get('file', '')}”"
        f"{' for ' + str(data['team']) if data.get('team') else ''}"
    ),
    "outcome.reported": lambda fact, step, data: (
        f"{fact.actor_name} reported {spelled(str(data.get('name', ''))).lower()}{_after(data.get('value'))}"
    ),
    "outcomes.imported": lambda fact, step, data: (
        f"{fact.actor_name} imported {data.get('new', 0)} outcomes from “{data.get('file', '')}”"
    ),
    "backtest.asked": lambda fact, step, data: (
        f"{fact.actor_name} asked what {data.get('under', 'a draft')} would have done with the past"
    ),
    "incident.settled": lambda fact, step, data: f"{fact.actor_name} settled an incident{_after(data.get('cause'))}",
    "team.added": _membership("{by} added the team {team}"),
    "person.joined": _membership("{person} joined {team} as {role}"),
    "person.role_changed": _membership("{by} made {person} {role} of {team}; before: {old}"),
    "person.left_team": _membership("{by} took {person} out of {team}"),
    "person.deactivated": _membership("{by} closed the account of {person}"),
    "person.reactivated": _membership("{by} opened the account of {person} again"),
    "authority.given": _membership("{by} let {person} decide {measure} alone up to {at_most}"),
    "authority.ended": _membership("{by} ended {person}’s authority over {measure}"),
    "qualification.given": _membership("{by} qualified {person} for {skill}"),
    "qualification.ended": _membership("{by} ended {person}’s qualification for {skill}"),
    "absence.entered": _membership("{by} entered that {person} is away from {first} to {until}; {cover} covers"),
    "absence.ended": _membership("{by} took back that {person} is away from {first}"),
    "token.issued": lambda fact, step, data: f"An API token was made for {fact.actor_name}{_quoted(data.get('label'))}",
}
