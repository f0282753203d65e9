"""What an action took of allowances, and lead times. Triggers follow, as SQLite drops them with the table."""

import importlib

from django.db import migrations, models

states = importlib.import_module("workflows.migrations.0004_states")


class Migration(migrations.Migration):
    dependencies = [("workflows", "0008_outcomes")]

    operations = [
        migrations.AddField(
            "action",
            "counted",
            models.BooleanField(default=False, help_text="it may have taken something of an allowance"),
        ),
        migrations.AddField("step", "lead_days", models.PositiveSmallIntegerField(default=0)),
        migrations.RunPython(states.hold, migrations.RunPython.noop),
    ]
