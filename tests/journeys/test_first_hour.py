"""What a newcomer does in the first hour: Ben decides, Ada takes a step back, mails arrive, the ledger knows it all."""

import re

import pytest
from playwright.sync_api import expect

from tests.live import report

pytestmark = pytest.mark.browser

AUDIT = "Audit season, without the late nights"
LINEAGE = "Where does this number come from"
USAGE = "92 % of your Team plan is in use"


def open_item(page, words):
    page.goto("/queue/")
    page.locator("a.ask", has_text=words).first.click()
    expect(page.locator("article.item h1")).to_contain_text(words)


def mails_about(page, words):
    """Wait until a mail with these words in its subject is there, and return how many there are."""
    for _ in range(60):
        page.goto("/mail/")
        found = page.locator("#mail tbody tr", has_text=words)
        if found.count():
            return found.count()
        page.wait_for_timeout(250)
    return 0


def test_ben_approves_a_launch_and_the_mail_arrives_once(as_person, demo):
    ben, before = as_person("ben"), demo.entries("action.approved", "Ben Hartley")
    open_item(ben, AUDIT)
    ben.get_by_role("button", name=re.compile("^Approve")).click()
    expect(ben.get_by_text("You approved", exact=False).first).to_be_visible()
    assert mails_about(ben, AUDIT) == 1
    ben.wait_for_timeout(3000)  # a sweep and more
    assert mails_about(ben, AUDIT) == 1
    assert demo.entries("action.approved", "Ben Hartley") == before + 1


def test_what_arrives_is_what_ben_edited(as_person, demo):
    ben, before = as_person("ben"), demo.entries("action.edited", "Ben Hartley")
    open_item(ben, LINEAGE)
    ben.get_by_role("link", name=re.compile("^Edit")).click()
    ben.get_by_label("Body").fill("Hello Jonas,\n\nthis is what Ben wrote himself.")
    ben.get_by_role("button", name=re.compile("^Approve with changes")).click()
    expect(ben.get_by_text("edited and approved", exact=False).first).to_be_visible()
    assert mails_about(ben, LINEAGE) == 1
    ben.locator("#mail tbody a", has_text=LINEAGE).click()
    expect(ben.frame_locator("iframe").get_by_text("this is what Ben wrote himself")).to_be_visible()
    assert demo.entries("action.edited", "Ben Hartley") == before + 1


def test_what_ben_rejects_is_not_sent(as_person, demo):
    ben, before = as_person("ben"), demo.entries("action.rejected", "Ben Hartley")
    open_item(ben, USAGE)
    ben.get_by_role("link", name=re.compile("^Reject")).click()
    ben.locator("label.pick").first.click()
    ben.locator("footer.decide button.btn-solid").click()
    expect(ben.get_by_text("You rejected", exact=False).first).to_be_visible()
    ben.wait_for_timeout(3000)  # a sweep and more
    ben.goto("/mail/")
    assert ben.locator("#mail tbody tr", has_text=USAGE).count() == 0
    assert demo.entries("action.rejected", "Ben Hartley") == before + 1


def test_ada_makes_a_step_human_owned_and_the_next_run_asks_a_person(as_person, demo):
    ada, before = as_person("ada"), demo.entries("version.in_force", "Ada Lund")
    ada.goto("/workflows/lead-routing/")
    ada.get_by_role("link", name="Sales, or customer success?").click()
    ada.locator("label", has_text="Human-owned").click()
    ada.get_by_role("button", name="Keep in draft").click()
    ada.goto("/workflows/lead-routing/draft/")
    expect(ada.locator(".change", has_text="human-owned").first).to_be_visible()
    ada.get_by_role("button", name=re.compile("^Publish")).click()
    expect(ada.get_by_text("Version 2").first).to_be_visible()
    answer = demo.manage(
        *("start", "lead-routing", "--as", "eve@tideway.example", "--input", '{"lead": "lead-40"}', "--wait", "30")
    )
    rows = report(answer.stdout)["actions"]
    assert [(row["step"], row["verdict"], row["status"]) for row in rows] == [("route", "human", "with_person")]
    assert demo.entries("version.in_force", "Ada Lund") == before + 1


def test_what_nobody_answered_in_time_reaches_the_next_level_once_each(as_person):
    ada = as_person("ada")
    assert mails_about(ada, "Waits for an answer: Set status of Retargeting to paused") == 2  # Ada and Gita
    ada.wait_for_timeout(5000)
    assert mails_about(ada, "Waits for an answer: Set status of Retargeting to paused") == 2
    ada.locator("#mail tbody a", has_text="Set status of Retargeting").first.click()
    expect(ada.get_by_text("this link decides nothing")).to_be_visible()
