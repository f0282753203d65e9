"""How the time until an answer is due is counted, and when those asked are reminded."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("workflows", "0010_tripwires")]

    operations = [
        migrations.AddField("step", "due_working", models.BooleanField(default=False)),
        migrations.AddField("step", "remind_in", models.PositiveIntegerField(default=0)),
    ]
