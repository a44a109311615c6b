// Tables that are sorted and picked from in the browser. What somebody has chosen here outlives each
// live update: the server draws rows, this puts choice, order and columns onto them again.
"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // Picking: which numbers, told to the page's server each time -----------------------------------
  const picked = new Set();
  const boxes = () => all("input[data-pick]");

  function showPicked() {
    const there = boxes();
    for (const box of there) {
      box.checked = picked.has(box.dataset.pick);
      box.closest("tr")?.classList.toggle("is-picked", box.checked);
    }
    const on = there.filter((box) => box.checked).length;
    for (const every of all("input[data-pick-all]")) {
      every.checked = on > 0 && on === there.length;
      every.indeterminate = on > 0 && on < there.length;
      every.disabled = there.length === 0;
    }
  }

  function tellPicked() {
    showPicked();
    emitEvent("picked", { numbers: [...picked] });
  }

  window.annulUnpick = () => {
    picked.clear();
    tellPicked();
  };

  let last = null; // the box that was used last, from which shift picks a row of them
  function pick(box, shift) {
    const there = boxes();
    const from = shift && last ? there.findIndex((one) => one.dataset.pick === last) : -1;
    const to = there.indexOf(box);
    const meant = from < 0 ? [box] : there.slice(Math.min(from, to), Math.max(from, to) + 1);
    for (const one of meant) picked[box.checked ? "add" : "delete"](one.dataset.pick);
    last = box.dataset.pick;
    tellPicked();
  }

  // Sorting of tables that show all their rows ----------------------------------------------------
  const orders = new Map(); // table -> { column, down }

  function value(cell) {
    const time = cell.querySelector("time[datetime]");
    if (time) return time.dateTime;
    return cell.dataset.sort ?? cell.innerText.trim();
  }

  const digits = (text) => text.replace(/[^\d.-]/g, "");

  function sort(table) {
    const by = orders.get(table.dataset.table);
    const heads = all("thead th", table);
    heads.forEach((head, place) => {
      if (!head.querySelector("button")) return;
      const here = by?.column === place;
      head.setAttribute("aria-sort", here ? (by.down ? "descending" : "ascending") : "none");
    });
    if (!by) return;
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const values = new Map(rows.map((row) => [row, value(row.cells[by.column])]));
    const numbers = heads[by.column].classList.contains("right");
    const way = by.down ? -1 : 1;
    const sorted = rows.toSorted((one, other) => {
      const [a, b] = [values.get(one), values.get(other)];
      return way * (numbers ? digits(a) - digits(b) : a.localeCompare(b, document.documentElement.lang));
    });
    if (sorted.some((row, place) => row !== rows[place])) body.append(...sorted);
  }

  function sortable(table) {
    for (const head of all("thead th", table)) {
      if (head.querySelector("button, a") || !head.textContent.trim()) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...head.childNodes);
      head.append(button);
    }
    sort(table);
  }

  function turn(head) {
    const table = head.closest("table");
    const now = orders.get(table.dataset.table);
    const column = head.cellIndex;
    const first = head.classList.contains("right");
    orders.set(table.dataset.table, { column, down: now?.column === column ? !now.down : first });
    sort(table);
  }

  // Columns: what is chosen otherwise than it comes is kept in this browser; by a rule, so that no
  // update undoes it.
  const kept = (table) => {
    try {
      return new Set(JSON.parse(localStorage.getItem(`annul.columns.${table}`)) ?? []);
    } catch {
      return new Set();
    }
  };
  const rule = document.createElement("style");
  document.head.append(rule);

  function columns() {
    const rules = [];
    for (const chooser of all("[data-columns]")) {
      const turned = kept(chooser.dataset.columns);
      for (const box of all("input[data-show]", chooser)) {
        const { show, extra } = box.dataset;
        box.checked = turned.has(show) === (extra !== undefined);
        const shown = box.checked ? "table-cell" : "none";
        if (turned.has(show))
          rules.push(
            `table[data-table="${chooser.dataset.columns}"] [data-column="${show}"]{display:${shown}}`,
          );
      }
    }
    const text = `@media (min-width: 761px) {${rules.join("")}}`;
    if (rule.textContent !== text) rule.textContent = text;
  }

  function choose(box) {
    const table = box.closest("[data-columns]").dataset.columns;
    const turned = kept(table);
    const name = box.dataset.show;
    turned[turned.has(name) ? "delete" : "add"](name);
    try {
      localStorage.setItem(`annul.columns.${table}`, JSON.stringify([...turned]));
    } catch {
      // a browser that keeps nothing shows the usual columns the next time
    }
    columns();
  }

  // Times that say how long ago --------------------------------------------------------------------
  const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60]];

  function ago() {
    const said = new Intl.RelativeTimeFormat(document.documentElement.lang, { style: "short" });
    for (const time of all("time[data-ago]")) {
      const seconds = (new Date(time.dateTime) - Date.now()) / 1000;
      const [unit, length] = UNITS.find(([, one]) => Math.abs(seconds) >= one) ?? [];
      const text = unit
        ? said.format(Math.round(seconds / length), unit).replace(".", "")
        : time.dataset.ago;
      if (time.textContent !== text) time.textContent = text;
    }
  }

  // Pickers: options as one types -----------------------------------------------------------------
  let asked = 0;
  async function options(field) {
    const mine = ++asked;
    await new Promise((done) => setTimeout(done, 120));
    if (mine !== asked || field.value.includes(" · ")) return;
    const query = new URLSearchParams({ text: field.value });
    const answer = await fetch(`/choices/${field.dataset.choices}?${query}`).catch(() => null);
    if (!answer?.ok || mine !== asked) return;
    const shown = (await answer.json()).map((text) => {
      const option = document.createElement("option");
      option.value = text;
      return option;
    });
    document.getElementById(field.getAttribute("list"))?.replaceChildren(...shown);
  }

  // A whole card number does not leave the browser -------------------------------------------------
  function isCard(text) {
    const number = text.replace(/[\s-]/g, "");
    if (!/^\d{13,19}$/.test(number) || number.length === 15 || number.startsWith("0")) return false;
    const sum = [...number].reverse().reduce((total, digit, place) => {
      const twice = place % 2 ? digit * 2 : +digit;
      return total + (twice > 9 ? twice - 9 : twice);
    }, 0);
    return sum % 10 === 0 || (number.length >= 16 && number.startsWith("62"));
  }

  function guard(event) {
    const form = event.target;
    if (form.getAttribute("role") !== "search" || !form.dataset.card) return;
    const field = all("input", form).find((one) => isCard(one.value));
    if (!field) return;
    event.preventDefault();
    field.value = field.value.replace(/\D/g, "").slice(-4);
    field.setCustomValidity(form.dataset.card);
    field.reportValidity();
    field.addEventListener("input", () => field.setCustomValidity(""), { once: true });
    setTimeout(() => field.setCustomValidity(""), 4000);
  }

  // What people do ----------------------------------------------------------------------------------
  let shift = false;
  document.addEventListener("change", (event) => {
    const box = event.target;
    if (box.matches("input[data-pick]")) pick(box, shift);
    else if (box.matches("input[data-pick-all]")) {
      for (const one of boxes()) picked[box.checked ? "add" : "delete"](one.dataset.pick);
      tellPicked();
    } else if (box.matches("input[data-show]")) choose(box);
  });
  document.addEventListener("input", (event) => {
    if (event.target.matches("input[data-choices]")) options(event.target);
  });
  document.addEventListener("focusin", (event) => {
    if (event.target.matches("input[data-choices]")) options(event.target);
  });
  document.addEventListener("submit", guard, true);
  document.addEventListener("click", (event) => {
    shift = event.shiftKey;
    if (event.target.closest("[data-unpick]")) window.annulUnpick();
    const head = event.target.closest("table[data-sorts] th");
    if (head && event.target.closest("button")) turn(head);
    const row = event.target.closest("tr[data-href]");
    if (!row || event.target.closest("a, button, input, label, select, summary, .picks")) return;
    if (String(getSelection())) return; // somebody takes a number out of it
    if (event.ctrlKey || event.metaKey) window.open(row.dataset.href, "_blank", "noopener");
    else location.assign(row.dataset.href);
  });
  addEventListener("auxclick", (event) => {
    const row = event.button === 1 && event.target.closest?.("tr[data-href]");
    if (row && !event.target.closest("a")) window.open(row.dataset.href, "_blank", "noopener");
  });

  // Each live update ---------------------------------------------------------------------------------
  function again() {
    for (const table of all("table[data-sorts]")) sortable(table);
    showPicked();
    columns();
    ago();
    watch.takeRecords(); // what was done here is no news
  }
  const watch = new MutationObserver(again);
  const begin = () => {
    again();
    for (const tab of all(".tabs [aria-current]")) tab.scrollIntoView({ block: "nearest", inline: "center" });
    watch.observe(document.body, { childList: true, subtree: true });
    setInterval(ago, 20000);
    if (picked.size) tellPicked();
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
