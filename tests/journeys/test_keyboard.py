"""Leaders without a mouse: Tab reaches everything in the order one reads, focus is seen, Esc leads back."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.places import begun
from tests.journeys.walking import walk

pytestmark = pytest.mark.browser

ASKEW = """<!doctype html><style>a, button, input { outline: none !important; display: block }
.seen { outline: 2px solid red !important } form { display: flex; flex-direction: column-reverse }</style>
<a href="#a" class="seen">Seen</a><a href="#b">Not seen</a>
<form><button class="seen">Below</button><button class="seen">Above</button></form>
<input class="seen" name="field"><a href="#c" class="seen">Last</a>"""
HOLDS = """document.querySelector("input").addEventListener("keydown", (event) => event.preventDefault())"""


def test_a_walk_finds_what_is_wrong_with_a_page(browser):
    page = browser.new_page()
    page.set_content(ASKEW)
    wrong = ["focus not seen: a “Not seen” (no ring)", "out of order: button “Above” after button “Below”"]
    assert walk(page).flaws == wrong
    page.set_content(ASKEW)
    page.evaluate(HOLDS)
    assert walk(page).flaws == ["not reached: a “Last”", *wrong, "the keyboard is trapped"]
    page.close()


@pytest.mark.parametrize("width", [1440, 360])
def test_tab_reaches_everything_on_every_page_in_the_order_one_reads(as_person, width):
    ada, gita = as_person("ada", width=width), as_person("gita", width=width)
    flaws = []
    for page, addresses in ((ada, begun(ada)), (gita, ["/workflows/nurture-launch/draft/", "/halts/"])):
        for address in addresses:
            assert page.goto(address).status == 200, address
            page.wait_for_load_state("networkidle")
            found = walk(page)
            assert len(found.wanted) >= 3, address
            flaws += [(address, flaw) for flaw in found.flaws]
    assert flaws == [], "\n".join(map(str, flaws))


def tab_to(page, words, most=120):
    """Press Tab until what carries these words has focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if re.search(words, focused(page)):
            return
    raise AssertionError(f"{words} was not reached by Tab on {page.url}")


def focused(page):
    """What has focus, as a screen reader would say it."""
    return page.evaluate("""() => {
      const one = document.activeElement;
      const label = one.labels && one.labels[0];
      return one.getAttribute("aria-label") || (label || one).innerText || "";
    }""").strip()


def test_escape_closes_the_terms_and_leads_back_to_their_row(as_person):
    ada = as_person("ada")
    ada.goto("/workflows/budget-reallocation/")
    question = ada.locator("a.line-q").nth(1).inner_text()
    tab_to(ada, re.escape(question))
    ada.keyboard.press("Enter")
    ada.wait_for_url("**/steps/**")
    expect(ada.locator("#terms-title")).to_be_focused()
    tab_to(ada, "Close")
    tab_to(ada, "Human-owned|Automated|Needs approval")
    ada.keyboard.press("Escape")
    ada.wait_for_url("**/budget-reallocation/?step=*")
    expect(ada.locator("#terms-panel")).to_have_count(0)
    expect(ada.locator("a.line-q").nth(1)).to_be_focused()


def test_escape_closes_a_menu_and_the_list_of_keys_and_focus_is_where_it_was(as_person):
    ada = as_person("ada")
    ada.goto("/charter/")
    tab_to(ada, "Ada Lund")
    ada.keyboard.press("Enter")
    expect(ada.locator(".side details.menu")).to_have_attribute("open", "")
    ada.keyboard.press("Escape")
    expect(ada.locator(".side details.menu")).not_to_have_attribute("open", "")
    assert "Ada Lund" in focused(ada)
    ada.keyboard.press("?")
    expect(ada.locator("#keys")).to_be_visible()
    ada.keyboard.press("Escape")
    expect(ada.locator("#keys")).to_be_hidden()
    assert "Ada Lund" in focused(ada)


def test_ada_changes_the_terms_of_a_step_and_publishes_them_without_a_mouse(as_person, demo):
    ada, before = as_person("ada"), demo.entries("version.in_force", "Ada Lund")
    ada.goto("/workflows/")
    tab_to(ada, "Budget reallocation")
    ada.keyboard.press("Enter")
    ada.wait_for_url("**/workflows/budget-reallocation/")
    question = ada.locator("tr", has_text="Automated").locator("a.line-q").first.inner_text()
    tab_to(ada, re.escape(question))
    ada.keyboard.press("Enter")
    expect(ada.locator("#terms-title")).to_be_focused()
    tab_to(ada, "Automated")
    ada.keyboard.press("ArrowRight")
    assert focused(ada).startswith("Needs approval")
    expect(ada.locator("#effect")).to_contain_text("Tightens")
    tab_to(ada, "Keep in draft")
    ada.keyboard.press("Enter")
    expect(ada.get_by_text("Nothing is in force by that")).to_be_visible()
    tab_to(ada, "Draft 2|Review the draft")
    ada.keyboard.press("Enter")
    ada.wait_for_url("**/budget-reallocation/draft/")
    tab_to(ada, "It breaks an example, and that is meant")  # “Software moves € 5,000: alone”
    ada.keyboard.press("Space")
    tab_to(ada, "Publish version 2")
    ada.keyboard.press("Enter")
    expect(ada.get_by_text("is in force").first).to_be_visible()
    assert demo.entries("version.in_force", "Ada Lund") == before + 1
