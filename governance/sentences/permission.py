"""What entries say of halts, what is in force, the register, people, and what was brought in. Pure."""

from __future__ import annotations

from typing import Any

from governance.sentences.parts import Data, Fact, Teller, after, quoted, spelled


def _asset(verb: str) -> Teller:
    return lambda fact, step, data: (
        f"{fact.actor_name} {verb} the {data.get('kind', 'asset')} “{data.get('title', data.get('key', ''))}”, "
        f"version {data.get('version', 1)}{quoted(data.get('reason'))}"
    )


def _reviews_recalled(fact: Fact, step: str, data: Data) -> str:
    told = f"{data.get('refused', 0):,} refused, {data.get('rebadged', 0):,} kept their place under new reasons"
    person = f", {data['to_person']:,} given to a person" if data.get("to_person") else ""
    named = f"the {data.get('kind', 'asset')} “{data.get('title', '')}”"
    return f"What waited with {named} was judged again: {told}{person}"


def _path(verb: str) -> Teller:
    return lambda fact, step, data: f"{fact.actor_name} {verb} the escalation path “{data.get('title', '')}”"


def _numbered(words: str) -> Teller:
    return lambda fact, step, data: f"{fact.actor_name} {words.format(data.get('version', data.get('rulebook', '')))}"


def _signed(words: str, said: str = "") -> Teller:
    """Return who signed, what, and what they said."""
    numbered = _numbered(words)
    return lambda fact, step, data: f"{numbered(fact, step, data)}{quoted(data.get(said))}"


class _Said(dict[str, Any]):
    """The facts of an entry, to be put into a sentence; what an entry lacks is left out."""

    def __missing__(self, name: str) -> str:
        return ""


def _membership(words: str) -> Teller:
    """Return a sentence about a person with the entry's facts in it: `{person}`, `{team}`, `{role}`, `{measure}` …"""
    return lambda fact, step, data: words.format_map(_Said(data, by=fact.actor_name))


PERMISSION: dict[str, Teller] = {
    "halt.pulled": lambda f, step, data: f"{f.actor_name} halted {data.get('scope', '')}{quoted(data.get('reason'))}",
    "halt.lift_asked": lambda fact, step, data: (
        f"{fact.actor_name} asked to lift the halt of {data.get('scope', '')}{quoted(data.get('reason'))}"
    ),
    "halt.kept": lambda fact, step, data: f"{fact.actor_name} kept the halt of {data.get('scope', '')} in force",
    "halt.lifted": lambda fact, step, data: (
        f"{fact.actor_name} lifted the halt of {data.get('scope', '')}{quoted(data.get('reason'))}"
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
        f"{fact.actor_name} reported {spelled(str(data.get('name', ''))).lower()}{after(data.get('value'))}"
    ),
    "outcomes.imported": lambda fact, step, data: (
        f"{fact.actor_name} imported {data.get('new', 0)} outcomes from “{data.get('file', '')}”"
    ),
    "backtest.asked": lambda fact, step, data: (
        f"{fact.actor_name} asked what {data.get('under', 'a draft')} would have done with the past"
    ),
    "incident.settled": lambda fact, step, data: f"{fact.actor_name} settled an incident{after(data.get('cause'))}",
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
    "token.issued": lambda fact, step, data: f"An API token was made for {fact.actor_name}{quoted(data.get('label'))}",
}
