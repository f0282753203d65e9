// The button that prints; without JavaScript it is not there, and the browser's own menu prints the same.
document.querySelectorAll("[data-print]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
});
