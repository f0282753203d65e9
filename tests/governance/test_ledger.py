"""The ledger: entries are added, never changed; neither by our code nor by anybody's SQL."""

import pytest
from django.db import Error, connection, transaction

from governance.ledger import Entry, record
from governance.people import Actor


@pytest.mark.parametrize("sql", ["UPDATE governance_entry SET verb = 'nothing'", "DELETE FROM governance_entry"])
def test_nobody_changes_what_was_written(world, sql):
    record(Actor.of(world.ada), "halt.pulled", world.now, reason="A test")
    with pytest.raises(Error, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert Entry.objects.get().verb == "halt.pulled"
