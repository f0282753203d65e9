"""The states of an action, held by the database itself. A frozen copy of `workflows.actions.TRANSITIONS`.

When that table changes, a new migration calls `make_state_table` with the new copy; a test compares the two.
"""

from django.db import migrations

from governance.databases import make_state_table

TRANSITIONS = {
    "ready": [
        "claimed", "done", "failed", "in_review", "with_person", "refused", "skipped", "cancelled", "expired",
    ],
    "claimed": ["started", "ready", "in_review", "with_person", "uncertain", "refused", "failed", "cancelled"],
    "started": ["done", "failed", "ready", "uncertain"],
    "in_review": ["ready", "rejected", "with_person", "skipped", "cancelled", "expired"],
    "with_person": ["done", "rejected", "skipped", "cancelled", "expired"],
    "uncertain": ["done", "failed", "ready"],
    "done": [],
    "failed": [],
    "refused": [],
    "rejected": [],
    "skipped": [],
    "cancelled": [],
    "expired": [],
}
BIRTHS = [state for state in TRANSITIONS if state not in ("claimed", "started", "uncertain")]


def hold(apps, schema_editor):
    make_state_table("workflows_action", "status", TRANSITIONS, BIRTHS, schema_editor)


class Migration(migrations.Migration):
    dependencies = [("workflows", "0003_signals")]

    operations = [migrations.RunPython(hold, migrations.RunPython.noop)]
