from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('workflows', '0002_control_flow'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='signal',
            name='signal_by_name',
        ),
        migrations.RemoveIndex(
            model_name='signal',
            name='signal_of_run',
        ),
        migrations.AddField(
            model_name='signal',
            name='teams',
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name='signal',
            name='entry',
            field=models.BigIntegerField(default=0),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='signal',
            name='told',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='signal',
            name='horizon',
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='taken',
            name='action',
            field=models.OneToOneField(default=0, on_delete=models.CASCADE, related_name='+', to='workflows.action'),
            preserve_default=False,
        ),
        migrations.AddIndex(
            model_name='signal',
            index=models.Index(fields=['name', 'key', 'entry'], name='signal_by_name'),
        ),
        migrations.AddIndex(
            model_name='signal',
            index=models.Index(fields=['run', 'name', 'entry'], name='signal_of_run'),
        ),
        migrations.AddIndex(
            model_name='signal',
            index=models.Index(condition=models.Q(('told', False)), fields=['id'], name='signal_to_tell'),
        ),
    ]
