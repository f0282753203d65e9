"""What an organisation needs before its first workflow, in order, and which of it is there."""

from __future__ import annotations

from dataclasses import dataclass

from governance.paths import EscalationPath
from governance.people import Person, Role
from governance.register import Asset
from governance.rulebook import in_force
from workflows.records import Record

LEADERS = 2


@dataclass(frozen=True)
class Step:
    title: str
    address: str
    """The name of the page on which it is done."""
    why: str
    is_done: bool


def first_steps() -> list[Step]:
    """Return the steps up to the first workflow, which is itself the last and not done."""
    leaders = Person.objects.filter(is_active=True, memberships__role=Role.LEADER).distinct().count()
    another = "Whoever starts a run does not approve it, and lifting a halt takes another leader."
    return [
        Step("Put a rulebook in force", "rulebook", "Until then all software is refused.", in_force() is not None),
        Step("Add a second leader", "people", another, leaders >= LEADERS),
        Step("Write an escalation path", "paths", "Who is told when nobody answers.", EscalationPath.objects.exists()),
        Step("Fill the register", "register", "The words and offers software may use.", Asset.objects.exists()),
        Step("Bring in records", "records", "Whom and what the workflows are about.", Record.objects.exists()),
        Step("Load a workflow", "load_workflow", "Its decisions, who owns each, and the bounds.", is_done=False),
    ]
