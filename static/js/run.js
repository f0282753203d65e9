// A run's page is read again every few seconds, but not while somebody is writing a reason on it.
"use strict";
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.id === "live" && event.target.querySelector("details[open]")) event.preventDefault();
});
