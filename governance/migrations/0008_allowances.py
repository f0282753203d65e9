"""Meters count what is used of allowances; reservations say which action took it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('governance', '0007_asset_holds_for'),
    ]

    operations = [
        migrations.CreateModel(
            name='Meter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('allowance', models.CharField(max_length=80)),
                ('name', models.CharField(blank=True, max_length=200)),
                ('measure', models.CharField(max_length=80)),
                ('window', models.JSONField(default=dict)),
                ('slots', models.JSONField(default=dict)),
                ('promised', models.JSONField(default=dict)),
                ('level', models.FloatField(default=0)),
                ('fresh_until', models.DateTimeField(null=True)),
            ],
            options={
                'ordering': ('id',),
                'indexes': [models.Index(fields=['allowance', '-level'], name='meter_fullest')],
            },
        ),
        migrations.CreateModel(
            name='Reservation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('action', models.BigIntegerField()),
                ('contact', models.CharField(blank=True, max_length=200)),
                ('slot', models.BigIntegerField()),
                ('amount', models.CharField(max_length=40)),
                ('state', models.CharField(choices=[('committed', 'Committed by an approval'), ('used', 'Begun'), ('returned', 'Given back')], max_length=10)),
                ('made_at', models.DateTimeField()),
                ('returned_at', models.DateTimeField(null=True)),
                ('meter', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='reservations', to='governance.meter')),
            ],
            options={
                'ordering': ('id',),
                'indexes': [models.Index(condition=models.Q(('state', 'returned'), _negated=True), fields=['meter', 'contact', 'slot'], name='reserved_contact')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'returned'), _negated=True), fields=('action', 'meter', 'contact'), name='counted_once_an_action')],
            },
        ),
    ]
