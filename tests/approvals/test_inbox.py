"""Whoever answers a mail is told that mail decides nothing, and where to decide: once a day, and nobody else."""

import io
import smtplib
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from email.message import EmailMessage

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, connections
from hypothesis import given
from hypothesis import strategies as st

from approvals.escalations import escalate_overdue
from approvals.inbox import receive
from approvals.notifications import Notification, deliver
from approvals.replies import HEADER_LIMIT, Reply, reply_address
from approvals.reviews import Review
from governance.ledger import Entry
from governance.mailcatcher import LOOPBACK, MailCatcher, MailFolder
from governance.people import Person

ASK = """
workflow: ask
title: Ask
owner: growth
steps:
  - {key: ask, capability: content.render, params: {template: notice}, ownership: needs_approval,
     escalation: growth-default, due_in: 1h}
"""


class Desk:
    """A review that nobody answered and that came to Ada and Lea by mail."""

    def __init__(self, world):
        self.world = world
        world.asset("template", "notice", body={"subject": "Notice", "body": "Hello."})
        world.load(ASK)
        world.run("ask")
        escalate_overdue(world.later(hours=2))
        deliver(lambda: world.now)
        self.review = Review.objects.get()
        self.mails = {message.to[0].partition("@")[0]: message for message in mail.outbox}

    def answer(self, name="ada", to="", **headers):
        """What the person's mail program sends when they answer “ok”."""
        message = EmailMessage()
        message["From"] = f"{name.title()} <{name}@tideway.example>"
        message["To"] = to or self.mails["ada"].reply_to[0]
        message["Subject"] = "Re: Waits for an answer"
        for key, value in headers.items():
            message[key.replace("_", "-")] = value
        message.set_content("ok")
        return message.as_bytes()

    def receive(self, name="ada", **more):
        return receive(self.answer(name, **more), self.world.now)


@pytest.fixture
def desk(world):
    return Desk(world)


def explained():
    return Notification.objects.filter(answers__isnull=False)


def test_ada_answers_ok_and_is_told_where_to_decide(desk):
    before = Entry.objects.count()
    desk.receive()
    deliver(lambda: desk.world.now)
    told = mail.outbox[-1]
    assert told.to == ["ada@tideway.example"]
    assert told.subject == f"Nothing was decided by your mail: {desk.review.headline}"
    assert desk.review.headline in told.body
    assert "It is still open" in told.body
    assert f"/queue/{desk.review.pk}/" in told.body
    assert told.extra_headers["Auto-Submitted"] == "auto-replied"
    desk.review.refresh_from_db()
    assert (desk.review.is_open, Entry.objects.count()) == (True, before)


def test_what_ben_decided_meanwhile_is_said(desk):
    desk.review.decide(desk.world.ben, "approve", desk.world.now, digest=desk.review.action.digest)
    body = desk.receive().body
    assert "It is decided: Ben Hartley approved this on 2 Mar 2026, 14:00" in body
    assert "still open" not in body


def test_what_is_no_longer_asked_is_said(desk):
    Review.objects.update(status="withdrawn", closed_at=desk.world.now)
    assert "It is no longer asked." in desk.receive().body


def test_the_same_is_explained_once_a_day_to_each(desk):
    assert desk.receive()
    assert desk.receive() is None
    assert desk.receive("lea", to=desk.mails["lea"].reply_to[0])
    desk.world.later(hours=25)
    assert desk.receive()
    assert explained().count() == 3


def test_an_answer_to_the_explanation_is_an_answer_to_the_first_mail(desk):
    desk.receive()
    deliver(lambda: desk.world.now)
    assert mail.outbox[-1].reply_to == desk.mails["ada"].reply_to
    desk.world.later(hours=25)
    assert desk.receive(to=mail.outbox[-1].reply_to[0]).answers.to == "ada@tideway.example"


def test_the_address_works_for_nobody_but_whom_it_was_made_for(desk):
    assert desk.receive("lea") is None
    assert desk.receive("mallory") is None
    first = Notification.objects.get(to="ada@tideway.example")
    assert desk.receive(to=f"answers+{first.pk}.{'0' * 32}@localhost") is None
    assert desk.receive(to=reply_address(first.pk + 1, first.to)) is None
    assert not explained().exists()


def test_capitals_change_nothing_as_mail_servers_may_write_them(desk):
    assert desk.receive("ADA", to=desk.mails["ada"].reply_to[0].upper())


def test_one_who_left_is_told_nothing(desk):
    Person.objects.filter(pk=desk.world.ada.pk).update(is_active=False)
    assert desk.receive() is None


def test_one_who_no_longer_sees_it_is_not_told_how_it_stands(desk):
    first = Notification.objects.get(to="ada@tideway.example")
    Notification.objects.filter(pk=first.pk).update(to="eve@tideway.example")
    desk.review.decide(desk.world.ben, "approve", desk.world.now, digest=desk.review.action.digest)
    body = desk.receive("eve", to=reply_address(first.pk, "eve@tideway.example")).body
    assert "You are no longer among those who see it." in body
    assert "Ben" not in body
    assert "http" not in body


def test_a_mail_that_asks_about_no_review_is_explained_too(desk):
    other = Notification.objects.create(
        key="ending", to="ada@tideway.example", subject="Ends in 7 days: Ask", body="…", due_at=desk.world.now
    )
    told = desk.receive(to=reply_address(other.pk, other.to))
    assert "Ends in 7 days: Ask" in told.body
    assert "where the link in that mail leads" in told.body
    assert desk.receive(to=reply_address(other.pk, other.to)) is None


@pytest.mark.parametrize(
    "header",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "Auto-Generated; owner=x"},
        {"Precedence": "bulk"},
        {"Precedence": "List"},
        {"Precedence": "junk"},
        {"List_Id": "<all.tideway.example>"},
        {"List_Unsubscribe": "<mailto:off@tideway.example>"},
        {"Return_Path": "<>"},
        {"X_Autoreply": "yes"},
        {"X_Auto_Response_Suppress": "All"},
    ],
)
def test_what_no_person_wrote_is_swallowed(desk, header):
    assert desk.receive(**header) is None
    assert not explained().exists()


def test_an_ordinary_mail_may_say_that_it_is_one(desk):
    assert desk.receive(Auto_Submitted="no", Precedence="normal", Return_Path="<ada@tideway.example>")


def test_a_null_sender_and_our_own_addresses_are_swallowed(desk, settings):
    assert receive(desk.answer(), desk.world.now, "", ()) is None
    settings.DEFAULT_FROM_EMAIL = "Remit <ada@tideway.example>"
    assert desk.receive() is None


def test_the_envelope_may_say_what_the_header_does_not(desk):
    there = desk.mails["ada"].reply_to[0]
    hidden = desk.answer(to="undisclosed@tideway.example")
    assert receive(hidden, desk.world.now) is None
    assert receive(hidden, desk.world.now, "ada@tideway.example", [there])


def test_a_subject_cannot_bring_headers_in(desk):
    token = desk.mails["ada"].reply_to[0]
    hostile = f"From: ada@tideway.example\nTo: {token}\nSubject: =?utf-8?q?x=0ABcc=3A_all=40tideway.example?=\n\nok"
    told = receive(hostile.encode(), desk.world.now).message()
    assert (told.to, told.cc, told.bcc) == (["ada@tideway.example"], [], [])
    assert "x" not in told.subject.partition(":")[0]
    assert "all@tideway.example" not in told.message().as_string()


def test_two_writers_in_one_from_are_nobody(desk):
    raw = desk.answer().replace(b"From: Ada", b"From: lea@tideway.example, Ada")
    assert receive(raw, desk.world.now) is None


def test_the_body_is_not_read_however_odd_it_is(desk):
    raw = desk.answer().replace(b'charset="utf-8"', b'charset="klingon"') + b"\xff\x00" * 1_000_000
    assert receive(raw, desk.world.now)


def test_a_reply_address_fits_a_local_part():
    local, _, _ = reply_address(10**14, "ada@tideway.example").partition("@")
    assert len(local) <= 64


@given(st.binary(max_size=600))
def test_whatever_comes_is_a_reply_or_no_mail(content):
    with suppress(ValueError):
        assert Reply.parse(content, None, ()).tokens == ()


@given(st.sampled_from([b"From", b"To", b"Content-Type", b"Return-Path", b"Precedence"]), st.binary(max_size=200))
def test_a_broken_header_stops_nothing(name, value):
    read = Reply.parse(b"Subject: x\n" + name + b": " + value + b"\n\nok", None, ())
    assert isinstance(read.mechanical, bool)


def test_bytes_that_are_no_text_in_the_sender_are_nobody(desk):
    raw = desk.answer().replace(b"<ada@", b"<\xff\xfeada@")
    assert receive(raw, desk.world.now) is None


class Drained(io.BytesIO):
    """A pipe of which is known whether somebody read it to its end."""

    @property
    def is_empty(self):
        return self.tell() == len(self.getbuffer())


def test_the_command_takes_a_mail_from_a_pipe_and_reads_it_to_its_end(desk):
    pipe = Drained(desk.answer() + b"x" * (3 * HEADER_LIMIT))
    call_command("receive_mail", stdin=pipe)
    assert pipe.is_empty
    assert explained().count() == 1


def test_the_command_swallows_without_a_word_and_refuses_what_is_no_mail(desk, capsys):
    call_command("receive_mail", "--sender", "", stdin=io.BytesIO(desk.answer()))
    assert (capsys.readouterr().out, explained().count()) == ("", 0)
    with pytest.raises(CommandError) as refused:
        call_command("receive_mail", stdin=io.BytesIO(b""))
    assert refused.value.returncode == 65


def test_the_command_asks_to_try_again_while_the_database_is_away(desk):
    def away(execute, sql, params, many, context):
        raise OperationalError("connection refused")

    with connections["default"].execute_wrapper(away), pytest.raises(CommandError) as refused:
        call_command("receive_mail", stdin=io.BytesIO(desk.answer()))
    assert refused.value.returncode == 75


@pytest.fixture
def catcher(tmp_path, settings):
    settings.MAIL_CATCHER, settings.MAIL_DIR = True, tmp_path / "mail"
    catcher = MailCatcher(MailFolder(settings.MAIL_DIR), port=0)
    catcher.start()
    yield catcher
    catcher.stop()


@pytest.mark.django_db(transaction=True)
def test_the_catcher_hands_answers_on_and_keeps_none(catcher, world, settings):
    desk = Desk(world)
    there = desk.mails["ada"].reply_to[0]
    with smtplib.SMTP(LOOPBACK, catcher.port, timeout=20) as line:
        line.sendmail("ada@tideway.example", [there], desk.answer())
    assert [told.to for told in explained()] == ["ada@tideway.example"]
    assert MailFolder(settings.MAIL_DIR).newest_first() == []


@pytest.fixture
def caught(desk, tmp_path, settings):
    """The key of the mail to Ada, as the catcher keeps it."""
    settings.MAIL_CATCHER, settings.MAIL_DIR = True, tmp_path / "mail"
    return MailFolder(settings.MAIL_DIR).keep(desk.mails["ada"].message().as_bytes())


def test_ada_answers_on_the_page_of_the_mail_as_her_mail_program_would(desk, caught, sign_in):
    ada = sign_in("ada")
    assert f'action="/mail/{caught}/answer/"' in ada.get(f"/mail/{caught}/").content.decode()
    answered = ada.post(f"/mail/{caught}/answer/", {"words": "ok"}, follow=True)
    assert "Your answer is sent." in answered.content.decode()
    assert receive(mail.outbox[-1].message().as_bytes(), desk.world.now).to == "ada@tideway.example"


def test_lea_reads_the_mail_to_ada_and_cannot_answer_it(caught, sign_in):
    lea = sign_in("lea")
    assert "/answer/" not in lea.get(f"/mail/{caught}/").content.decode()
    assert lea.post(f"/mail/{caught}/answer/", {"words": "ok"}).status_code == 404


@pytest.mark.skipif(
    connection.vendor != "postgresql", reason="two writers at once need PostgreSQL; on SQLite a writer is alone"
)
@pytest.mark.django_db(transaction=True)
def test_of_four_answers_at_the_same_moment_one_is_explained(world):
    desk = Desk(world)
    together = threading.Barrier(4)

    def answers(_):
        together.wait()
        try:
            return desk.receive()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as four:
        told = list(four.map(answers, range(4)))
    assert sum(each is not None for each in told) == 1
    assert explained().count() == 1


def test_where_nobody_reads_answers_mails_name_no_address_for_them(world, settings):
    settings.REPLY_ADDRESS = ""
    desk = Desk(world)
    assert [message.reply_to for message in desk.mails.values()] == [[], []]
    assert receive(b"From: ada@tideway.example\nTo: answers+1.abc@localhost\n\nok", world.now) is None
