"""The mail catcher and the pages that show what it caught."""

import smtplib
import socket
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpRequest
from django.test import Client, RequestFactory

from governance.mailcatcher import LOOPBACK, Letter, MailCatcher, MailFolder
from governance.people import Person
from governance.views import mail

KEY = "01795000000000000000-000000"


@pytest.fixture
def folder(tmp_path: Path, settings: Any, db: None) -> MailFolder:
    settings.MAIL_CATCHER, settings.MAIL_DIR = True, tmp_path / "mail"
    return MailFolder(settings.MAIL_DIR)


@pytest.fixture
def catcher(folder: MailFolder) -> Iterator[MailCatcher]:
    catcher = MailCatcher(folder, port=0)
    catcher.start()
    yield catcher
    catcher.stop()


def a_mail(subject: str = "Décision à prendre", html: str | None = None) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Remit <remit@localhost>", "ada@example.com", subject
    message.set_content("Bonjour, https://example.com/reviews/7/ vous attend.")
    if html is not None:
        message.add_alternative(html, subtype="html")
    return message


def send(catcher: MailCatcher, message: EmailMessage) -> None:
    with smtplib.SMTP(LOOPBACK, catcher.port, timeout=5) as line:
        line.send_message(message)


def get(view: Any, *arguments: str, page: str = "1") -> Any:
    """Call a view past the middleware: who may see it is asked in a test of its own."""
    return view(_asked("/mail/", {"page": page}), *arguments)


# --- catching ------------------------------------------------------------------------------------------------------
def _asked(address: str, query: dict[str, str]) -> HttpRequest:
    """Return a request of somebody who has signed in."""
    request = RequestFactory().get(address, query)
    request.user, _ = Person.objects.get_or_create(email="ada@tideway.example", name="Ada Lund")
    return request


def test_what_was_sent_is_kept_and_read_back(catcher: MailCatcher, folder: MailFolder) -> None:
    send(catcher, a_mail())
    [key] = folder.newest_first()
    letter = folder.read(key)
    assert letter is not None
    assert (letter.sender, letter.recipients) == ("Remit <remit@localhost>", "ada@example.com")
    assert letter.subject == "Décision à prendre"
    assert letter.text is not None
    assert "vous attend" in letter.text
    assert letter.html is None


def test_the_newest_mail_comes_first(catcher: MailCatcher, folder: MailFolder) -> None:
    for subject in ("first", "second"):
        send(catcher, a_mail(subject))
    letters = [folder.read(key) for key in folder.newest_first()]
    assert [letter.subject for letter in letters if letter] == ["second", "first"]


def test_a_taken_port_makes_the_catcher_choose_another(folder: MailFolder) -> None:
    with socket.create_server((LOOPBACK, 0)) as other:
        catcher = MailCatcher(folder, other.getsockname()[1])
        assert catcher.port != other.getsockname()[1]
        catcher.start()
        send(catcher, a_mail())
        catcher.stop()
    assert len(folder.newest_first()) == 1


def test_a_full_disk_is_the_senders_to_know(catcher: MailCatcher, tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("not a folder")
    with pytest.raises(smtplib.SMTPDataError, match="could not be stored"):
        send(catcher, a_mail())


def test_a_half_written_mail_is_not_shown(folder: MailFolder, tmp_path: Path) -> None:
    folder.keep(a_mail().as_bytes())
    (tmp_path / "mail" / f"{KEY}.part").write_bytes(b"From: nob")
    assert len(folder.newest_first()) == 1


@pytest.mark.parametrize("key", ["../secret-key", "", KEY, KEY + "/../x"])
def test_only_a_kept_mail_can_be_read(folder: MailFolder, key: str) -> None:
    assert folder.read(key) is None


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe\x00", b"Subject: =?x?q?=ff?=\n\nhi", b"Content-Type: text/plain; charset=klingon\n\nQapla'\xff"],
)
def test_broken_mail_is_shown_all_the_same(content: bytes) -> None:
    letter = Letter.parse(KEY, content)
    assert isinstance(letter.subject, str)


def test_attachments_are_named() -> None:
    message = a_mail()
    message.add_attachment(b"a,b", maintype="text", subtype="csv", filename="accounts.csv")
    assert Letter.parse(KEY, message.as_bytes()).attachments == ["accounts.csv"]


# --- reading -------------------------------------------------------------------------------------------------------
def shown(folder: MailFolder, html: str) -> Any:
    return get(mail.body, folder.keep(a_mail(html=html).as_bytes()))


def test_scripts_never_reach_the_reader(folder: MailFolder) -> None:
    answer = shown(folder, '<p onclick="x()">Hello</p><script>alert(1)</script><img src=x onerror=y()>')
    assert b"<p>Hello</p>" in answer.content
    assert not any(word in answer.content for word in (b"script", b"onclick", b"onerror", b"alert"))


def test_the_mail_is_locked_into_its_frame(folder: MailFolder) -> None:
    answer = shown(folder, "<p>Hello</p>")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "sandbox allow-popups" in answer.headers["Content-Security-Policy"]


def test_links_open_outside_the_frame(folder: MailFolder) -> None:
    answer = shown(folder, '<a href="https://example.com/" style="color:red;position:fixed">Go</a>')
    assert b'target="_blank"' in answer.content
    assert b'style="color:red"' in answer.content


def test_plain_mail_has_no_html_body(folder: MailFolder) -> None:
    with pytest.raises(mail.Http404):
        get(mail.body, folder.keep(a_mail().as_bytes()))


@pytest.mark.parametrize("view", [mail.message, mail.body])
def test_an_unknown_mail_is_not_found(folder: MailFolder, view: Any) -> None:
    with pytest.raises(mail.Http404):
        get(view, KEY)


def test_there_are_no_mail_pages_with_a_real_mail_server(folder: MailFolder, settings: Any) -> None:
    settings.MAIL_CATCHER = False
    with pytest.raises(mail.Http404):
        get(mail.index)


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/mail/", f"/mail/{KEY}/", f"/mail/{KEY}/body/"])
def test_strangers_are_asked_to_sign_in(path: str) -> None:
    answer = Client().get(path)
    assert answer.status_code == 302
    assert "next=" in answer.headers["Location"]


class TestSignedIn:
    @pytest.fixture
    def ada(self, client: Client, django_user_model: Any, folder: MailFolder) -> Client:
        client.force_login(django_user_model.objects.create(email="ada@example.com"))
        return client

    @pytest.mark.django_db
    def test_the_list_names_sender_reader_and_subject(self, ada: Client, folder: MailFolder) -> None:
        key = folder.keep(a_mail("<b>Approve</b>").as_bytes())
        page = ada.get("/mail/").content.decode()
        assert f"/mail/{key}/" in page
        assert "ada@example.com" in page
        assert "&lt;b&gt;Approve&lt;/b&gt;" in page

    @pytest.mark.django_db
    def test_the_list_has_pages_of_fifty(self, ada: Client, folder: MailFolder) -> None:
        for number in range(51):
            folder.keep(a_mail(f"number {number}").as_bytes())
        assert ada.get("/mail/").content.count(b"number ") == 50
        assert ada.get("/mail/", {"page": "2"}).content.count(b"number ") == 1

    @pytest.mark.django_db
    def test_a_plain_mail_is_readable_and_its_links_work(self, ada: Client, folder: MailFolder) -> None:
        page = ada.get(f"/mail/{folder.keep(a_mail().as_bytes())}/").content.decode()
        assert "Décision à prendre" in page
        assert 'href="https://example.com/reviews/7/"' in page

    @pytest.mark.django_db
    def test_an_html_mail_is_shown_in_a_sandbox(self, ada: Client, folder: MailFolder) -> None:
        key = folder.keep(a_mail(html="<p>Hello</p>").as_bytes())
        page = ada.get(f"/mail/{key}/").content.decode()
        assert f'src="/mail/{key}/body/"' in page
        assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page


def test_a_link_that_changes_adas_password_is_shown_to_nobody_else(
    sign_in: Any, world: Any, folder: MailFolder, mailoutbox: Any
) -> None:
    Client().post("/accounts/password/reset/", {"email": world.ada.email})
    (sent,) = mailoutbox
    key = folder.keep(sent.message().as_bytes())
    assert sign_in("ben").get(f"/mail/{key}/").status_code == 404
    assert sent.subject not in sign_in("ben").get("/mail/").content.decode()
    assert sign_in("ada").get(f"/mail/{key}/").status_code == 200


def test_a_mail_of_growth_is_read_by_growth_and_auditors_only(sign_in: Any, folder: MailFolder) -> None:
    key = folder.keep(b"To: tom@client.example\r\nSubject: Audit\r\nX-Remit-Team: growth\r\n\r\nHello")
    read = {name: sign_in(name).get(f"/mail/{key}/").status_code for name in ("ben", "olga", "eve", "dora")}
    assert read == {"ben": 200, "olga": 200, "eve": 404, "dora": 404}


def test_an_address_that_is_part_of_anothers_reads_nothing(sign_in: Any, world: Any, folder: MailFolder) -> None:
    world.people["ben"].email = "a@tideway.example"
    world.people["ben"].save()
    key = folder.keep(b"To: ada@tideway.example\r\nSubject: Key\r\nX-Remit-Private: yes\r\n\r\nHello")
    assert sign_in("ben").get(f"/mail/{key}/").status_code == 404


def test_nobody_changes_their_own_address(sign_in: Any) -> None:
    assert sign_in("ben").get("/accounts/email/").status_code == 404
