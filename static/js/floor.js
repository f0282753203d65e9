// The slider under the histogram and the number field say the same; the server says what it would come to.
"use strict";
document.addEventListener("input", (event) => {
  if (event.target.matches("[data-slides]")) {
    document.getElementById(event.target.dataset.slides).value = Number(event.target.value).toFixed(2);
  }
});
