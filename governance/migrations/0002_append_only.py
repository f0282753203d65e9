from django.db import migrations

from governance.databases import make_append_only


def forbid_changes(apps, schema_editor):
    make_append_only("governance_entry", schema_editor)


class Migration(migrations.Migration):
    dependencies = [("governance", "0001_initial")]
    operations = [migrations.RunPython(forbid_changes, migrations.RunPython.noop)]
