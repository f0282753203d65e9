"""Halts by API and by command: the same verbs, the same sentences, the same two leaders."""

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from governance.halts import Halt, pull
from governance.ledger import Entry
from governance.people import Membership, Role
from governance.tokens import Token

NOTICE = """
workflow: notice
title: Notice
owner: growth
automation_allowed: true
input: {type: object, required: [to], properties: {to: {type: string}}}
steps:
  - {key: send, title: Send it, capability: email.send, params: {template: notice, to: "=input.to"}, ownership: automated}
"""  # noqa: E501


@pytest.fixture
def notice(world):
    world.asset("template", "notice", body={"subject": "Notice", "body": "Hello."})
    world.load(NOTICE)
    return world


@pytest.fixture
def token(world):
    """Return a client that sends the named person's token and nothing else."""

    def bearer(name):
        secret = Token.issue(world.people[name], "tests", world.now)
        return Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {secret}"})

    return bearer


def post(client, address, **body):
    return client.post(f"/api/v1/{address}", body, content_type="application/json")


# --- the API -------------------------------------------------------------------------------------------------------


def test_ada_halts_a_workflow_and_is_told_how_many_hold(notice, token):
    notice.start("notice", to="tom@client.example")
    answer = post(token("ada"), "halts/", scope="workflow", target="notice", reason="Complaints since noon")
    made = Halt.objects.get()
    assert (answer.status_code, answer["Location"]) == (201, f"/api/v1/halts/{made.pk}/")
    told = answer.json()
    assert (told["title"], told["by"], told["in_force"], told["asked"]) == ("Notice", "ada@tideway.example", True, None)
    assert (told["holds"], told["in_flight"]) == (1, 0)
    assert Entry.objects.get(verb="halt.pulled").person == notice.ada


def test_everybody_reads_what_is_halted_and_what_was(world, token):
    first, second = (pull(world.ada, "everything", "", reason, world.now) for reason in ("A drill", "Complaints"))
    first.ask_to_lift(world.ada, "Over", world.now)
    first.agree_to_lift(world.lea, world.now)
    ben = token("ben")
    assert [halt["reason"] for halt in ben.get("/api/v1/halts/").json()["results"]] == ["Complaints", "A drill"]
    standing = ben.get("/api/v1/halts/", {"in_force": "true"}).json()["results"]
    assert [halt["id"] for halt in standing] == [second.pk]
    one = ben.get(f"/api/v1/halts/{first.pk}/").json()
    assert (one["in_force"], one["lifted_by"], one["lift_reason"]) == (False, "lea@tideway.example", "Over")
    assert ben.get("/api/v1/halts/999/").status_code == 404


def test_ben_halts_lifts_and_keeps_nothing(world, token):
    made, ben = pull(world.ada, "everything", "", "Complaints", world.now), token("ben")
    answers = [
        post(ben, "halts/", scope="everything", reason="No"),
        post(ben, f"halts/{made.pk}/lift/", reason="No"),
        post(ben, f"halts/{made.pk}/keep/"),
    ]
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(403, "not_allowed")}
    assert Halt.objects.get().is_in_force


def test_one_leader_asks_another_agrees_and_only_then_it_is_lifted(world, token):
    made = pull(world.ada, "everything", "", "Complaints", world.now)
    asked = post(token("ada"), f"halts/{made.pk}/lift/", reason="The list was checked")
    assert (asked.status_code, asked.json()["in_force"]) == (200, True)
    assert (asked.json()["asked"]["asked_by"], asked.json()["asked"]["reason"]) == (
        "ada@tideway.example", "The list was checked",
    )  # fmt: skip
    again = post(token("ada"), f"halts/{made.pk}/lift/", reason="Really")
    assert (again.status_code, again.json()["code"]) == (409, "halt_refused")
    agreed = post(token("lea"), f"halts/{made.pk}/lift/")
    assert (agreed.status_code, agreed.json()["in_force"]) == (200, False)
    late = post(token("eve"), f"halts/{made.pk}/lift/", reason="Me, too")
    assert (late.status_code, late.json()["code"]) == (409, "already_lifted")
    assert "Lea Roth lifted this halt" in late.json()["error"]


def test_asking_without_a_reason_is_told_and_eve_may_keep_what_ada_asked(world, token):
    made = pull(world.ada, "everything", "", "Complaints", world.now)
    silent = post(token("ada"), f"halts/{made.pk}/lift/")
    assert (silent.status_code, silent.json()["error"]) == (409, "Say why it may go on; others will read it.")
    post(token("ada"), f"halts/{made.pk}/lift/", reason="All is well")
    kept = post(token("eve"), f"halts/{made.pk}/keep/")
    assert (kept.status_code, kept.json()["in_force"], kept.json()["asked"]) == (200, True, None)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"scope": "planet", "reason": "Why"}, "scope"),
        ({"scope": "everything", "reason": " "}, "reason"),
        ({"scope": "everything", "target": "notice", "reason": "Why"}, "Say what should stop"),
        ({"scope": "workflow", "target": "", "reason": "Why"}, "There is no workflow “” for you"),
        ({"scope": "workflow", "target": "deals", "reason": "Why"}, "there are: notice. Nothing was halted."),
        ({"scope": "agent", "target": "nobody@tideway.example", "reason": "Why"}, "There is no agent"),
        ({"scope": "everything", "reason": "Why", "wait": True}, "There is no field “wait”"),
    ],
)
def test_what_does_not_fit_is_422_and_halts_nothing(notice, token, body, words):
    answer = post(token("ada"), "halts/", **body)
    assert answer.status_code == 422
    assert words in answer.json()["error"]
    assert not Halt.objects.exists()


def test_eve_cannot_halt_by_name_a_workflow_she_does_not_see(notice, token):
    assert post(token("eve"), "halts/", scope="workflow", target="notice", reason="Why").status_code == 422


def test_without_a_token_halts_are_401(world):
    assert Client().get("/api/v1/halts/").status_code == 401


# --- the commands --------------------------------------------------------------------------------------------------


def say(capsys, *words, **options):
    call_command(*words, **options)
    return capsys.readouterr().out


def test_halt_and_lift_on_the_command_line(notice, capsys):
    notice.start("notice", to="tom@client.example")
    told = say(capsys, "halt", "step", "notice/send", reason="Wrong template", by="ada@tideway.example")
    made = Halt.objects.get()
    assert "Halted: Send it in Notice" in told
    assert "1 action holds" in told
    told = say(capsys, "lift", str(made.pk), reason="Replaced", by="ada@tideway.example")
    assert "It still stands until Eve Marsh or Lea Roth agrees" in told
    assert "Lifted: Send it in Notice" in say(capsys, "lift", str(made.pk), by="lea@tideway.example")
    made.refresh_from_db()
    assert (made.by, made.lifted_by, made.lift_reason) == (notice.ada, notice.lea, "Replaced")


def test_an_agent_is_halted_by_its_address_in_any_case(notice, capsys):
    say(capsys, "halt", "agent", "Chen@Tideway.example", reason="It asks for too much", by="ada@tideway.example")
    assert Halt.objects.get().target == "chen@tideway.example"


@pytest.mark.parametrize(
    ("words", "by", "sentence"),
    [
        (("everything",), "ben@tideway.example", "Only leaders halt and lift"),
        (("everything",), "nobody@tideway.example", "no person with the address"),
        (("workflow", "deals"), "ada@tideway.example", "There is no workflow “deals” for you"),
        (("everything", "notice"), "ada@tideway.example", "Say what should stop"),
    ],
)
def test_a_halt_that_cannot_be_pulled_is_a_sentence(notice, words, by, sentence):
    with pytest.raises(CommandError, match=sentence):
        call_command("halt", *words, reason="Why", by=by)
    assert not Halt.objects.exists()


def test_lifting_on_the_command_line_tells_what_stands_in_the_way(world, capsys):
    made = pull(world.ada, "everything", "", "Complaints", world.now)
    with pytest.raises(CommandError, match=f"There is no halt 999; in force: {made.pk}"):
        call_command("lift", "999", reason="Why", by="ada@tideway.example")
    with pytest.raises(CommandError, match="the halt still stands"):
        call_command("lift", str(made.pk), reason="Why", by="ben@tideway.example")
    with pytest.raises(CommandError, match="Say why it may go on"):
        call_command("lift", str(made.pk), by="ada@tideway.example")


def test_where_ada_is_the_only_leader_her_word_is_enough(world, capsys):
    made = pull(world.ada, "everything", "", "Complaints", world.now)
    Membership.objects.filter(role=Role.LEADER).exclude(person=world.ada).delete()
    assert "Lifted: Everything" in say(capsys, "lift", str(made.pk), reason="Over", by="ada@tideway.example")
