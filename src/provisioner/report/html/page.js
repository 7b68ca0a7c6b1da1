// @ts-check
"use strict";
/* What every report page shares: filters that live in the address, long lists in pieces, keys. No network, no library. */

/** @param {string} id @returns {HTMLElement} */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @param {string} tag @param {string} [text] @param {string} [name] */
const element = (tag, text, name) => {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (name) made.className = name;
  return made;
};

/**
 * Filters of a page: form fields by their ids, kept in the fragment of the address.
 * @param {string[]} ids @param {() => void} changed
 */
const filters = (ids, changed) => {
  const fields = ids.map((id) => /** @type {HTMLInputElement} */ (byId(id)));
  const read = () => {
    const wanted = new URLSearchParams(location.hash.slice(1));
    for (const field of fields) field.value = wanted.get(field.id) ?? "";
  };
  const write = () => {
    const wanted = new URLSearchParams();
    for (const field of fields) if (field.value) wanted.set(field.id, field.value);
    history.replaceState(null, "", wanted.size ? `#${wanted}` : location.pathname + location.search);
    changed();
  };
  for (const field of fields) field.addEventListener("input", write);
  fields[0].form?.addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("hashchange", () => { read(); changed(); });
  read();
  return {
    /** @param {string} id */
    value: (id) => /** @type {HTMLInputElement} */ (byId(id)).value,
    clear: () => { for (const field of fields) field.value = ""; write(); },
    /** @param {string} id @param {string} value */
    set: (id, value) => { /** @type {HTMLInputElement} */ (byId(id)).value = value; write(); },
  };
};

/**
 * A list that is made a piece at a time: ten thousand rows at once would make any browser slow.
 * @template T
 * @param {HTMLElement} into @param {HTMLElement} more @param {number} piece @param {(item: T) => HTMLElement} make
 */
const piecewise = (into, more, piece, make) => {
  /** @type {T[]} */ let items = [];
  let shown = 0;
  const add = () => {
    const fragment = document.createDocumentFragment();
    for (const item of items.slice(shown, shown + piece)) fragment.append(make(item));
    shown = Math.min(shown + piece, items.length);
    into.append(fragment);
    more.hidden = shown >= items.length;
    more.textContent = `show more (${items.length - shown} left)`;
  };
  more.addEventListener("click", add);
  return {
    /** @param {T[]} wanted */
    show: (wanted) => { items = wanted; shown = 0; into.replaceChildren(); add(); },
    /** So many at least, where there are as many. @param {number} most @returns {number} how many are left out */
    upTo: (most) => { while (shown < Math.min(most, items.length)) add(); return items.length - shown; },
  };
};

/**
 * A unified diff, its lines coloured; each line may say where it comes from.
 * @param {string} label @param {string[][]} lines @param {(line: string) => boolean} isSearched
 */
const diffOf = (label, lines, isSearched) => {
  const made = element("div", undefined, "diff");
  made.tabIndex = 0;
  made.setAttribute("role", "region");
  made.setAttribute("aria-label", label);
  const inside = element("div", undefined, "lines");
  const header = lines.length > 1 && lines[0][0].startsWith("--- ") && lines[1][0].startsWith("+++ ") ? 2 : 0;
  lines.forEach(([text, from], number) => {
    const sign = number < header ? "" : text[0];
    const line = element("div", undefined, { "+": "plus", "-": "minus", "@": "hunk" }[sign] ?? "");
    line.append(element("span", text || " ", isSearched(text) ? "here" : ""));
    if (from) line.append(element("span", `← ${from}`, "from"));
    inside.append(line);
  });
  made.append(inside);
  return made;
};

/** Keys: `/` searches, Escape clears, `j` and `k` go from change to change, `?` shows them where a page has a help. @param {{clear: () => void}} filter */
const keys = (filter) => {
  document.addEventListener("keydown", (event) => {
    const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
    const help = document.getElementById("help");
    // A dialog that is open has Escape for itself.
    if (help instanceof HTMLDialogElement && help.open) return;
    if (event.key === "Escape") { filter.clear(); if (event.target instanceof HTMLElement) event.target.blur(); }
    else if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    else if (event.key === "?" && help instanceof HTMLDialogElement) help.showModal();
    else if (event.key === "/") { byId("q").focus(); event.preventDefault(); }
    else if (event.key === "j" || event.key === "k") {
      const all = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("details.change > summary")].filter((each) => each.checkVisibility()));
      const at = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
      const next = all[event.key === "j" ? at + 1 : Math.max(0, at - 1)];
      if (next) { next.focus(); next.scrollIntoView({ block: "nearest" }); }
    }
  });
};

/** @type {WeakMap<HTMLElement, () => void>} What fills a folded element when it is first unfolded. */
const unfilled = new WeakMap();

/** @param {HTMLElement} each */
const filled = (each) => { const fill = unfilled.get(each); unfilled.delete(each); fill?.(); };

/** Fills an element when it is unfolded, not before. @param {HTMLDetailsElement} made @param {() => void} fill */
const lazily = (made, fill) => {
  unfilled.set(made, fill);
  made.addEventListener("toggle", () => { if (made.open) filled(made); });
};

/**
 * Links inside the page go there without touching the fragment: that one holds the filters.
 * @param {(id: string) => HTMLElement | null} find makes the element where it is not there yet
 */
const linksInside = (find) => {
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element && event.target.closest('a[href^="#"]');
    const there = link && find((link.getAttribute("href") ?? "").slice(1));
    if (!there) return;
    event.preventDefault();
    if (there instanceof HTMLDetailsElement) there.open = true;
    const to = there.querySelector("summary") ?? there;
    if (to === there) there.tabIndex = -1;
    to.focus({ preventScroll: true });
    there.scrollIntoView();
  });
};

/**
 * What is folded is unfolded on paper. The toggle event comes too late for the printer: what is empty is filled here.
 * @param {() => void} first
 */
const unfoldedOnPaper = (first) => {
  /** @type {HTMLDetailsElement[]} */ let opened = [];
  window.addEventListener("beforeprint", () => {
    first();
    // What is filled may hold more that is folded.
    for (;;) {
      const empty = [...document.querySelectorAll("details")].filter((each) => unfilled.has(each));
      if (!empty.length) break;
      empty.forEach(filled);
    }
    opened = [...document.querySelectorAll("details")].filter((each) => !each.open);
    for (const each of opened) each.open = true;
  });
  window.addEventListener("afterprint", () => { for (const each of opened) each.open = false; });
};
