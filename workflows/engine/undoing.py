"""Undoing what a run did, the last first: each undo is an action of its own, judged and logged like any other.

A run asks for it once (a leader, or its version when it stops), and goes on from undo to undo until nothing is left
that can be taken back. An undo that fails, is refused or rejected ends the chain; asking again takes it up there.
The engine calls `start_after_failure` for runs that stop, and `go_on` for runs that are over when an action of theirs
settles (an undo, or what had begun before the run was over), both inside its transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from governance import databases
from governance.jsontext import described
from governance.ledger import Entry, entry, record, record_many
from governance.people import SOFTWARE, Actor
from workflows import doorbell
from workflows.actions import CAME_TO_NOTHING, Action, IllegalMove, Status
from workflows.capabilities.contract import CapabilityError
from workflows.definitions import OnFailure, Step
from workflows.engine.work import capability_of
from workflows.incidents import open_incidents
from workflows.runs import Run, RunStatus
from workflows.versions import published

OVER = (*CAME_TO_NOTHING, Status.DONE)
BEGUN = (Status.STARTED, Status.CLAIMED, Status.UNCERTAIN)
_READ = (
    *("pk", "run_id", "step_id", "status", "settled_at", "undo_of_id", "output", "workflow_id", "inline", "priority"),
    "attempts_made",
)


@dataclass(frozen=True)
class Deeds:
    """What a run did, and what of it was taken back."""

    steps: Mapping[int, Step]
    actions: Sequence[Action]
    """The run's actions in the order of their ids, undoings among them."""

    @property
    def left(self) -> list[Action]:
        """What can still be taken back, the last first."""
        back = {action.undo_of_id for action in self.actions if action.is_undo and action.status not in CAME_TO_NOTHING}
        found = [action for action in self._done if action.pk not in back and self._is_reversible(action)]
        return sorted(found, key=lambda action: (action.settled_at, action.pk), reverse=True)

    @property
    def kept(self) -> list[str]:
        """The steps whose doing cannot be taken back by software."""
        stays = [action for action in self._done if not self._is_reversible(action)]
        return list(dict.fromkeys(self.steps[action.step_id].key for action in stays))

    @property
    def newest(self) -> Action | None:
        """The undoing asked for last."""
        return next((action for action in reversed(self.actions) if action.is_undo), None)

    @property
    def is_going_on(self) -> bool:
        """Whether something is being taken back at this moment."""
        return self.newest is not None and self.newest.status not in OVER

    @property
    def undone(self) -> int:
        return sum(action.is_undo and action.status == Status.DONE for action in self.actions)

    @property
    def begun(self) -> Action | None:
        """Something that is under way, uncertain or to be tried again: first it must be known what came of it."""
        return next((action for action in self.actions if _is_open(action) and not action.is_undo), None)

    @property
    def _done(self) -> list[Action]:
        """What was done by anything but a wait: a step without a capability does nothing that stays."""
        done = [action for action in self.actions if action.status == Status.DONE and not action.is_undo]
        return [action for action in done if self.steps[action.step_id].capability]

    def _is_reversible(self, action: Action) -> bool:
        """Whether software did it and can take it back; what a person did by hand only a person takes back."""
        if {"by", "note"} <= action.output.keys():
            return False
        try:
            capability = capability_of(self.steps[action.step_id])
        except CapabilityError:
            return False
        return capability is not None and capability.reversible


def _is_open(action: Action) -> bool:
    return action.status in BEGUN or (action.status == Status.READY and action.attempts_made > 0)


def deeds_of(runs: Iterable[Run]) -> dict[int, Deeds]:
    """Return what each run did: one query, without the payloads."""
    runs = list(runs)
    rows: dict[int, list[Action]] = defaultdict(list)
    for action in Action.objects.filter(run__in=runs).only(*_READ).order_by("pk"):
        rows[action.run_id].append(action)
    return {run.pk: Deeds(published(run.version_id).steps_by_id, rows[run.pk]) for run in runs}


def ask(run_id: int, actor: Actor, now: datetime, reason: str) -> None:
    """Take back what the run did, as far as that is possible. Raises IllegalMove."""
    if not reason.strip():
        raise IllegalMove("Say why; others will read it. Nothing was changed.")
    with transaction.atomic():
        run = databases.locked(Run.objects.filter(pk=run_id)).get()
        deeds = deeds_of([run])[run.pk]
        _demand_possible(run, deeds)
        Run.objects.filter(pk=run.pk).update(undo_asked_at=now, undo_asked_by=actor.person_id)
        run.undo_asked_at, run.undo_asked_by_id = now, actor.person_id
        record(actor, "run.undo_asked", now, workflow=run.workflow_id, run=run.pk, reason=reason)
        _undo([(run, deeds.left[0])], now)


def _demand_possible(run: Run, deeds: Deeds) -> None:
    if run.status == RunStatus.OPEN:
        raise IllegalMove(f"Run {run.pk} is open. Cancel it first, or wait until it is over. Nothing was changed.")
    if deeds.begun is not None:
        title = deeds.steps[deeds.begun.step_id].title
        raise IllegalMove(f"It is not known yet what came of “{title}”. Nothing was changed; settle that first.")
    if deeds.newest is not None and deeds.is_going_on:
        title = deeds.steps[deeds.newest.step_id].title
        raise IllegalMove(f"“{title}” is being undone already. Nothing was changed.")
    if not deeds.left:
        raise IllegalMove(f"Nothing that run {run.pk} did is left that software can take back. Nothing was changed.")


def go_on(run_ids: Iterable[int], now: datetime) -> None:
    """Take back what comes next in those of the runs that are being undone: a few statements, whatever their number."""
    wanted = Run.objects.filter(pk__in=set(run_ids), undo_asked_at__isnull=False).exclude(status=RunStatus.OPEN)
    runs = list(databases.locked(wanted.order_by("pk")))
    if not runs:
        return
    deeds = deeds_of(runs)
    ready = [run for run in runs if _may_go_on(deeds[run.pk])]
    _undo([(run, deeds[run.pk].left[0]) for run in ready if deeds[run.pk].left], now)
    _finish([run for run in ready if not deeds[run.pk].left], deeds, now)


def _may_go_on(deeds: Deeds) -> bool:
    return deeds.begun is None and (deeds.newest is None or deeds.newest.status == Status.DONE)


def start_after_failure(runs: Iterable[Run], now: datetime) -> None:
    """Undo what those of these runs did that stopped and whose version wants that."""
    wanted = [
        run
        for run in runs
        if run.status == RunStatus.STOPPED and published(run.version_id).on_failure == OnFailure.UNDO
    ]
    deeds = deeds_of(wanted) if wanted else {}
    asked = [run for run in wanted if deeds[run.pk].left or deeds[run.pk].begun]
    if not asked:
        return
    Run.objects.filter(pk__in=[run.pk for run in asked], undo_asked_at=None).update(undo_asked_at=now)
    record_many(entry(SOFTWARE, "run.undo_asked", now, workflow=run.workflow_id, run=run.pk) for run in asked)
    go_on([run.pk for run in asked], now)


def _undo(chosen: Sequence[tuple[Run, Action]], now: datetime) -> None:
    """Insert the undo of each action; one that cannot be worked out is born failed, with an incident."""
    payloads = dict(Action.objects.filter(pk__in=[done.pk for _, done in chosen]).values_list("pk", "payload"))
    made = [_undo_of(run, done, payloads[done.pk], now) for run, done in chosen]
    databases.insert_many(made)
    for back in made:
        back.digest = back.compute_digest()
    databases.update_many(Action, {"digest": "text"}, [{"id": back.pk, "digest": back.digest} for back in made])
    record_many(_asked(back) for back in made)
    record_many(_failed(back) for back in made if back.trouble)
    open_incidents([(back.step_id, back.trouble) for back in made if back.trouble], now)
    doorbell.ring()


def _undo_of(run: Run, done: Action, payload: dict[str, object], now: datetime) -> Action:
    back = Action(
        run=run,
        step=published(run.version_id).steps_by_id[done.step_id],
        workflow_id=done.workflow_id,
        inline=done.inline,
        priority=done.priority,
        undo_of=done,
        asked_by_id=run.undo_asked_by_id,
        not_before=now,
        created_at=now,
        revision=1,
    )
    try:
        capability = capability_of(back.step)
        assert capability is not None
        back.payload = described(dict(capability.inverse(payload, done.output)))
    except (CapabilityError, ValueError) as error:
        back.status, back.settled_at, back.trouble = Status.FAILED, now, f"It could not be undone: {error}"
    return back


def _asked(back: Action) -> Entry:
    place, key = _place(back), back.step.key
    return entry(SOFTWARE, "action.undo_asked", back.created_at, **place, step=key, undoes=back.undo_of_id)


def _failed(back: Action) -> Entry:
    return entry(SOFTWARE, "action.failed", back.created_at, **_place(back), step=back.step.key, trouble=back.trouble)


def _place(back: Action) -> dict[str, int]:
    return {"workflow": back.workflow_id, "run": back.run_id, "action": back.pk}


def _finish(runs: Sequence[Run], deeds: Mapping[int, Deeds], now: datetime) -> None:
    """Say once that nothing is left; said before, for an earlier asking, does not count."""
    verbs = ("run.undo_asked", "run.undone")
    said = Entry.objects.filter(run__in=[run.pk for run in runs], verb__in=verbs).order_by("pk")
    last = dict(said.values_list("run", "verb"))
    record_many(
        entry(
            SOFTWARE,
            "run.undone",
            now,
            workflow=run.workflow_id,
            run=run.pk,
            undone=deeds[run.pk].undone,
            kept=deeds[run.pk].kept,
        )
        for run in runs
        if last.get(run.pk) != "run.undone"
    )
