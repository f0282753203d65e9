"""Withdrawing an asset of the register, with all that follows from it.

First the withdrawal alone, under the halts' lock: once it has committed nothing that names the asset begins. Then what
waits for people is judged again, a part at a time, so that begins of other work need not wait for all of it. Should
that break off, nothing begins all the same, and the asset's page offers to go on.
"""

from __future__ import annotations

from datetime import datetime

from governance.ledger import record
from governance.people import Actor, Person
from governance.register import Asset
from workflows import doorbell
from workflows.blast import Blast
from workflows.engine.recall import Recalled, recall


def withdraw(asset: Asset, person: Person, reason: str, now: datetime) -> Recalled | None:
    """Withdraw this version and earlier ones, and judge again what waits. None when somebody else was first."""
    if not asset.withdraw(person, reason, now):
        return None
    return judge_again(asset, person, now)


def judge_again(asset: Asset, person: Person, now: datetime) -> Recalled:
    """Judge again what waits for people and names the asset. Doing it twice changes nothing more."""
    why = f"{asset.get_kind_display()} “{asset.title}” was withdrawn"
    found = recall(Blast(asset, person, now).waiting, Actor.of(person), now, why)
    if found != Recalled():
        facts = {"kind": asset.kind, "key": asset.key, "version": asset.version, "title": asset.title}
        counts = {"refused": found.refused, "to_person": found.to_person, "rebadged": found.rebadged}
        record(Actor.of(person), "asset.recalled", now, **facts, **counts)
    doorbell.ring()  # what was approved or ready meets its refusal now and not some day
    return found
