"""The demo world: what is in it, and that everything waiting in it can be answered."""

from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.core import mail
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone

from approvals.backtests import past, plan
from approvals.backtests.row import judge
from approvals.demo.history import NAMES, PACKS
from approvals.escalations import escalate_overdue
from approvals.notifications import Notification, deliver
from approvals.reviews import Review, answerable_by
from governance.ledger import Entry
from governance.people import Person
from workflows import publishing, ratifying
from workflows.actions import Action, Attempt
from workflows.capabilities.registry import capabilities
from workflows.definitions import Workflow
from workflows.engine.drive import drive
from workflows.engine.rules import _rules
from workflows.engine.starting import start
from workflows.records import Record
from workflows.runs import Run
from workflows.versions import published

EXAMPLE = """
workflow: term-deposit
title: Term deposit
owner: growth
automation_allowed: true
input: {type: object, required: [client], properties: {client: {type: string}}}
steps:
  - key: offer
    capability: offers.choose
    params: {record: {kind: client, key: "=input.client"}, offers: [term-deposit]}
    ownership: automated
    confidence: record.fit
    min_confidence: 0.6
  - key: send
    after: [offer]
    when: steps.offer.offer != ''
    capability: email.send
    params: {template: term-deposit-intro, to: "=record.email", record: {kind: client, key: "=input.client"}}
    ownership: needs_approval
    escalation: growth-default
"""


def load_demo():
    said = StringIO()
    call_command("load_demo", stdout=said)
    return said.getvalue()


def forget_versions():
    published.cache_clear()
    _rules.cache_clear()


@pytest.fixture(scope="module")
def loaded(django_db_setup, django_db_blocker):
    """The demo world, loaded once for all tests of this module; yields what the command said."""
    forget_versions()
    with django_db_blocker.unblock():
        mail.outbox = []
        with transaction.atomic():
            yield load_demo()
            transaction.set_rollback(True)
    forget_versions()


@pytest.fixture
def tideway(loaded, db):
    forget_versions()
    return {person.email.split("@")[0]: person for person in Person.objects.all()}


def work():
    drive(timezone.now)


def waiting(person, **named):
    return list(answerable_by(person, timezone.now()).filter(**named).select_related("action__step", "action__run"))


def mails_for(person):
    found = waiting(person, kind="approval", action__step__capability="email.send")
    assert len(found) >= 4
    return found


def counts():
    return {model._meta.label: model._default_manager.count() for model in apps.get_models()}


def test_there_are_accounts_contacts_and_a_table_of_sign_ins(loaded, tideway):
    assert Record.objects.filter(kind="account").count() == 300
    assert Record.objects.filter(kind="contact").count() == 1200
    assert "ada@tideway.example" in loaded
    assert "tideway-demo" in loaded
    assert tideway["ada"].check_password("tideway-demo")


def test_loading_it_twice_changes_nothing(tideway):
    before = counts()
    assert "already here" in load_demo()
    assert counts() == before


def test_an_installation_with_teams_of_its_own_is_left_alone(tideway):
    Person.objects.filter(pk=tideway["ada"].pk).update(email="ada@elsewhere.example")
    before = counts()
    with pytest.raises(CommandError, match="teams or rules of its own"):
        load_demo()
    assert counts() == before


def test_history_has_sent_nothing_and_leaves_nothing_to_do(tideway):
    assert mail.outbox == []
    assert not Notification.objects.filter(sent_at=None).exists()
    assert not Action.objects.filter(status__in=("ready", "claimed", "started")).exists()


def test_the_ledger_tells_the_fortnight_in_order_and_up_to_today(tideway):
    moments = list(Entry.objects.order_by("id").values_list("at", flat=True))
    assert moments == sorted(moments)
    assert timezone.now() - timedelta(days=16) < moments[0] < timezone.now() - timedelta(days=13)
    assert moments[-1] < timezone.now()


def test_every_capability_a_pack_uses_was_at_work(tideway):
    done = set(Action.objects.filter(status="done").values_list("step__capability", flat=True))
    assert done - {""} == set(capabilities()) - {"http.request", "data.set", "workflows.start"}


def test_unlike_things_wait_for_ben_and_he_may_answer_all_of_them(tideway):
    found = waiting(tideway["ben"])
    assert len(found) >= 12
    assert len({review.action.step.capability for review in found}) >= 7
    assert {review.kind for review in found} == {"approval", "todo", "uncertain"}
    assert [review.barred(tideway["ben"], timezone.now()) for review in found] == [""] * len(found)


def test_bens_queue_runs_from_overdue_to_this_week(tideway):
    now = timezone.now()
    ahead = [(review.due_at - now).total_seconds() / 3600 for review in waiting(tideway["ben"])]
    assert [sum(low < hours <= high for hours in ahead) > 0 for low, high in ((-9, 0), (0, 2), (2, 8), (24, 168))] == [
        True, True, True, True,
    ]  # fmt: skip


def test_a_launch_ben_approves_arrives_once(tideway):
    review = mails_for(tideway["ben"])[0]
    review.decide(tideway["ben"], "approve", timezone.now(), digest=review.action.digest)
    work()
    work()
    assert [message.to for message in mail.outbox] == [[review.action.payload["to"]]]


def test_what_arrives_of_an_edited_mail_is_the_edit(tideway):
    review = mails_for(tideway["ben"])[1]
    review.decide(
        tideway["ben"], "edit", timezone.now(), digest=review.action.digest, payload={"body": "Good morning."}
    )
    work()
    assert [message.body for message in mail.outbox] == ["Good morning."]


def test_a_mail_ben_rejects_is_not_sent(tideway):
    review = mails_for(tideway["ben"])[2]
    review.decide(tideway["ben"], "reject", timezone.now(), note="Not this week")
    work()
    assert mail.outbox == []


def test_everything_that_waits_for_ben_can_be_approved(tideway):
    for review in waiting(tideway["ben"], kind="approval"):
        review.decide(tideway["ben"], "approve", timezone.now(), digest=review.action.digest)
    work()
    decided = Action.objects.filter(reviews__decisions__at__gt=timezone.now() - timedelta(hours=1))
    assert set(decided.values_list("status", flat=True)) == {"done"}


def test_the_mail_nobody_knows_of_was_begun_and_met_silence(tideway):
    (review,) = waiting(tideway["ben"], kind="uncertain")
    attempt = Attempt.objects.get(action=review.action)
    assert attempt.result == "unknown"
    assert "connection" in attempt.answer["trouble"].lower()


def test_what_is_overdue_goes_up_to_the_leaders_of_growth_by_mail(tideway):
    assert escalate_overdue(timezone.now()) == 1
    deliver(timezone.now)
    assert sorted(message.to[0] for message in mail.outbox) == ["ada@tideway.example", "gita@tideway.example"]
    assert escalate_overdue(timezone.now()) == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_pack_loads_again_and_its_export_says_the_same(tideway, name):
    file = PACKS / f"{name}.yaml"
    before = counts()
    call_command("load_workflow", file, email="ada@tideway.example", publish=True, stdout=StringIO())
    assert counts() == before
    slugs = [version.workflow.slug for version, _ in publishing.load(file.read_text(), tideway["ada"], timezone.now())]
    exported = "---\n".join(export(slug) for slug in slugs)
    loaded = ratifying.load_in_force(exported, tideway["ada"], timezone.now(), tideway["gita"])
    assert [changes for _, changes in loaded] == [[]] * len(slugs)


def export(slug):
    said = StringIO()
    call_command("export_workflow", slug, stdout=said)
    return said.getvalue()


def test_the_packs_use_all_three_ownerships_and_each_answer_to_a_rejection():
    text = "".join(Path(PACKS / f"{name}.yaml").read_text() for name in NAMES)
    for words in ("automated", "needs_approval", "human_owned", "sample_rate", "min_confidence", "guardrails", "when:"):
        assert words in text
    assert "on_reject: skip" in text
    assert "on_reject: redo" in text


def test_a_step_ada_makes_human_owned_asks_a_person_from_the_next_run_on(tideway):
    now = timezone.now()
    workflow = Workflow.objects.get(slug="expansion-contact")
    draft = publishing.draft(workflow, tideway["ada"], now)
    draft.steps.filter(key="variant").update(ownership="human_owned")
    ratifying.publish(draft, tideway["ada"], now, second=tideway["gita"])
    given = {"contact": "ventnor-bank-1", "account": "ventnor-bank", "engagement": 0.4}
    run = start("expansion-contact", given, tideway["ada"], now)
    work()
    assert Review.objects.get(action__run=run).kind == "todo"


def test_a_rejected_choice_of_accounts_is_proposed_again(tideway):
    (review,) = waiting(tideway["ben"], action__step__key="accounts")
    review.decide(tideway["ben"], "reject", timezone.now(), note="Leave out the ones on trial")
    work()
    assert Review.objects.filter(action=review.action, status="open").count() == 1


def test_a_fortnight_judged_again_under_what_was_in_force_gets_the_verdicts_it_had(tideway):
    judged = 0
    for workflow in Workflow.objects.all():
        current = plan.in_force(workflow)
        made = plan.make(current, current)
        tally = judge(made, past.actions(made, past.Window()))
        assert tally.skipped == {}
        again = {key: cell[1].value for cell, group in tally.groups.items() for key in group.actions}
        then = Action.objects.filter(pk__in=again, step__version=current.version)
        judged += then.count()
        assert dict(then.values_list("pk", "verdict")) == {key: again[key] for key in then.values_list("pk", flat=True)}
    assert judged > 200


def test_the_example_of_the_manual_loads_and_runs(tideway):
    Record.objects.create(kind="client", key="7", fields={"age": 41, "fit": 0.8, "email": "seven@client.example"})
    ratifying.load_in_force(EXAMPLE, tideway["ada"], timezone.now(), tideway["gita"])
    run = start("term-deposit", {"client": "7"}, tideway["ada"], timezone.now())
    work()
    review = Review.objects.get(action__run=run)
    review.decide(tideway["ben"], "approve", timezone.now(), digest=review.action.digest)
    work()
    assert Run.objects.get(pk=run.pk).status == "ended"
    assert [message.subject for message in mail.outbox] == ["A fixed rate for what you have put aside"]
