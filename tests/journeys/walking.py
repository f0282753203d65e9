"""A walk through a page with the Tab key alone: what it reaches, in which order, and whether one sees where one is."""

from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Page

MOST = 400
"""No page has so many things to press; who has come so far is trapped."""

REACHABLE = """() => {
  const wanted = "a[href], button, input, select, textarea, summary, [tabindex]:not([tabindex='-1'])";
  const groups = new Set();
  const found = [];
  for (const one of document.querySelectorAll(wanted)) {
    if (one.disabled || one.type === "hidden" || one.tabIndex < 0 || one.closest("[inert]")) continue;
    if (!one.checkVisibility({ visibilityProperty: true })) continue;
    if (one.type === "radio") {
      const group = `${one.form ? one.form.id : ""} ${one.name}`;
      const chosen = document.querySelector(`input[type=radio][name="${CSS.escape(one.name)}"]:checked`);
      if (groups.has(group) || (chosen && chosen !== one && chosen.form === one.form)) continue;
      groups.add(group);
    }
    one.dataset.wanted = found.length;
    found.push(words(one));
  }
  return found;
  function words(one) {
    const label = one.labels && one.labels[0];
    const said = one.getAttribute("aria-label") || (label || one).innerText || one.value || one.name || "";
    return `${one.tagName.toLowerCase()} “${said.trim().replace(/\\s+/g, " ").slice(0, 50)}”`;
  }
}"""

HERE = """() => {
  const one = document.activeElement;
  if (!one || one === document.body || one === document.documentElement) return null;
  const drawn = (style) =>
    (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
  const frame = one.closest("label") || (one.labels && one.labels[0]);
  const rings = [[one, null], [one, "::after"], [one, "::before"], ...(frame ? [[frame, null]] : [])];
  const block = one.closest("form, section, nav, table, details, dialog, header, aside, .drawer") || document.body;
  block.dataset.block ??= String(Math.random());
  const box = (frame && one.matches("[type=radio], [type=checkbox]") ? frame : one).getBoundingClientRect();
  const line = one.matches("a") ? one.getClientRects()[0] : box;  // words may go on in the next line
  const middle = document.elementFromPoint((line.left + line.right) / 2, (line.top + line.bottom) / 2);
  const bare = middle && [one, frame].some((each) => each && (each.contains(middle) || middle.contains(each)));
  const fixed = (element) => element && (["fixed", "sticky"].includes(getComputedStyle(element).position)
    || fixed(element.parentElement));
  return {
    number: one.dataset.wanted ?? null,
    words: `${one.tagName.toLowerCase()} “${(one.innerText || one.name || "").trim().slice(0, 50)}”`,
    seen: rings.some(([element, part]) => drawn(getComputedStyle(element, part))),
    bare: Boolean(bare) || box.height > innerHeight,
    fixed: Boolean(fixed(one)),
    block: block.dataset.block,
    top: box.top + scrollY, bottom: box.bottom + scrollY, left: box.left, right: box.right,
  };
}"""


@dataclass
class Walk:
    """What is wrong with a page for somebody without a mouse."""

    wanted: list[str]
    missed: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    backwards: list[str] = field(default_factory=list)
    trapped: bool = False

    @property
    def flaws(self) -> list[str]:
        return [
            *(f"not reached: {one}" for one in self.missed),
            *(f"focus not seen: {one}" for one in self.unseen),
            *(f"out of order: {one}" for one in self.backwards),
            *(["the keyboard is trapped"] if self.trapped else []),
        ]


def walk(page: Page) -> Walk:
    """Press Tab from the top until the page's end, and say what was found on the way."""
    page.emulate_media(reduced_motion="reduce")  # or the page is still on its way when it is asked where focus is
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    walked = Walk(page.evaluate(REACHABLE))
    reached: set[str] = set()
    before = None
    for _ in range(MOST):
        page.keyboard.press("Tab")
        here = page.evaluate(HERE)
        if here and before and here["number"] == before["number"]:
            continue  # a date has a stop for each of its parts
        if here and here["number"] in reached:
            break
        if here:
            _step(walked, reached, before, here)
        before = here  # none at the page's end, where the walk goes on at its top
    else:
        walked.trapped = True
    walked.missed = [words for number, words in enumerate(walked.wanted) if str(number) not in reached]
    return walked


def _step(walked: Walk, reached: set[str], before: dict[str, Any] | None, here: dict[str, Any]) -> None:
    if here["number"] is not None:
        reached.add(here["number"])
    if not (here["seen"] and here["bare"]):
        walked.unseen.append(f"{here['words']} ({'covered or out of view' if here['seen'] else 'no ring'})")
    if before and _is_backwards(before, here):
        walked.backwards.append(f"{here['words']} after {before['words']}")


def _is_backwards(before: dict[str, Any], here: dict[str, Any]) -> bool:
    """Whether focus went up in its column, or to the left in its line, inside one block of the page."""
    if before["fixed"] or here["fixed"] or before["block"] != here["block"]:
        return False
    one_column = before["left"] < here["right"] and here["left"] < before["right"]
    one_line = before["top"] < here["bottom"] and here["top"] < before["bottom"]
    up = here["bottom"] <= before["top"] and one_column
    back = here["right"] <= before["left"] and one_line
    return bool(up or back)
