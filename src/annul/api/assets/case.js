// The clock of a case: what is left until its due time, a second at a time. It counts from what the
// page says is left, since the clock of whoever looks may be wrong.
"use strict";
(() => {
  const two = (number) => String(number).padStart(2, "0");
  const begun = new WeakMap();
  function tick() {
    for (const clock of document.querySelectorAll("[data-left]")) {
      if (begun.get(clock)?.said !== clock.dataset.left) begun.set(clock, { said: clock.dataset.left, at: performance.now() });
      const left = Math.trunc(Number(clock.dataset.left) - (performance.now() - begun.get(clock).at) / 1000);
      const whole = Math.abs(left);
      const text = `${left < 0 ? "−" : ""}${Math.trunc(whole / 3600)}:${two(Math.trunc(whole / 60) % 60)}:${two(whole % 60)}`;
      if (clock.textContent !== text) clock.textContent = text;
      clock.closest(".case-clock")?.classList.toggle("bad", left < 0);
    }
  }
  setInterval(tick, 1000);
})();
