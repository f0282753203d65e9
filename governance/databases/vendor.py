"""Which database this is. Only this package asks."""

from django.db import connection


def is_postgres() -> bool:
    return connection.vendor == "postgresql"
