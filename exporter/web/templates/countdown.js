// Counts the pauses down between two loads; without it the page is whole, and as old as it says.
"use strict";
for (const each of document.querySelectorAll("[data-left]")) {
  const end = performance.now() + 1000 * Number(each.dataset.left);
  const timer = setInterval(() => {
    const left = Math.max(0, Math.ceil((end - performance.now()) / 1000));
    each.textContent = left + " s";
    if (left === 0) clearInterval(timer);
  }, 1000);
}
