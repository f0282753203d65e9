"""A live demo and a real browser for the journeys. Chromium is Debian's; nothing is downloaded."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.live import Live

CHROMIUM = Path("/usr/bin/chromium")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """The demo as its README starts it, shared by the journeys of one file."""
    live = Live(tmp_path_factory.mktemp("demo") / "state").up("--demo")
    yield live
    live.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("Debian's chromium is not installed")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        yield started
        started.close()


@pytest.fixture
def as_person(browser: Browser, demo: Live) -> Iterator[Callable[..., Page]]:
    """Return a page on which the named person has signed in: `as_person("ben")`."""
    contexts: list[BrowserContext] = []

    def signed_in(name: str, *, width: int = 1440, height: int = 900, scheme: str = "light") -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, base_url=demo.url
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.goto("/accounts/login/")
        page.fill("#id_login", f"{name}@tideway.example")
        page.fill("#id_password", "tideway-demo")
        page.click("button.btn-solid")
        page.wait_for_url("**/queue/**")
        return page

    yield signed_in
    for context in contexts:
        context.close()


@pytest.fixture
def look(tmp_path_factory):
    """Keep a picture of the page, to be looked at."""
    folder = Path(tmp_path_factory.getbasetemp()) / "pictures"
    folder.mkdir(exist_ok=True)
    return lambda page, name: page.screenshot(path=folder / f"{name}.png", full_page=True)
