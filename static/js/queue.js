// The queue: the open row is marked, a lost connection is said, and an answer unlocks what it unlocks.
"use strict";
(() => {
  // The row of the item in the pane, after one was opened without a new page.
  const mark = () => {
    const rows = [...document.querySelectorAll(".ask")];
    if (!rows.some((row) => row.pathname === location.pathname)) return;
    for (const row of rows) {
      if (row.pathname === location.pathname) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
  };

  // A solid button stays locked until one of the answers is chosen.
  const lock = () => {
    for (const button of document.querySelectorAll("[data-waits]")) {
      const chosen = document.querySelector(`#${button.getAttribute("form")} input[type=radio]:checked`);
      button.setAttribute("aria-disabled", chosen ? "false" : "true");
    }
  };

  const live = (is) => {
    const line = document.getElementById("not-live");
    if (!line || line.hidden === is) return;
    line.hidden = is;
    line.querySelector("time").textContent = new Date().toTimeString().slice(0, 5);
  };

  document.addEventListener("change", lock);
  document.addEventListener("toggle", (event) => {
    if (event.target.matches?.(".find[open]")) event.target.querySelector("input[type=search]").focus();
  }, true);
  document.addEventListener("htmx:sendError", () => live(false));
  document.addEventListener("htmx:responseError", () => live(false));
  document.addEventListener("htmx:afterRequest", (event) => { if (event.detail.successful) live(true); });
  document.addEventListener("htmx:pushedIntoHistory", mark);
  document.addEventListener("htmx:afterSettle", () => { mark(); lock(); });
  lock();
})();
