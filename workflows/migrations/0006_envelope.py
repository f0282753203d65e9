"""Terms of the whole envelope, and who must agree to an action. Triggers follow, as SQLite drops them with the table."""

import importlib

from django.db import migrations, models

states = importlib.import_module("workflows.migrations.0004_states")


class Migration(migrations.Migration):
    dependencies = [("workflows", "0005_fewer_indexes")]

    operations = [
        migrations.AddField("action", "needs", models.JSONField(default=list)),
        migrations.AddField("step", "bands", models.JSONField(default=dict)),
        migrations.AddField("step", "limits", models.JSONField(default=list)),
        migrations.AddField("step", "review_by", models.DateField(blank=True, null=True)),
        migrations.AddField("step", "tracks", models.JSONField(default=list)),
        migrations.AddField("version", "category", models.CharField(blank=True, max_length=80)),
        migrations.AddField("version", "recommend_only", models.BooleanField(default=False)),
        migrations.AlterField("version", "schema", models.PositiveSmallIntegerField(default=3)),
        migrations.RunPython(states.hold, migrations.RunPython.noop),
    ]
