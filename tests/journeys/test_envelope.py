"""A leader who has never seen it defines a workflow's envelope in the browser from the demo, without YAML or CEL."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

STEP = "/workflows/nurture-contact/steps/send/"


def add_track(ada):
    ada.goto("/rulebook/draft/")
    ada.get_by_role("link", name="Add a track").click()
    ada.get_by_label("Key", exact=True).fill("legal")
    ada.get_by_label("Who, in few words").fill("Legal")
    ada.get_by_label("Anybody of the team").select_option("legal")
    ada.get_by_role("button", name="Keep in the draft").click()
    expect(ada.get_by_text("is kept in the draft")).to_be_visible()


def publish_rulebook(ada, gita):
    ada.goto("/rulebook/draft/publication/")
    ada.locator("#publish button.btn-solid").click()
    ada.goto("/rulebook/")
    if ada.locator("#tracks").count() == 0:
        gita.goto("/rulebook/draft/publication/")
        gita.get_by_role("button", name=re.compile("^Ratify")).click()


def row(page, place, field, operator, value):
    page.locator(f"#id_new-{place}-field").fill(field)
    page.locator(f"#id_new-{place}-operator").select_option(label=operator)
    page.locator(f"#id_new-{place}-value").fill(value)
    page.locator(f"#id_new-{place}-value").blur()


def define(ada, look):
    ada.goto(STEP)
    ada.locator("label", has_text="Automated").first.click()
    ada.get_by_text("Add a condition").click()
    assert ada.locator("#seen-fields option[value='record.role']").count() == 1
    assert ada.locator(".conds .cond:visible").count() == 1
    row(ada, 0, "record.role", "is not", "champion")
    expect(ada.locator("#caught")).to_contain_text("Would have caught")
    assert ada.locator(".conds .cond:visible").count() == 2
    ada.locator("#id_new_reason").fill("Not somebody who champions us")
    ada.locator("#id_limit-0-measure").fill("recipients")
    ada.locator("#id_limit-0-at_most").fill("1")
    ada.get_by_text("Who must agree, by how much").click()
    ada.locator("#id_bound-measure").fill("recipients")
    ada.locator("#id_band-0-range").fill("<= 1")
    ada.locator("#id_band-1-range").fill("else")
    ada.locator(".cond.band").nth(1).get_by_text("Legal").click()
    look(ada, "terms")
    expect(ada.locator("#effect")).to_contain_text("changes to what is in force")
    ada.locator(".drawer-foot .btn-solid").click()
    expect(ada.get_by_text("Nothing is in force by that")).to_be_visible()
    ada.goto("/workflows/nurture-contact/steps/offer/")
    ada.locator("#id_min_confidence").fill("0.8")
    ada.locator(".drawer-foot .btn-solid").click()
    expect(ada.get_by_text("Nothing is in force by that")).to_be_visible()


def reject(ben, number):
    """Ben rejects so many of the mails of the programme that wait for him, each with a reason."""
    for _ in range(number):
        ben.goto("/queue/?workflow=nurture-contact")
        ben.locator("a.ask", has_text="Send “").first.click()
        expect(ben.locator("article.item h1")).to_contain_text("Send “")
        ben.get_by_role("link", name=re.compile("^Reject")).click()
        ben.locator("label.pick").first.click()
        ben.locator("footer.decide button.btn-solid").click()
        expect(ben.get_by_text("You rejected", exact=False).first).to_be_visible()


def open_each(gita, count):
    """Gita opens what people had rejected one by one; Ratify stays locked until the last, with the reason beside it."""
    for opened in range(count):
        gita.goto("/workflows/nurture-contact/draft/")
        expect(gita.locator("#to-open")).to_contain_text(f"People had rejected {count} of what this would release.")
        expect(gita.locator("#to-open-why")).to_contain_text(
            f"You have opened {opened}. Ratify unlocks after all {count}"
        )
        ratify = gita.get_by_role("button", name=re.compile("^Ratify"))
        expect(ratify).to_have_attribute("aria-disabled", "true")
        ratify.click(force=True)
        assert gita.url.endswith("/workflows/nurture-contact/draft/")
        gita.locator(".to-open:not(:has(.meta)) button").first.click()
        expect(gita.locator("h1")).to_contain_text("Run")
    gita.goto("/workflows/nurture-contact/draft/")
    expect(gita.locator("#to-open-why")).to_have_count(0)
    expect(gita.locator("#openings .box-row")).to_have_count(count)


def forecast(ada):
    ada.goto("/workflows/nurture-contact/backtests/")
    ada.locator("#ask button[type=submit]").click()
    ada.wait_for_selector("#forecast")


def test_ada_defines_an_envelope_and_gita_opens_what_ben_had_rejected_before_she_ratifies_it(as_person, demo, look):
    ada, ben, gita = as_person("ada"), as_person("ben"), as_person("gita")
    reject(ben, 2)
    add_track(ada)
    publish_rulebook(ada, gita)
    define(ada, look)
    forecast(ada)
    ada.goto("/workflows/nurture-contact/draft/")
    expect(ada.locator("#forecast")).to_be_visible()
    for words in ("automated", "0.80", "New limit:", "Who must agree:", "Not somebody who champions us"):
        expect(ada.locator("#changes")).to_contain_text(words)
    look(ada, "draft")
    ada.get_by_role("button", name=re.compile("^Propose draft")).click()
    gita.goto("/workflows/nurture-contact/draft/")
    look(gita, "ratify")
    before = demo.entries("version.in_force", "Ada Lund") + demo.entries("version.in_force", "Gita Rao")
    open_each(gita, 3)  # Ben's two, and one of the fortnight before
    look(gita, "opened")
    assert demo.entries("version.in_force", "Ada Lund") + demo.entries("version.in_force", "Gita Rao") == before
    gita.get_by_role("button", name=re.compile("^Ratify")).click()
    expect(gita.get_by_text("is in force").first).to_be_visible()
    gita.goto(STEP)
    expect(gita.locator("#terms")).to_contain_text("record.role is not “champion”")


PARTS = ("guardrails", "stances", "tracks", "data_uses", "allowances", "open_hours", "tripwires", "examples")
PAGES = (
    STEP,
    "/workflows/nurture-contact/",
    "/rulebook/",
    "/rulebook/draft/",
    *(f"/rulebook/draft/{part}/new/" for part in PARTS),
    "/people/3/",
    "/conditions/caught/?when=record.role+%21%3D+%22champion%22&workflow=nurture-contact",
)


@pytest.mark.parametrize(("scheme", "width"), [("light", 360), ("dark", 360), ("light", 1440), ("dark", 1440)])
def test_its_pages_fit_their_screen_and_axe_finds_nothing_serious(as_person, look, scheme, width):
    ada, flaws = as_person("ada", width=width, height=800, scheme=scheme), []
    for address in PAGES:
        assert ada.goto(address).status == 200, address
        for fold in ada.locator(".terms details:not([open]) > summary, .part-row ~ details > summary").all():
            if fold.is_visible():
                fold.click()
        look(ada, f"{scheme}-{width}{re.sub('[^a-z_]+', '-', address)}")
        if (needed := ada.evaluate("document.documentElement.scrollWidth")) > width:
            flaws.append((address, needed))
        for violation in Axe().run(ada).response["violations"]:
            if violation["impact"] in ("serious", "critical"):
                flaws.append((address, violation["id"], violation["nodes"][0]["target"]))
    assert flaws == []
