"""The charter as a page: everything computed from what is in force, on any day, with its gaps in place."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.people import Person
from governance.register import Asset
from workflows.charterpage import CharterPage
from workflows.definitions import Workflow
from workflows.gaps import Question

LAUNCH = """
workflow: launch
title: Launch
purpose: Tell people what is new.
owner: growth
automation_allowed: true
steps:
  - {key: write, capability: content.render, params: {template: notice, record: {kind: contact, key: priya}}, data: [usage], ownership: needs_approval, escalation: growth-default}
  - {key: send, after: [write], capability: email.send, params: {words: "=steps.write", to: "=record.email", record: {kind: contact, key: priya}}, ownership: automated, min_confidence: 0.8, escalation: growth-default}
  - {key: call, after: [write], ownership: human_owned, reviewers: sales, question: "Do we call?"}
"""  # noqa: E501


@pytest.fixture
def launched(world):
    world.asset("template", "notice", body={"subject": "Hello", "body": "Good day."})
    world.load(LAUNCH)
    return world


def page(world, **more):
    return CharterPage(world.now, Workflow.objects.all(), **more)


def gaps(world):
    return {(point.step, point.gap) for point in page(world).gaps}


def read(client, address="/charter/"):
    answer = client.get(address)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.content.decode()))).replace("\u00a0", " ")


def test_the_totals_stand_in_one_sentence(launched):
    assert page(launched).sentence == (
        "One workflow is in force with 3 decisions. Software takes 1 alone within bounds; 1 waits for a person’s "
        "approval; 1 belongs to people. Three gaps are open."
    )


def test_a_board_member_reads_who_decides_within_which_bounds_and_who_allowed_it(launched, sign_in):
    text = read(sign_in("olga"))
    assert "Growth · allowed by Ada Lund, Lea Roth · in force since 2 Mar 2026" in text
    assert "Confidence 0.80" in text
    assert "Growth leaders, Ada Lund after 4h" in text
    assert "Lea Roth 0 proposals, 1 ratification" in text


def test_what_only_recommends_has_its_own_mark_and_count(launched):
    launched.load(LAUNCH.replace("automation_allowed: true", "automation_allowed: true\nrecommend_only: true"))
    assert "Software takes 0 alone within bounds and only recommends on 1;" in page(launched).sentence


def test_the_gaps_are_those_of_the_configuration(launched):
    assert gaps(launched) == {
        ("send", "No limit set"),
        ("send", "Reports no outcome"),
        ("call", "Nobody else is asked"),
    }


def test_a_path_that_ends_at_somebody_who_left_is_a_gap(launched):
    Person.objects.filter(pk=launched.ada.pk).update(is_active=False)
    assert ("write", "Ends at Ada Lund, who left") in gaps(launched)


def test_a_team_in_which_nobody_can_answer_is_a_gap(launched):
    Person.objects.filter(pk=launched.eve.pk).update(is_active=False)
    assert ("call", "Nobody in Sales can answer") in gaps(launched)


def test_a_stance_taken_back_opens_a_gap_until_a_leader_decides(launched):
    launched.undefine("email.send")
    assert ("send", "Nobody has decided whether software may use email.send") in gaps(launched)


def test_data_nobody_decided_on_is_a_gap_in_its_column(launched):
    launched.rules(data_uses=[])
    (clause,) = [clause for clause in page(launched).sections[0].clauses if clause.step.key == "write"]
    assert clause.of_data == ["Nobody has decided on usage"]


def test_a_template_that_is_withdrawn_or_expires_soon_is_a_gap(launched):
    notice = Asset.objects.get(key="notice")
    Asset.objects.filter(pk=notice.pk).update(approved_until=launched.now + timedelta(days=3))
    assert ("write", "The template “Notice” expires on 5 Mar") in gaps(launched)
    notice.withdraw(launched.ada, "Wrong", launched.now)
    assert ("write", "The template “Notice” was withdrawn") in gaps(launched)


def test_a_limit_and_an_allowance_each_close_the_gap_of_the_bounds(launched):
    launched.rules(allowances=[{"key": "sends", "title": "Mails", "limit": 10, "window": "day"}])
    assert ("send", "No limit set") not in gaps(launched)


def test_as_of_a_day_it_says_what_was_allowed_then_and_who_had_allowed_it(launched, sign_in):
    launched.later(days=10)
    launched.load(LAUNCH.replace("min_confidence: 0.8", "min_confidence: 0.5"), person="lea")
    launched.undefine("content.render")
    ada = sign_in("ada")
    then, now = read(ada, "/charter/?on=2026-03-03"), read(ada)
    assert "As of 3 March 2026. This is no longer in force." in then
    assert "Confidence 0.80" in then and "Confidence 0.50" not in then
    assert "allowed by Ada Lund, Lea Roth" in then
    assert "Nobody has decided" not in then
    assert "Confidence 0.50" in now and "allowed by Lea Roth, Ada Lund" in now
    assert "whether software may use content.render" in now
    assert "No workflow is in force" in read(ada, "/charter/?on=2026-03-01")


def test_what_changed_since_a_day_stands_loosening_first_with_who_allowed_it(launched, sign_in):
    launched.later(days=10)
    launched.load(LAUNCH.replace("min_confidence: 0.8", "min_confidence: 0.5"), person="lea")
    launched.undefine("content.render")
    answer = sign_in("ada").get("/charter/?since=2026-03-03")
    found = answer.context["changes"]
    assert [one.of for one in found] == ["Launch", "Rulebook"]
    assert [one.change.direction.value for one in found] == ["loosens", "tightens"]
    assert (found[0].change.old, found[0].change.new, found[0].who) == ("0.80", "0.50", "Lea Roth, Ada Lund")
    assert found[0].url == "/workflows/launch/versions/2/"
    assert "1 loosens, 1 tightens" in answer.content.decode()


def test_a_withdrawal_since_a_day_is_a_change_too(launched, sign_in):
    launched.later(days=10)
    Asset.objects.get(key="notice").withdraw(launched.ada, "Wrong", launched.now)
    (one,) = sign_in("ada").get("/charter/?since=2026-03-03").context["changes"]
    assert (one.of, one.change.what, one.who) == ("Register", "version 1 was withdrawn", "Ada Lund")


def test_between_two_past_days_only_what_changed_there_counts_and_nothing_is_said_so(launched, sign_in):
    launched.later(days=10)
    launched.load(LAUNCH.replace("min_confidence: 0.8", "min_confidence: 0.5"))
    ada = sign_in("ada")
    assert "Nothing changed: what was in force" in read(ada, "/charter/?since=2026-03-03&on=2026-03-05")
    assert "Choose a day before the one that is shown." in read(ada, "/charter/?since=2026-03-05&on=2026-03-03")


def test_what_is_no_day_is_told(launched, sign_in):
    assert sign_in("ada").get("/charter/?on=yesterday").status_code == 422


def test_out_of_scope_everywhere_holds_stances_data_and_refusals(launched):
    launched.rules(
        stances=[{"capability": "http.request", "stance": "out_of_scope"}],
        data_uses=[{"data": "health", "use": "forbidden"}],
        guardrails=[{"when": "true", "effect": "refuse", "reason": "Never on Sundays"}],
    )
    assert page(launched).out_of_scope == ["Call another system", "Health, in any context", "Never on Sundays"]


def test_a_reviewer_reads_of_the_workflows_of_their_teams_only(launched, sign_in):
    assert "Which" not in read(sign_in("dora"))
    assert "No workflow is in force" in read(sign_in("dora"))
    assert "One workflow is in force" in read(sign_in("ben"))
    assert sign_in("ben").get("/charter/file/").status_code == 403


def test_leaders_take_the_file_that_import_charter_takes(launched, sign_in):
    answer = sign_in("eve").get("/charter/file/")
    assert answer["Content-Disposition"].startswith('attachment; filename="charter-')
    assert answer.content.decode().startswith("charter: 1\n")


def test_every_printed_page_names_the_organisation_and_the_ledgers_last_entry(launched, sign_in):
    answer = sign_in("ada").get("/charter/margins.css")
    assert answer["Content-Type"].startswith("text/css")
    assert re.search(r"Charter of delegated decisions · ledger entry [\d,]+", answer.content.decode())


def test_more_steps_ask_the_database_no_more_often(launched):
    def queries():
        with CaptureQueriesContext(connection) as seen:
            shown = page(launched)
            assert shown.sections and shown.gaps and shown.rules and shown.signers
        return len(seen)

    few = queries()
    plain = "after: [write], capability: data.set, params: {values: {}}, ownership: automated"
    launched.load(LAUNCH + "".join(f"  - {{key: more{number}, {plain}}}\n" for number in range(20)))
    assert queries() == few


def test_every_point_belongs_to_one_of_the_six_questions(launched):
    assert {point.question for point in page(launched).points.all} == set(Question)
