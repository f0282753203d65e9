// One press, one act: a key clicks what carries it as `data-key`. Keys do nothing in a field, while a key is held,
// while the server is asked, or for a second after an item changed under the reader (`data-deaf`).
"use strict";
(() => {
  const FIELDS = "input:not([type=radio],[type=checkbox]), textarea, select, [contenteditable]";
  const held = new Set();
  let asking = 0;
  let deafUntil = 0;

  const on = () => localStorage.getItem("keys") !== "off";
  const shown = (element) => element.checkVisibility() && !element.closest("[inert]");
  const free = (element) => shown(element) && !element.disabled && element.getAttribute("aria-disabled") !== "true";

  // The row after or before the selected one, where the page names none itself.
  const neighbour = (key) => {
    const rows = [...document.querySelectorAll(".ask")].filter(shown);
    const here = rows.findIndex((row) => row.hasAttribute("aria-current"));
    return key === "j" ? rows[here + 1] : rows[here - 1];
  };
  const target = (key) =>
    [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)].find(free) ||
    (key === "j" || key === "k" ? neighbour(key) : undefined);

  const closeMenus = (except) => {
    let closed = false;
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (menu.contains(except)) continue;
      menu.open = false;
      closed = true;
    }
    return closed;
  };

  document.addEventListener("keydown", (event) => {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.repeat || held.has(event.code)) return;
    if (document.querySelector("dialog[open]")) return;
    if (key === "Escape" && closeMenus(null)) return;
    if (event.target.closest(FIELDS) && key !== "Escape") return;
    if (key === "?" && on()) {
      document.getElementById("keys")?.showModal();
      event.preventDefault();
      return;
    }
    if (!on() || asking > 0 || performance.now() < deafUntil) return;
    if (key === "Enter" && event.target.closest("a, button, summary, label")) return;
    const element = target(key);
    if (!element) return;
    held.add(event.code);
    event.preventDefault();
    if (element.matches(FIELDS)) element.focus();
    else element.click();
  });
  document.addEventListener("keyup", (event) => held.delete(event.code));
  window.addEventListener("blur", () => held.clear());

  document.addEventListener("click", (event) => {
    if (event.target.closest("[aria-disabled=true]")) event.preventDefault();
    const opener = event.target.closest("[data-opens]");
    closeMenus(opener ? null : event.target);
    if (opener) document.getElementById(opener.dataset.opens)?.showModal();
  }, true);
  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-keys-on]")) return;
    localStorage.setItem("keys", event.target.checked ? "on" : "off");
    show();
  });

  // After a swap: be deaf if the item changed, and put the reader where the server says.
  const settle = (part) => {
    if (part.querySelector("[data-deaf]")) deafUntil = performance.now() + 1000;
    part.querySelector("[data-focus]")?.focus();
  };
  const show = () => {
    document.documentElement.classList.toggle("no-keys", !on());
    for (const box of document.querySelectorAll("[data-keys-on]")) box.checked = on();
  };
  document.addEventListener("htmx:beforeRequest", () => { asking += 1; });
  document.addEventListener("htmx:afterRequest", () => { asking = Math.max(0, asking - 1); });
  document.addEventListener("htmx:afterSettle", (event) => settle(event.detail.elt));
  show();
  settle(document);
})();
