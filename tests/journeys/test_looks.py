"""Every page: nothing scrolls sideways on a small phone, axe finds nothing serious, print is a document."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.journeys.places import begun

pytestmark = pytest.mark.browser

GRAVE = ("serious", "critical")

PAGES = (
    "/queue/",
    "/queue/?tab=decided",
    "/runs/",
    "/runs/1/",
    "/runs/100/",
    "/runs/100/ledger/",
    "/workflows/load/",
    "/workflows/expansion-motion/",
    "/workflows/expansion-motion/steps/launch/",
    "/workflows/expansion-motion/versions/",
    "/workflows/expansion-motion/start/",
    "/register/template/winter-offer/withdrawal/",
    "/register/claim/three-times/",
    "/records/",
    "/records/account/",
    "/records/import/",
    "/ledger/",
    "/mail/",
)


PRINTED = {"/charter/": 6, "/readiness/": 3}
"""And how many sheets of A4 each may take."""
SHEET = re.compile(rb"/Type\s*/Page\b")
NAVIGATION = "nav, .side, .topbar, .tabbar, .foot-bar, .skip, .hotkeys, .toasts, .btn, button, summary, .crumbs a"


def addresses(page):
    """The pages above, those of leaders, and each item that waits."""
    leaders = begun(page)
    page.goto("/queue/")
    items = page.locator("a.ask").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    return [*PAGES, *items, *leaders]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_scrolls_sideways_on_a_small_phone(as_person, scheme):
    ada = as_person("ada", width=360, height=740, scheme=scheme)
    wide = []
    for address in addresses(ada):
        assert ada.goto(address).status == 200, address
        width = ada.evaluate("document.documentElement.scrollWidth")
        if width > 360:
            wide.append((address, width))
    assert wide == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 1440), ("light", 390)])
def test_axe_finds_nothing_serious(as_person, scheme, width):
    ada = as_person("ada", width=width, scheme=scheme)
    found = []
    for address in addresses(ada):
        ada.goto(address)
        for violation in Axe().run(ada).response["violations"]:
            if violation["impact"] in GRAVE:
                found.append((address, violation["id"], violation["nodes"][0]["target"]))
    assert found == []


def test_no_page_writes_an_error_to_the_console(as_person):
    ada = as_person("ada")
    errors = []
    ada.on("console", lambda message: errors.append((ada.url, message.text)) if message.type == "error" else None)
    for address in addresses(ada):
        ada.goto(address)
    assert errors == []


def test_printed_there_is_nothing_to_press_and_all_of_the_document(as_person, look):
    ada = as_person("ada", width=794, scheme="dark")
    [judged] = [address for address in begun(ada) if re.fullmatch(r"/backtests/\d+/", address)]
    left = []
    for address, most in {**PRINTED, judged: 3}.items():
        ada.goto(address)
        ada.emulate_media(media="print", color_scheme="light")
        look(ada, f"printed{address.replace('/', '-')}")
        left += [(address, words) for words in ada.locator(NAVIGATION).locator("visible=true").all_inner_texts()]
        assert ada.locator("h1, .charter-title").locator("visible=true").count() == 1
        assert ada.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), address
        sheets = len(SHEET.findall(ada.pdf(prefer_css_page_size=True)))
        assert 1 <= sheets <= most, (address, sheets)
        ada.emulate_media(media="screen", color_scheme="dark")
    assert left == []


def test_the_second_leader_finds_the_proposal_as_fit_to_read_as_the_first(as_person):
    begun(as_person("ada"))
    wrong = []
    for width, scheme in ((1440, "dark"), (360, "light")):
        gita = as_person("gita", width=width, scheme=scheme)
        gita.goto("/workflows/nurture-launch/draft/")
        assert gita.get_by_role("button", name=re.compile("^Ratify")).count() == 1
        wrong += [(width, found["id"]) for found in Axe().run(gita).response["violations"] if found["impact"] in GRAVE]
        wrong += [(width, "wide")] if gita.evaluate("document.documentElement.scrollWidth") > width else []
    assert wrong == []
