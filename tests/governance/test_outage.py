"""While the database is away people and agents are told so; what else breaks is a 500."""

import psycopg
import pytest
from django.db import OperationalError
from django.db.models.query import QuerySet

pytestmark = pytest.mark.django_db


@pytest.fixture
def breaks(monkeypatch, world, client):
    """Let every query break like this, for somebody who is signed in."""
    client.force_login(world.ben)
    client.raise_request_exception = False

    def arm(error):
        def broken(rows):
            raise error

        monkeypatch.setattr(QuerySet, "_fetch_all", broken)
        monkeypatch.setattr("governance.views.outage.connection.close", lambda: None)  # the test's own transaction
        return client

    return arm


def gone():
    error = OperationalError("the server closed the connection")
    error.__cause__ = psycopg.OperationalError("the server closed the connection")
    return error


def test_a_person_reads_that_the_database_is_away_and_when_to_come_back(breaks):
    answer = breaks(gone()).get("/queue/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "cannot reach its database" in answer.content.decode()


def test_an_agent_reads_it_too(breaks):
    answer = breaks(gone()).get("/api/v1/runs/")
    assert answer.status_code == 503
    assert "cannot be reached" in answer.json()["detail"]


def test_what_else_breaks_is_an_error_of_ours(breaks):
    answer = breaks(RuntimeError("a bug")).get("/queue/")
    assert answer.status_code == 500
    assert "Something broke on our side" in answer.content.decode()
