"""Every page: nothing scrolls sideways on a small phone, and axe finds nothing serious, light and dark."""

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = pytest.mark.browser

PAGES = (
    "/queue/",
    "/queue/?tab=decided",
    "/runs/",
    "/runs/1/",
    "/runs/100/",
    "/runs/100/ledger/",
    "/workflows/",
    "/workflows/load/",
    "/workflows/expansion-motion/",
    "/workflows/expansion-motion/steps/launch/",
    "/workflows/expansion-motion/versions/",
    "/workflows/expansion-motion/start/",
    "/workflows/nurture-contact/backtests/",
    "/charter/",
    "/charter/?on=2026-01-01",
    "/readiness/",
    "/rulebook/",
    "/allowances/",
    "/register/",
    "/register/template/plan-ceiling/",
    "/register/template/plan-ceiling/version/",
    "/register/template/plan-ceiling/withdrawal/",
    "/register/template/winter-offer/withdrawal/",
    "/register/claim/three-times/",
    "/register/phrases/",
    "/records/",
    "/records/account/",
    "/records/import/",
    "/people/",
    "/escalation/",
    "/halts/",
    "/ledger/",
    "/mail/",
)


def addresses(page):
    """The pages above, and each item that waits."""
    page.goto("/queue/")
    items = page.locator("a.ask").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    return [*PAGES, *items, *backtest(page)]


def backtest(page):
    """The pages of a forecast of what is in force, asked for once for each demo and judged by its worker."""
    page.goto("/workflows/nurture-contact/backtests/")
    if not page.locator("#earlier a").count():
        page.click("#ask button[type=submit]")
        page.wait_for_selector("#forecast")
        page.goto("/workflows/nurture-contact/backtests/")
    address = page.locator("#earlier a").first.get_attribute("href")
    return [address, f"{address}figures/", f"{address}actions/?of=all"]


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
            if violation["impact"] in ("serious", "critical"):
                found.append((address, violation["id"], violation["nodes"][0]["target"]))
    assert found == []


def test_no_page_writes_an_error_to_the_console(as_person):
    ada = as_person("ada")
    errors = []
    ada.on("console", lambda message: errors.append((ada.url, message.text)) if message.type == "error" else None)
    for address in addresses(ada):
        ada.goto(address)
    assert errors == []
