"""The charter as a PDF: the page's own document, set by a press that sees nothing but our style sheets."""

import re
import zlib
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from governance import paper, press
from governance.paper import Unprintable, pdf_of

STATIC = Path(press.__file__).parent.parent / "static"
NUMB = """
workflow: launch
title: Launch
owner: growth
steps:
  - {key: call, ownership: human_owned, question: "%s"}
"""


def content(pdf):
    """The pages' drawing instructions."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.S)
    return b"\n".join(_plain(stream) for stream in streams)


def _plain(stream):
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return b""


def pages(pdf):
    return len(re.findall(rb"/Type /Page\b(?!s)", pdf + content(pdf)))


def test_a_board_member_takes_the_charter_as_a_pdf(world, sign_in):
    world.load(NUMB % "Do we call?")
    answer = sign_in("olga").get("/charter/charter.pdf")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"].startswith('attachment; filename="charter-')
    assert answer.content.startswith(b"%PDF-") and pages(answer.content) == 1


def test_whoever_is_not_signed_in_gets_no_pdf(client, world):
    assert client.get("/charter/charter.pdf").status_code == 302


def test_a_pdf_as_of_a_day_is_named_after_it_and_no_day_is_not_found(world, sign_in):
    ada = sign_in("ada")
    assert "charter-2026-03-01.pdf" in ada.get("/charter/charter.pdf?on=2026-03-01")["Content-Disposition"]
    assert ada.get("/charter/charter.pdf?on=yesterday").status_code == 404


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "<img src=file:///etc/passwd>", "</article>\u202e{{ 7 }}", "W" * 240]
)
def test_hostile_texts_are_only_texts(world, sign_in, text):
    world.load(NUMB % text.replace("\n", " "))
    answer = sign_in("ada").get("/charter/charter.pdf")
    assert answer.status_code == 200 and answer.content.startswith(b"%PDF-")
    assert b"root:" not in content(answer.content)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "http://127.0.0.1/css/paper.css",
        press.BASE + "../governance/settings.py",
        press.BASE + "css/%2e%2e/%2e%2e/pyproject.toml",
        press.BASE + "js/print.js",
    ],
)
def test_the_press_reads_nothing_but_style_sheets_and_fonts(url):
    with pytest.raises(ValueError, match="not on the shelf"):
        press.lying_at(url, STATIC)


def test_the_press_reads_the_light_colours_of_our_own_style_sheets():
    sheet = press.shown(press.lying_at(press.BASE + "css/tokens.css", STATIC)).decode()
    assert "--auto: #0b6b67;" in sheet and "light-dark(" not in sheet


def test_the_marks_have_their_colours_on_paper():
    mark = '<svg class="own" style="color: #ff0000" viewBox="0 0 9 9" width="9" height="9">'
    made = pdf_of(f'{mark}<rect width="9" height="9" fill="currentColor"/></svg>')
    assert b"1 0 0 rg" in content(made)


def test_what_takes_too_long_is_ended_and_said():
    with pytest.raises(Unprintable, match=r"within 0\.01 seconds"):
        pdf_of("<p>Hello</p>", seconds=0.01)


def test_who_comes_while_others_are_at_it_is_told_to_come_back():
    for _ in range(paper.AT_ONCE):
        assert paper._presses.acquire(timeout=1)
    try:
        with pytest.raises(Unprintable, match="Try again"):
            pdf_of("<p>Hello</p>")
    finally:
        for _ in range(paper.AT_ONCE):
            paper._presses.release()


def test_without_pango_the_page_says_so_and_how_to_print(world, sign_in, settings, tmp_path):
    (tmp_path / "governance").mkdir()
    (tmp_path / "governance" / "press.py").write_text(f"import sys\nsys.exit({press.MISSING})\n")
    settings.BASE_DIR = tmp_path
    answer = sign_in("ada").get("/charter/charter.pdf")
    assert answer.status_code == 503
    assert "the system library Pango is missing" in answer.content.decode()
    assert "Save as PDF" in answer.content.decode()


def test_the_command_writes_the_pdf_of_a_day(world, tmp_path):
    world.load(NUMB % "Do we call?")
    call_command("export_charter", pdf=tmp_path / "charter.pdf", on=world.now.date(), stdout=StringIO())
    assert (tmp_path / "charter.pdf").read_bytes().startswith(b"%PDF-")
    with pytest.raises(CommandError, match="Only the PDF"):
        call_command("export_charter", on=world.now.date())
