"""What a halt reaches: what may be halted and its name, the actions in scope by state, whether any began after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from governance.halts import Halt, Scope
from governance.ledger import Entry
from governance.people import Person, Team
from workflows.access import workflows_for
from workflows.actions import Action, Status
from workflows.capabilities.registry import capabilities
from workflows.definitions import Step, Workflow
from workflows.runs import Run, RunStatus


def actions_in(scope: str, target: str) -> QuerySet[Action]:
    """Return the actions a halt of this scope holds, as `claim` and `begin` hold them."""
    match scope:
        case Scope.EVERYTHING:
            return Action.objects.all()
        case Scope.WORKFLOW:
            return Action.objects.filter(workflow__slug=target)
        case Scope.STEP:
            slug, _, key = target.partition("/")
            return Action.objects.filter(workflow__slug=slug, step__key=key)
        case Scope.CAPABILITY:
            return Action.objects.filter(step__capability=target)
        case _:
            return Action.objects.filter(Q(workflow__owner__slug=target) | Q(step__reviewers__slug=target))


_APPROVED = ~Q(digest="") & Q(approved_digest=F("digest"))
_READY = Q(status__in=(Status.READY, Status.CLAIMED))
STATES: dict[str, tuple[str, str, Q]] = {
    "ready": ("Ready", "Stays ready. Does not begin.", _READY & ~_APPROVED),
    "in_review": (
        "In review",
        "Stays in the queue and can be decided. An approval does not begin.",
        Q(status=Status.IN_REVIEW),
    ),
    "approved": ("Approved, not begun", "Stays approved. Judged again before it begins.", _READY & _APPROVED),
    "with_person": (
        "With a person",
        "People go on working; nothing they record sets off an effect.",
        Q(status=Status.WITH_PERSON),
    ),
    "begun": ("Begun", "Cannot be called back. Finishes, or turns uncertain.", Q(status=Status.STARTED)),
    "uncertain": ("Uncertain", "Waits for a named person, as before.", Q(status=Status.UNCERTAIN)),
}
OVER = ("Done, refused, rejected", "Not touched.")


@dataclass(frozen=True)
class State:
    """One line of what a halt does: a state, how many actions are in it now, and what becomes of them."""

    words: str
    count: int
    effect: str
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
    counts = {name: Count("pk", filter=condition) for name, (_, _, condition) in STATES.items()}
    found = actions.aggregate(whole=Count("pk"), **counts)
    states = [State(words, found[name], effect, name == "begun") for name, (words, effect, _) in STATES.items()]
    still = sum(state.count for state in states)
    states.append(State(OVER[0], found["whole"] - still, OVER[1]))
    runs = Run.objects.filter(Exists(actions.filter(run=OuterRef("pk"))), status=RunStatus.OPEN)
    return Reach(states, still - found["begun"], found["begun"], runs.count())


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
    return actions_in(halt.scope, halt.target).filter(Q(pk__in=started) | Q(pk__in=done, inline=True)).count()


Choices = list[tuple[str, list[tuple[str, str]]]]
"""The objects of a scope in groups; a group without a name stands by itself."""


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
        case Scope.TEAM:
            return [("", list(Team.objects.values_list("slug", "name")))]
        case _:
            return []


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
        case Scope.TEAM:
            return _named(Team.objects.filter(slug=halt.target).values_list("name", flat=True), halt.target)
        case _:
            return "Everything"


def _named(names: Any, otherwise: str) -> str:
    return str(names.first() or otherwise)
