// The clock of a case: what is left until its due time, a second at a time.
"use strict";
(() => {
  const two = (number) => String(number).padStart(2, "0");
  function tick() {
    for (const clock of document.querySelectorAll("[data-due]")) {
      const left = Math.trunc((Date.parse(clock.dataset.due) - Date.now()) / 1000), whole = Math.abs(left);
      const text = `${left < 0 ? "−" : ""}${Math.trunc(whole / 3600)}:${two(Math.trunc(whole / 60) % 60)}:${two(whole % 60)}`;
      if (clock.textContent !== text) clock.textContent = text;
      clock.closest(".case-clock")?.classList.toggle("bad", left < 0);
    }
  }
  setInterval(tick, 1000);
})();
