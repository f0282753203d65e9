"""What a halt reaches: what may be halted and its name, the actions in scope by state, whether any began after it.

The agent of a run is the account that asked for it over the API; the runs that one started in turn are its, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils.timezone import localtime

from governance.halts import Halt, HaltRefused, Holds, Scope
from governance.ledger import Entry
from governance.people import Person, Team
from workflows.access import workflows_for
from workflows.actions import Action, Status
from workflows.capabilities.registry import capabilities
from workflows.definitions import Step, Workflow
from workflows.runs import Run, RunStatus
from workflows.versions import published


def steps_in(scope: str, target: str) -> QuerySet[Step]:
    """Return the steps, of every version, whose actions a halt of this scope holds."""
    match scope:
        case Scope.EVERYTHING:
            return Step.objects.all()
        case Scope.WORKFLOW:
            return Step.objects.filter(version__workflow__slug=target)
        case Scope.STEP:
            slug, _, key = target.partition("/")
            return Step.objects.filter(version__workflow__slug=slug, key=key)
        case Scope.CAPABILITY:
            return Step.objects.filter(capability=target)
        case Scope.CATEGORY:
            return Step.objects.filter(version__category=target)
        case Scope.AGENT:  # an agent's actions are told by their run, not by their step
            return Step.objects.none()
        case _:
            return Step.objects.filter(Q(version__workflow__owner__slug=target) | Q(reviewers__slug=target))


BY_API = "by API"
"""The trigger of runs that were asked for over the API."""


def runs_of_agent(email: str) -> QuerySet[Run]:
    """Return the runs this account asked for over the API, and those they started."""
    return Run.objects.filter(Q(trigger=BY_API) | Q(root__trigger=BY_API), started_by__email=email)


def agents_of(runs: Sequence[Run]) -> dict[int, str]:
    """Return, by id of the run, who asked for it over the API; runs that began otherwise are left out: two queries."""
    roots = Run.objects.filter(pk__in={run.root_id for run in runs if run.root_id}, trigger=BY_API)
    by_api = set(roots.values_list("pk", flat=True))
    asked = [run for run in runs if run.trigger == BY_API or run.root_id in by_api]
    people = Person.objects.filter(pk__in={run.started_by_id for run in asked})
    emails = dict(people.values_list("pk", "email"))
    return {run.pk: emails[run.started_by_id] for run in asked if run.started_by_id in emails}


def actions_in(scope: str, target: str) -> QuerySet[Action]:
    """Return the actions in scope. Asked by step, so that counting them by state needs no more than an index."""
    if scope == Scope.EVERYTHING:
        return Action.objects.all()
    if scope == Scope.AGENT:
        return Action.objects.filter(run__in=runs_of_agent(target))
    return Action.objects.filter(step__in=steps_in(scope, target))


def outside(rows: QuerySet[Action], halts: Iterable[tuple[str, str]]) -> QuerySet[Action]:
    """Return the actions that none of these halts, as (scope, target), holds."""
    for scope, target in halts:
        if scope == Scope.EVERYTHING:
            return rows.none()
        if scope == Scope.AGENT:
            rows = rows.exclude(run__in=runs_of_agent(target))
        else:
            rows = rows.exclude(step__in=steps_in(scope, target))
    return rows


def halts_over(standing: Iterable[Halt], step: Step, agent: str) -> list[Halt]:
    """Return the halts that keep this step's actions from beginning; `agent` is that of their run, or empty."""
    version = step.version
    teams = (version.owner.slug, step.reviewers.slug)
    place = (version.workflow.slug, step.key, step.capability, teams, agent, version.category)
    return [halt for halt in standing if Holds.of([(halt.scope, halt.target)]).stops(*place)]


def halts_of_run(run: Run) -> list[Halt]:
    """Return the halts that keep a ready action of the run from beginning: one query where nothing is halted."""
    standing = list(Halt.objects.filter(lifted_at=None).select_related("by"))
    if not standing:
        return []
    ready = Action.objects.filter(run=run, status=Status.READY, step__wait={})
    steps = Step.objects.filter(pk__in=ready.values("step"))
    agent = agents_of([run]).get(run.pk, "")
    rows = steps.select_related("version__workflow", "version__owner", "reviewers")
    return list(dict.fromkeys(halt for step in rows for halt in halts_over(standing, step, agent)))


def going_on(person: Person) -> list[str]:
    """Return the workflows in force the person sees of which no halt in force holds any step, by slug."""
    standing = list(Halt.objects.filter(lifted_at=None))
    found = []
    for workflow in workflows_for(person):
        version = workflow.version_in_force
        if version and not any(halts_over(standing, step, "") for step in published(version.pk).ordered_steps):
            found.append(workflow.slug)
    return sorted(found)


def said_of(halt: Halt) -> str:
    """Return “What is outbound is halted by Ada Lund since 2 Mar 2026, 09:00: “The offer is wrong””."""
    since = localtime(halt.at)
    return f"{title_of(halt)} is halted by {halt.who} since {since.day} {since:%b %Y, %H:%M}: “{halt.reason}”"


STATES: dict[str, tuple[str, str]] = {
    "ready": ("Ready", "Stays ready. Does not begin."),
    "waits": ("Waiting for a time or a signal", "Time runs on and signals are kept. What comes next does not begin."),
    Status.IN_REVIEW: ("In review", "Stays in the queue and can be decided. An approval does not begin."),
    "approved": ("Approved, not begun", "Stays approved. Judged again before it begins."),
    Status.WITH_PERSON: ("With a person", "People go on working; nothing they record sets off an effect."),
    Status.STARTED: ("Begun", "Cannot be called back. Finishes, or turns uncertain."),
    Status.UNCERTAIN: ("Uncertain", "Waits for a named person, as before."),
}
OVER = ("Done, refused, rejected", "Not touched.")


@dataclass(frozen=True)
class State:
    """One line of what a halt does: a state, how many actions are in it now, and what becomes of them."""

    words: str
    effect: str
    count: int
    is_begun: bool = False


@dataclass(frozen=True)
class Reach:
    """What a halt of one scope comes to, counted now."""

    states: list[State]
    holds: int
    begun: int
    runs: int


def reach(scope: str, target: str) -> Reach:
    """Count the actions in the scope by state."""
    actions = actions_in(scope, target)
    by_status = actions.order_by().values_list("status").annotate(count=Count("pk"))
    counts: dict[str, int] = dict(by_status)
    waiting = actions.filter(status__in=(Status.READY, Status.CLAIMED))
    approved = waiting.exclude(digest="").filter(approved_digest=F("digest")).count()
    timed = actions.filter(status=Status.READY).exclude(step__wait={}).count()
    ready = counts.get(Status.READY, 0) + counts.get(Status.CLAIMED, 0) - approved - timed
    counts = {**counts, "ready": ready, "waits": timed, "approved": approved}
    states = [State(*words, counts.get(name, 0), name == Status.STARTED) for name, words in STATES.items()]
    still = sum(state.count for state in states)
    begun = counts.get(Status.STARTED, 0)
    states.append(State(*OVER, sum(dict(by_status).values()) - still))
    return Reach(states, still - begun, begun, _open_runs(scope, actions))


def _open_runs(scope: str, actions: QuerySet[Action]) -> int:
    runs = Run.objects.filter(status=RunStatus.OPEN)
    if scope != Scope.EVERYTHING:
        runs = runs.filter(Exists(actions.filter(run=OuterRef("pk"))))
    return runs.count()


def began_after(halt: Halt) -> int:
    """Return how many actions in scope software began after the halt had committed; it should be none.

    Measured from the ledger: a begin writes its Entry while it holds the halt's lock, so the numbers of the Entries
    say exactly what came before and what after.
    """
    pulled = halt.pulled
    if pulled is None:
        return 0
    later = Entry.objects.filter(id__gt=pulled.pk, actor_kind="software", action__isnull=False)
    started = later.filter(verb="action.started").values("action")
    done = later.filter(verb="action.done").values("action")
    actions = actions_in(halt.scope, halt.target).exclude(step__capability="")  # a wait that is over begins nothing
    return actions.filter(Q(pk__in=started) | Q(pk__in=done, inline=True)).count()


Choices = list[tuple[str, list[tuple[str, str]]]]
"""The objects of a scope in groups; a group without a name stands by itself."""
MOST_NAMED = 12


def choices(scope: str, person: Person) -> Choices:
    """Return what of this scope the person may halt, by target."""
    mine = workflows_for(person)
    match scope:
        case Scope.WORKFLOW:
            return [("", [(workflow.slug, workflow.title) for workflow in mine])]
        case Scope.STEP:
            groups = [(workflow, workflow.version_in_force) for workflow in mine]
            return [
                (workflow.title, [(f"{workflow.slug}/{step.key}", step.title) for step in version.ordered_steps])
                for workflow, version in groups
                if version
            ]
        case Scope.CAPABILITY:
            return [("", [(key, capability.title) for key, capability in capabilities().items()])]
        case Scope.CATEGORY:
            found = {version.category for workflow in mine if (version := workflow.version_in_force)} - {""}
            return [("", [(name, name.replace("-", " ").replace("_", " ").capitalize()) for name in sorted(found)])]
        case Scope.TEAM:
            return [("", list(Team.objects.values_list("slug", "name")))]
        case Scope.AGENT:
            agents = Person.objects.filter(tokens__isnull=False).distinct()
            return [("", [(agent.email, f"{agent.name}, {agent.email}") for agent in agents])]
        case _:
            return []


def target_or_refuse(scope: str, target: str, person: Person) -> str:
    """Return the target as halts hold it. Raises HaltRefused when there is no such thing for this person to halt."""
    if scope == Scope.EVERYTHING:
        return target  # which must be empty; `pull` says so
    if scope == Scope.AGENT and Person.objects.filter(email=target.lower()).exists():
        return target.lower()
    known = [key for _, group in choices(scope, person) for key, _ in group]
    if target not in known:
        names = ", ".join(known[:MOST_NAMED]) + (", …" if len(known) > MOST_NAMED else "")
        raise HaltRefused(f"There is no {scope} “{target}” for you; there are: {names or 'none'}. Nothing was halted.")
    return target


def title_of(halt: Halt) -> str:
    """Return what a halt stops, as people name it."""
    match halt.scope:
        case Scope.WORKFLOW:
            return _named(Workflow.objects.filter(slug=halt.target).values_list("title", flat=True), halt.target)
        case Scope.STEP:
            slug, _, key = halt.target.partition("/")
            steps = Step.objects.filter(version__workflow__slug=slug, key=key).order_by("-version__number")
            found = steps.values_list("title", "version__workflow__title").first()
            return f"{found[0]} in {found[1]}" if found else halt.target
        case Scope.CAPABILITY:
            known = capabilities().get(halt.target)
            return known.title if known else halt.target
        case Scope.CATEGORY:
            return f"What is {halt.target.replace('-', ' ').replace('_', ' ')}"
        case Scope.TEAM:
            return _named(Team.objects.filter(slug=halt.target).values_list("name", flat=True), halt.target)
        case Scope.AGENT:
            name = _named(Person.objects.filter(email=halt.target).values_list("name", flat=True), halt.target)
            return f"What {name} asks for over the API"
        case _:
            return "Everything"


def _named(names: Any, otherwise: str) -> str:
    return str(names.first() or otherwise)
