"""What a rulebook says becomes one document. What was in force stays so: whatever data a step declared, it may use."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from governance.databases import make_frozen

ANY_DATA = {"data": "*", "use": "allowed"}


def gather(apps, schema_editor):
    for book in apps.get_model("governance", "Rulebook").objects.all():
        rails = book.guardrails.order_by("position", "id").values("when", "effect", "reason", "capability")
        book.content = {
            "stances": list(book.stances.order_by("capability").values("capability", "stance")),
            "guardrails": [{name: value for name, value in rail.items() if value} for rail in rails],
            "data_uses": [ANY_DATA],
        }
        book.save(update_fields=["content"])


def freeze(apps, schema_editor):
    sentence = "what a rulebook says changes only while it is a draft"
    make_frozen("governance_rulebook", "content", "draft", sentence, schema_editor)


class Migration(migrations.Migration):
    dependencies = [("governance", "0003_halt_lifts")]
    operations = [
        migrations.AddField("rulebook", "content", models.JSONField(default=dict)),
        migrations.AddField(
            model_name='rulebook',
            name='force_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='rulebook',
            name='proposed_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='rulebook',
            name='ratified_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='rulebook',
            name='rejudged',
            field=models.BooleanField(default=True),
        ),
        migrations.RunPython(gather, migrations.RunPython.noop),
        migrations.DeleteModel("Stance"),
        migrations.DeleteModel("Guardrail"),
        migrations.RunPython(freeze, migrations.RunPython.noop),
    ]
