"""The witnesses write down what arrives before they answer, and misbehave as they are told."""

import smtplib
from contextlib import contextmanager
from email.message import EmailMessage

import httpx
import pytest

from tests.faults.parts import Part, listens, python, until
from tests.faults.witness import Mood, arrivals
from tests.live import environment, free_port

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def witnesses(tmp_path_factory):
    folder = tmp_path_factory.mktemp("witnesses")
    with running("http", folder) as http, running("smtp", folder) as smtp:
        yield folder, http, smtp


@contextmanager
def running(kind, folder):
    port = free_port()
    words = python("tests.faults.witness", kind, "127.0.0.1", str(port), str(folder))
    part = Part(kind, words, environment(folder, port), folder / f"{kind}.log").start()
    try:
        until(lambda: listens(port), 20)
        yield port
    finally:
        part.kill()


@pytest.fixture
def call(witnesses):
    """Send one call under a key in a mood; return its status, or the name of what went wrong."""
    folder, port, _ = witnesses

    def send(key, mood=Mood()):  # noqa: B008 (it never changes)
        mood.write(folder / "http.mood")
        if mood.kind == "refuse":
            until(lambda: not listens(port), 5)
        else:
            until(lambda: listens(port), 5)
        headers = {"Idempotency-Key": key}
        try:
            with httpx.Client(timeout=1.0) as client:
                return client.post(f"http://127.0.0.1:{port}/place", json={"order": key}, headers=headers).status_code
        except httpx.HTTPError as error:
            return type(error).__name__

    return send


@pytest.fixture
def mail(witnesses):
    folder, _, port = witnesses

    def send(key, mood=Mood()):  # noqa: B008 (it never changes)
        mood.write(folder / "smtp.mood")
        until(lambda: listens(port), 5)
        message = EmailMessage()
        message["To"], message["From"], message["Subject"] = "tom@client.example", "remit@localhost", "Hello"
        message["X-Remit-Key"] = key
        message.set_content("Dear Tom,\n\nwelcome.")
        try:
            with smtplib.SMTP("127.0.0.1", port, timeout=1.0) as line:
                line.send_message(message)
        except smtplib.SMTPResponseException as error:
            return error.smtp_code
        except (OSError, smtplib.SMTPException) as error:
            return type(error).__name__
        return 250

    return send


def seen(witnesses, key):
    return [arrival for arrival in arrivals(witnesses[0]) if arrival.key == key]


@pytest.mark.parametrize(
    ("mood", "answer", "took"),
    [
        (Mood(), 200, [True]),
        (Mood("delay", seconds=0.2), 200, [True]),
        (Mood("delay", seconds=2.0), "ReadTimeout", [True]),
        (Mood("hang"), "ReadTimeout", [True]),
        (Mood("drop"), "RemoteProtocolError", [True]),
        (Mood("reset"), "ReadError", [True]),
        (Mood("answer", code=500), 500, [True]),
        (Mood("answer", code=429), 429, [False]),
        (Mood("answer", code=400), 400, [False]),
        (Mood("refuse"), "ConnectError", []),
    ],
    ids=lambda value: f"{value.kind}-{value.code}" if isinstance(value, Mood) else "",
)
def test_a_call_is_written_down_whatever_the_caller_gets_to_hear(witnesses, call, mood, answer, took):
    key = f"call-{mood.kind}-{mood.code}-{mood.seconds}"
    assert call(key, mood) == answer
    assert [arrival.took for arrival in seen(witnesses, key)] == took


def test_a_call_is_kept_with_its_content_and_the_hash_of_its_bytes(witnesses, call):
    call("content")
    (arrival,) = seen(witnesses, "content")
    assert arrival.content["method"] == "POST"
    assert arrival.content["url"].endswith("/place")
    assert arrival.content["body"] == {"order": "content"}
    assert len(arrival.raw) == 64


@pytest.mark.parametrize(
    ("mood", "answer", "took"),
    [
        (Mood(), 250, [True]),
        (Mood("hang"), "SMTPServerDisconnected", [True]),
        (Mood("drop"), "SMTPServerDisconnected", [True]),
        (Mood("reset"), "SMTPServerDisconnected", [True]),
        (Mood("answer", code=451), 451, [False]),
        (Mood("answer", code=550), 550, [False]),
    ],
    ids=lambda value: f"{value.kind}-{value.code}" if isinstance(value, Mood) else "",
)
def test_a_mail_is_written_down_whatever_the_sender_gets_to_hear(witnesses, mail, mood, answer, took):
    key = f"mail-{mood.kind}-{mood.code}"
    assert mail(key, mood) == answer
    assert [arrival.took for arrival in seen(witnesses, key)] == took


def test_a_mail_is_kept_with_its_words(witnesses, mail):
    mail("words")
    (arrival,) = seen(witnesses, "words")
    assert arrival.content["to"] == ["tom@client.example"]
    assert (arrival.content["subject"], arrival.content["body"]) == ("Hello", "Dear Tom,\n\nwelcome.\n")
