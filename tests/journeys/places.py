"""The leaders' pages: what they write down once, and what they read of it. For whatever goes over every page."""

import re

from playwright.sync_api import Page

NURTURE = "/workflows/nurture-contact"
PARTS = ("guardrails", "stances", "tracks", "data_uses", "allowances", "open_hours", "tripwires", "examples")
LEADERS = (
    "/workflows/",
    f"{NURTURE}/",
    f"{NURTURE}/steps/send/",
    f"{NURTURE}/draft/",
    f"{NURTURE}/versions/",
    f"{NURTURE}/versions/1/",
    f"{NURTURE}/backtests/",
    "/workflows/nurture-launch/draft/",
    "/rulebook/",
    "/rulebook/1/",
    "/rulebook/draft/",
    "/rulebook/draft/guardrails/0/",
    *(f"/rulebook/draft/{part}/new/" for part in PARTS),
    "/rulebook/draft/publication/",
    "/conditions/caught/?when=record.role+%21%3D+%22champion%22&workflow=nurture-contact",
    "/register/",
    "/register/new/template/",
    "/register/template/plan-ceiling/",
    "/register/template/plan-ceiling/version/",
    "/register/template/plan-ceiling/withdrawal/",
    "/register/phrases/",
    "/allowances/",
    "/charter/",
    "/charter/?on=2026-01-01",
    "/readiness/",
    "/halts/",
    "/halts/1/",
    "/people/",
    "/people/3/",
    "/escalation/",
    "/escalation/new/",
)


def begun(ada: Page) -> list[str]:
    """Have Ada begin two drafts, propose a third and judge one on the past; return every page of leaders by then."""
    if ada.goto("/rulebook/draft/publication/").status == 404:
        _drafts(ada)
    ada.goto(f"{NURTURE}/backtests/")
    judged = ada.locator("#earlier a").first.get_attribute("href")
    return [*LEADERS, judged, f"{judged}figures/", f"{judged}actions/?of=all", _why_not(ada)]


def _drafts(ada: Page) -> None:
    for step in (f"{NURTURE}/steps/send/", "/workflows/nurture-launch/steps/launch/"):
        ada.goto(step)
        ada.locator("label", has_text="Automated").first.click()
        ada.locator(".drawer-foot .btn-solid").click()
        ada.get_by_text("Nothing is in force by that").wait_for()
    ada.goto("/workflows/nurture-launch/draft/")
    ada.get_by_role("button", name=re.compile("^Propose draft")).click()
    ada.get_by_role("button", name="Withdraw the proposal").wait_for()
    ada.goto("/rulebook/draft/tracks/new/")
    ada.get_by_label("Key", exact=True).fill("legal")
    ada.get_by_label("Who, in few words").fill("Legal")
    ada.get_by_label("Anybody of the team").select_option("legal")
    ada.get_by_role("button", name="Keep in the draft").click()
    ada.goto(f"{NURTURE}/backtests/")
    ada.click("#ask button[type=submit]")
    ada.wait_for_selector("#forecast")


def _why_not(ada: Page) -> str:
    """The page that says what would have let the first mail that waits act alone."""
    ada.goto("/queue/?workflow=nurture-contact")
    ada.locator("a.ask", has_text="Send “").first.click()
    return str(ada.get_by_role("link", name="What would have let it act alone?").get_attribute("href"))
