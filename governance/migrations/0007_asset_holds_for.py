"""What an asset holds for, and what proves a claim. What is in the register already holds everywhere, as before."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("governance", "0006_agreements")]
    operations = [
        migrations.AddField("asset", "segments", models.JSONField(blank=True, default=list)),
        migrations.AddField("asset", "markets", models.JSONField(blank=True, default=list)),
        migrations.AddField("asset", "channels", models.JSONField(blank=True, default=list)),
        migrations.AddField("asset", "evidence", models.TextField(blank=True)),
        migrations.AddField("asset", "evidence_link", models.URLField(blank=True, max_length=400)),
    ]
