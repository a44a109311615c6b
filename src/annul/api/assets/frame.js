// The keyboard, the search, the palette, the buttons that copy, the tab's title and picture.
"use strict";
(() => {
  const told = JSON.parse(document.getElementById("frame-told")?.textContent ?? "{}");
  const words = told.words ?? {};
  const byId = (id) => document.getElementById(id);
  const shown = (element) => element && element.getClientRects().length > 0;
  const say = (text) => { const status = byId("frame-said"); if (status) status.textContent = text; };

  // Lists under a field: walked with the arrow keys, opened with Enter --------------------------

  const options = (field) =>
    [...byId(field.getAttribute("aria-controls")).querySelectorAll("[role=option]")].filter(shown);
  const marked = (field) => byId(field.getAttribute("aria-activedescendant") || "-");

  function mark(field, option) {
    byId(field.getAttribute("aria-controls")).querySelectorAll("[aria-selected=true]")
      .forEach((one) => one.setAttribute("aria-selected", "false"));
    if (!option) return field.removeAttribute("aria-activedescendant");
    option.id ||= `${field.id}-${Math.random().toString(36).slice(2)}`;
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    field.setAttribute("aria-activedescendant", option.id);
  }

  function walk(field, steps) {
    const all = options(field), at = all.indexOf(marked(field));
    mark(field, all[at < 0 ? (steps > 0 ? 0 : all.length - 1) : (at + steps + all.length) % all.length]);
  }

  const open = (option) => { closeAll(); option.click(); };

  // What is typed goes as a form, so that it stands in no address; a whole card is not even sent.
  const asked = new Map(); // by field: the latest text asked for, and the answer to it
  function ask(field, place, wait = 140) {
    const text = field.value.trim(), before = asked.get(field);
    if (before?.text === text) return before.answer;
    const is = () => asked.get(field)?.text === text;
    const answer = new Promise((done) => setTimeout(done, wait)).then(async () => {
      if (!is()) return;
      const html = text.length < 2 ? "" : await answered(text);
      if (!is()) return;
      place.innerHTML = html;
      mark(field, null);
      if (field.id === "find") spread(field, html !== "");
      const first = place.querySelector(".found-said");
      say(first ? first.textContent : "");
    });
    asked.set(field, { text, answer });
    return answer;
  }

  async function answered(text) {
    const plain = (said) => Object.assign(document.createElement("p"),
      { className: "found-said", textContent: said }).outerHTML;
    if (new RegExp(told.card).test(text)) return plain(words.whole_card);
    try {
      const response = await fetch(told.find, {
        method: "POST", body: new URLSearchParams({ text }), redirect: "manual", cache: "no-store",
        headers: { "x-csrf-token": told.csrf },
      });
      if (response.type === "opaqueredirect") location.reload(); // signed out meanwhile
      return response.ok ? await response.text() : plain(words.no_search);
    } catch { return plain(words.no_search); }
  }

  function spread(field, on) {
    byId(field.getAttribute("aria-controls")).hidden = !on;
    field.setAttribute("aria-expanded", String(on));
  }

  const inPalette = (field) => field.id === "command";
  async function enter(field) {
    const found = byId(inPalette(field) ? "commands-found" : "found");
    if (!marked(field) && told.find && !(inPalette(field) && options(field).length)) await ask(field, found, 0);
    const option = marked(field) ?? options(field)[0];
    if (option) open(option);
  }

  function inField(event) {
    const field = event.target;
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") walk(field, event.key === "ArrowDown" ? 1 : -1);
    else if (event.key === "Enter") enter(field);
    else if (event.key === "Escape" && field.id === "find") {
      if (byId("found").hidden) field.blur(); else spread(field, false);
    } else return;
    event.preventDefault();
  }

  function typed(event) {
    const field = event.target;
    if (field.id === "find") ask(field, byId("found"));
    if (inPalette(field)) {
      narrow(field.value);
      if (told.find) ask(field, byId("commands-found"));
    }
    if (field.matches?.("[data-narrows]")) filter(field);
  }

  // A field that narrows what stands on the page: all words in any order.
  function filter(field) {
    const wanted = field.value.toLowerCase().split(/\s+/);
    const all = document.querySelectorAll(field.dataset.narrows);
    all.forEach((one) => {
      const text = (one.dataset.text ?? one.textContent).toLowerCase();
      one.hidden = !wanted.every((word) => text.includes(word));
    });
    document.querySelectorAll("[data-narrowed]").forEach((group) => {
      group.hidden = !group.querySelector(`${field.dataset.narrows}:not([hidden])`);
    });
    say(field.dataset.said.replace("{n}", [...all].filter((one) => !one.hidden).length));
  }

  // The palette ---------------------------------------------------------------------------------

  function narrow(text) {
    const wanted = text.toLowerCase().split(/\s+/);
    byId("commands").querySelectorAll(":scope > [role=group]").forEach((group) => {
      const all = [...group.querySelectorAll("[role=option]")];
      all.forEach((one) => { one.hidden = !wanted.every((word) => one.textContent.toLowerCase().includes(word)); });
      group.hidden = all.every((one) => one.hidden);
    });
    mark(byId("command"), null);
  }

  function acts() {
    const group = byId("commands-acts");
    const head = Object.assign(document.createElement("div"), { className: "found-head", textContent: words.acts });
    head.setAttribute("aria-hidden", "true");
    group.replaceChildren(head);
    document.querySelectorAll("[data-command]").forEach((element) => {
      if (!shown(element) || element.disabled || element.closest("dialog")) return;
      const option = Object.assign(document.createElement("button"),
        { type: "button", textContent: element.textContent.trim() || element.ariaLabel, tabIndex: -1 });
      option.setAttribute("role", "option");
      option.addEventListener("click", () => element.click());
      group.append(option);
    });
  }

  let focused = null; // where the focus goes back to
  function dialog(id) {
    const box = byId(id);
    if (!box || box.open || document.querySelector(".q-dialog")) return;
    closeAll();
    focused = document.activeElement;
    box.showModal();
    if (id !== "palette") return;
    const field = byId("command");
    field.value = "";
    asked.delete(field);
    byId("commands-found").replaceChildren();
    acts();
    narrow("");
    field.setAttribute("aria-expanded", "true");
    field.focus();
  }

  function closeAll() {
    if (document.activeElement?.closest("dialog")) document.activeElement.blur();
    document.querySelectorAll("dialog[open]").forEach((one) => one.close());
    const field = byId("find");
    if (field) spread(field, false);
    if (focused?.isConnected) focused.focus();
    focused = null;
  }

  // Rows of lists -------------------------------------------------------------------------------

  const rows = () => [...document.querySelectorAll(
    "main tr[data-href], main [data-row], main tbody tr:has(a[href])")].filter(shown);
  const way = (row) => row.matches("a[href], button") ? row : row.querySelector("a[href]") ?? row;
  const nameOf = (row) => row.dataset.href ?? way(row).getAttribute("href") ?? row.textContent;
  let at = null; // the row that one stands at, by what it leads to, and its place

  function stand(row, all) {
    document.querySelectorAll(".at").forEach((one) => one.classList.remove("at"));
    at = { name: nameOf(row), place: all.indexOf(row) };
    row.classList.add("at");
    const target = way(row);
    if (target.tabIndex < 0) target.tabIndex = -1;
    target.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }

  function step(steps) {
    const all = rows();
    if (!all.length) return;
    const on = document.activeElement?.closest?.(".at");
    let place = all.findIndex((row) => (on ? row === on : at && nameOf(row) === at.name));
    if (place < 0 && at) place = Math.min(at.place, all.length) - (steps > 0 ? 1 : 0);
    stand(all[Math.min(Math.max(place + steps, 0), all.length - 1)], all);
  }

  // What is live is built anew: whoever stood at a row stands there still.
  function again() {
    if (!at || document.activeElement !== document.body) return;
    const all = rows(), row = all.find((one) => nameOf(one) === at.name);
    if (row) stand(row, all);
  }

  function openRow() {
    const row = document.querySelector(".at");
    if (row?.dataset.href && way(row) === row) location.href = row.dataset.href;
    return Boolean(row?.dataset.href);
  }

  // Keys ----------------------------------------------------------------------------------------

  const does = {
    search: () => { const field = byId("find"); field?.focus(); field?.select(); },
    palette: () => (byId("palette")?.open ? closeAll() : dialog("palette")),
    sheet: () => dialog("shortcuts"),
    next: () => step(1),
    previous: () => step(-1),
    open: openRow,
    note: () => [...document.querySelectorAll('[data-command="note"]')].find(shown)?.click(),
    close: closeAll,
    back: () => (history.length > 1 ? history.back() : (location.href = "/")),
  };
  const types = (element) =>
    element?.closest?.("input:not([type=checkbox], [type=radio], [type=button]), textarea, select, [contenteditable]");
  let leads = 0; // until when a letter after `g` leads to a page

  function key(event) {
    if (event.defaultPrevented || event.isComposing || !told.keys) return;
    const held = event.ctrlKey || event.metaKey;
    if (held && !event.altKey && !event.shiftKey && told.held[event.key.toLowerCase()]) {
      event.preventDefault();
      return does[told.held[event.key.toLowerCase()]]();
    }
    if (event.target.matches?.("#find, #command")) return inField(event);
    if (held || event.altKey || types(event.target)) return;
    if (document.querySelector("dialog[open], .q-dialog")) return; // they close themselves
    if (leads > event.timeStamp && told.go[event.key]) {
      event.preventDefault();
      location.href = told.go[event.key];
      return;
    }
    leads = event.key === "g" ? event.timeStamp + 1500 : 0;
    const act = told.keys[event.key];
    if (!act || act === "close") return;
    if (act === "open") { if (event.target === document.body || event.target.matches("tr")) openRow(); return; }
    event.preventDefault();
    does[act]();
  }

  // Copying -------------------------------------------------------------------------------------

  async function copy(button) {
    const text = button.dataset.copy;
    let done = true;
    try { await navigator.clipboard.writeText(text); } catch { done = copyAsBefore(text); }
    button.focus();
    button.classList.toggle("done", done);
    setTimeout(() => button.classList.remove("done"), 1500);
    say("");
    requestAnimationFrame(() => say(done ? words.copied.replace("{text}", text) : words.not_copied));
  }

  function copyAsBefore(text) { // where the console is not reached over TLS
    const field = Object.assign(document.createElement("textarea"), { value: text, className: "unseen" });
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }

  document.addEventListener("click", (event) => {
    const on = (selector) => event.target.closest?.(selector);
    let element;
    if ((element = on("[data-copy]"))) { event.preventDefault(); copy(element); }
    else if ((element = on("[data-more]"))) {
      const open = element.closest("nav").classList.toggle("open");
      element.setAttribute("aria-expanded", String(open));
    } else if ((element = on("[data-does]"))) does[element.dataset.does]();
    else if ((element = on("[data-click]"))) document.querySelector(element.dataset.click)?.click();
    else if ((element = on("[data-search]"))) {
      const field = byId("find");
      field.value = element.dataset.search;
      field.focus();
      ask(field, byId("found"), 0);
    } else if (on("[data-skip=list]")) { event.preventDefault(); at = null; step(1); }
    else if (on('a[href="#find"]')) { event.preventDefault(); does.search(); }
    else if (event.target.matches?.("dialog")) closeAll(); // beside it
    if (!on(".find")) { const field = byId("find"); if (field) spread(field, false); }
  });
  document.addEventListener("pointerdown", (event) => { if (!event.target.closest?.(".at")) at = null; });
  document.addEventListener("keydown", key);
  document.addEventListener("input", typed);
  document.addEventListener("focusin", (event) => {
    if (event.target.id === "find" && byId("found").childElementCount) spread(event.target, true);
    else if (!event.target.closest?.(".find") && byId("find")) spread(byId("find"), false);
  });

  // Title and picture of the tab ----------------------------------------------------------------

  function title() {
    const head = document.querySelector("main [data-title]") ?? document.querySelector("main h1");
    const state = head?.closest(".head")?.querySelector(".badge")?.textContent.trim();
    const said = head?.dataset.title ?? [head?.textContent.trim(), state].filter(Boolean).join(" · ");
    const now = said ? `${said} · annul` : document.title;
    if (now !== document.title) document.title = now;
  }

  let drawn = null;
  function picture() {
    const count = Number(document.querySelector("[data-manual]")?.dataset.manual ?? 0);
    if (count === drawn || !told.mark) return;
    drawn = count;
    const number = count > 99 ? "99" : String(count);
    const badge = `<circle cx="21" cy="21" r="11" fill="#a3271f"/><text x="21" y="26" font-size="${number.length > 1 ? 13 : 15}" `
      + `font-family="sans-serif" font-weight="700" text-anchor="middle" fill="#fff">${number}</text></svg>`;
    const svg = count ? told.mark.replace("</svg>", badge) : told.mark;
    const link = document.querySelector('link[rel~="icon"]') ?? document.head.appendChild(document.createElement("link"));
    link.rel = "icon";
    link.type = "image/svg+xml";
    link.href = `data:image/svg+xml,${encodeURIComponent(svg)}`;
  }

  let waits = false;
  function changed() {
    again(); // at once: no key that is pressed meanwhile goes astray
    if (waits) return;
    waits = true;
    setTimeout(() => { waits = false; title(); picture(); }, 50);
  }
  const lost = document.querySelectorAll("#popup > span");
  if (lost.length && words.lost) { lost[0].textContent = words.lost; lost[1].textContent = words.lost_more; }
  byId("popup")?.setAttribute("role", "alert");
  new MutationObserver(changed).observe(document.body,
    { subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ["data-title", "data-manual"] });
  const meant = location.hash && byId(decodeURIComponent(location.hash.slice(1)));
  if (meant?.localName === "details") meant.open = true;
  changed();
})();
