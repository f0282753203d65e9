"""Of a rung of a ladder: the number in question, which is all that a cover must reach."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("approvals", "0005_reminders")]

    operations = [migrations.AddField("seat", "amount", models.FloatField(blank=True, null=True))]
