// The theme follows the system unless the reader chose one. Loaded in the head, so that no page flashes.
"use strict";
(() => {
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => localStorage.getItem("theme") || "";
  const paint = () => {
    root.dataset.bsTheme = chosen() || (dark.matches ? "dark" : "light");
    for (const button of document.querySelectorAll("[data-theme-set]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeSet === chosen()));
    }
  };
  root.classList.add("js");
  paint();
  dark.addEventListener("change", paint);
  document.addEventListener("DOMContentLoaded", paint);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-set]");
    if (!button) return;
    localStorage.setItem("theme", button.dataset.themeSet);
    paint();
  });
})();
