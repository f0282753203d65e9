"""The mail of the embedded default as its readers would see it. There is nothing here once real SMTP is configured."""

import nh3
from csp.constants import HEADER
from django.conf import settings
from django.contrib import messages
from django.core.mail import EmailMessage
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

from governance.access import reader_of
from governance.incoming import is_answer
from governance.mailcatcher import Letter, MailFolder
from governance.people import Person

PAGE = 50
WORDS = 2000
"""Characters of an answer."""
LAYOUT = {"align", "valign", "bgcolor", "border", "cellpadding", "cellspacing", "width", "height", "style"}
LINK_SANDBOX = "allow-popups allow-popups-to-escape-sandbox"
BODY_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
    f"sandbox {LINK_SANDBOX}"
)
CLEANER = nh3.Cleaner(
    attributes={**nh3.ALLOWED_ATTRIBUTES, "*": LAYOUT},
    filter_style_properties={
        *("color", "background-color", "font-family", "font-size", "font-style", "font-weight", "line-height"),
        *("text-align", "text-decoration", "vertical-align", "margin", "padding", "width", "max-width", "height"),
        *("border", "border-bottom", "border-collapse", "border-radius", "border-top", "display", "white-space"),
    },
    set_tag_attribute_values={"a": {"target": "_blank"}},
)


def _folder() -> MailFolder:
    if not settings.MAIL_CATCHER:
        raise Http404("Mail goes to a real mail server here.")
    return MailFolder(settings.MAIL_DIR)


def _letter(request: HttpRequest, key: str) -> Letter:
    letter = _folder().read(key)
    if letter is None or not _may_read(request, letter):
        raise Http404("There is no such mail for you.")
    return letter


def _may_read(request: HttpRequest, letter: Letter) -> bool:
    """Whether it is addressed to this person or an affair of their teams; auditors read all but private mails."""
    person = request.user
    assert isinstance(person, Person)
    if letter.team and not letter.private and person.is_auditor:
        return True
    teams = {membership.team.slug for membership in person.held} if letter.team else ()
    return letter.may_be_read_by(person.email, teams)


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    folder = _folder()
    page = Paginator(folder.newest_first(), PAGE).get_page(request.GET.get("page"))
    found = [letter for key in page if (letter := folder.read(key))]
    letters = [letter for letter in found if _may_read(request, letter)]
    return render(request, "mail/index.html", {"page": page, "letters": letters})


@require_GET
def message(request: HttpRequest, key: str) -> HttpResponse:
    letter = _letter(request, key)
    may_answer = is_answer(letter.answers_to) and letter.is_to(reader_of(request).email)
    return render(request, "mail/message.html", {"letter": letter, "sandbox": LINK_SANDBOX, "may_answer": may_answer})


@require_POST
def answer(request: HttpRequest, key: str) -> HttpResponse:
    """Send an answer as the reader's mail program would."""
    letter, email = _letter(request, key), reader_of(request).email
    if not (is_answer(letter.answers_to) and letter.is_to(email)):
        raise Http404("There is no answering this mail.")
    subject = " ".join(f"Re: {letter.subject}".split())
    EmailMessage(subject, request.POST.get("words", "")[:WORDS], email, [letter.answers_to]).send()
    messages.info(request, "Your answer is sent. Unless one was explained today, a mail says what came of it.")
    return redirect("mail")


@require_GET
def body(request: HttpRequest, key: str) -> HttpResponse:
    html = _letter(request, key).html
    if html is None:
        raise Http404("This mail is plain text.")
    response = render(request, "mail/body.html", {"html": CLEANER.clean(html)})
    response.headers[HEADER] = BODY_POLICY
    return response


urlpatterns = [
    path("mail/", index, name="mail"),
    path("mail/<str:key>/", message, name="mail_message"),
    path("mail/<str:key>/answer/", answer, name="mail_answer"),
    path("mail/<str:key>/body/", body, name="mail_body"),
]
