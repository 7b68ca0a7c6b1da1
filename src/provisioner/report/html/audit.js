// @ts-check
"use strict";
(() => {
  /** @typedef {{n: string, r: string, f: string, t: string, s: string}} Device */
  /** @typedef {{c: string, t: string, b: number, p: string[], s: number, d: [number, number][]}} Place */
  /** @typedef {{r: number, s: number, p: number, d: number, n: string, a: string, w: string, m: string, c: string, i: number, k: number, x: number, y: number, f: [string, number][]}} Finding */
  /** @typedef {{r: number, s: number, p: number, n: string, a: string, w: string, i: number, k: number}} Gone */
  const data = JSON.parse(byId("data").textContent || "{}");
  /** @type {Device[]} */ const devices = data.devices;
  /** @type {Place[]} */ const places = data.places;
  /** @type {Finding[]} */ const findings = data.findings;
  /** @type {Gone[]} */ const gone = data.gone;
  /** @type {string[]} */ const diffs = data.diffs;
  /** @type {string[]} */ const severities = data.severities;
  /** @type {[string, string][]} */ const statuses = data.statuses;
  /** @type {[string, string][]} */ const boards = data.boards;
  /** @type {[string, string][]} */ const rules = data.rules;

  /** More findings of one kind stand together. */
  const together = 5;
  /** At most so much of each list goes on paper; the filters choose what. */
  const onPaper = 500;
  const info = 0;
  const inSync = 0;

  const board = (/** @type {Place} */ place) => boards[place.b] ?? ["", ""];
  const deviceOf = (/** @type {Finding} */ one) => one.d < 0 ? one.n : devices[one.d].n;
  /** @type {number[][]} */ const ofPlace = places.map(() => []);
  findings.forEach((one, number) => ofPlace[one.p].push(number));
  const placeWords = places.map((one) => [one.c, one.t, ...board(one), ...one.p, ...one.d.map(([number]) => devices[number].n)].join("\n").toLowerCase());
  const findingWords = findings.map((one) => [deviceOf(one), severities[one.s], ...rules[one.r], one.a, one.w, one.m, ...one.f.map(([file]) => file)].join("\n").toLowerCase());
  const goneWords = gone.map((one) => [one.n, severities[one.s], ...rules[one.r], one.a, one.w].join("\n").toLowerCase());
  const diffWords = diffs.map((text) => text.toLowerCase());

  // --- how things are said

  const plural = (/** @type {number} */ number, /** @type {string} */ noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
  const moment = (/** @type {number} */ at) => `${new Date(at * 1000).toISOString().slice(0, 16).replace("T", " ")} UTC`;
  const age = (/** @type {number} */ at) => {
    const hours = Math.round((data.at - at) / 3600);
    return hours < 36 ? plural(Math.max(0, hours), "hour") : plural(Math.round(hours / 24), "day");
  };
  const since = (/** @type {{i: number, k: number}} */ one) => `since ${moment(one.i)}, ${age(one.i)}, ${plural(one.k, "audit")}`;
  const before = (/** @type {number} */ times) => times ? `had come and gone ${times === 1 ? "once" : `${times} times`} before` : "";
  const badge = (/** @type {number} */ severity) => element("span", severities[severity], `badge ${severities[severity]}`);
  const standing = (/** @type {number} */ status) => {
    const [value, word] = statuses[status];
    return element("span", word, `badge ${{ "in-sync": "good", drifted: "bad", failed: "bad", unreachable: "bad" }[value] ?? ""}`);
  };
  const nameOf = (/** @type {Place} */ place) => `${place.c} ${place.t}`.trim();

  const aside = (/** @type {string} */ text) => text ? [" ", element("span", text, "side")] : [];

  /** @type {string[]} */ let terms = [];
  const isSearched = (/** @type {string} */ line) => terms.length > 0 && terms.every((term) => line.toLowerCase().includes(term));

  // --- copying

  /** @param {string} text @param {HTMLElement} button */
  const copy = async (text, button) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Over plain HTTP a browser has no clipboard for scripts, but still this.
      const field = /** @type {HTMLTextAreaElement} */ (element("textarea"));
      field.value = text;
      document.body.append(field);
      field.select();
      document.execCommand("copy");
      field.remove();
    }
    button.textContent = "copied";
    setTimeout(() => { button.textContent = "copy"; }, 1500);
  };

  // --- findings

  /** @param {number} number @param {boolean} named whether the place is said as well */
  const inside = (number, named) => {
    const one = findings[number];
    const place = places[one.p];
    const made = element("div", undefined, "finding");
    if (!named) {
      const head = element("p");
      head.append(badge(one.s), " ", element("b", rules[one.r][1]), one.a ? ` ${one.a}` : "");
      made.append(head);
    }
    const what = element("p");
    what.append(element("span", deviceOf(one), "mono"), `  ${one.w}`);
    const past = one.y ? ["new"] : [since(one)];
    made.append(what, element("p", [rules[one.r][0], ...past, before(one.x)].filter(Boolean).join(" · "), "quiet"));
    const remedy = element("div", undefined, "remedy");
    if (one.c) {
      const button = /** @type {HTMLButtonElement} */ (element("button", "copy", "copy"));
      button.type = "button";
      button.setAttribute("aria-label", `copy ${one.c}`);
      button.addEventListener("click", () => copy(one.c, button));
      remedy.append(element("code", one.c), button);
      if (one.m !== one.c) remedy.append(element("span", one.m.slice(one.c.length).replace(/^; /, "then: ")));
    } else {
      remedy.append(element("span", one.m));
    }
    made.append(remedy);
    for (const [file, diff] of one.f) made.append(diffOf(`${file} on ${deviceOf(one)}`, diffs[diff].split("\n").map((line) => [line]), isSearched));
    if (named) {
      const more = element("p", undefined, "quiet screen");
      const button = element("button", `all of ${place.c}`, "link");
      button.addEventListener("click", () => { filter.clear(); filter.set("q", place.c); byId("all-places").scrollIntoView(); });
      const told = [board(place)[1] && `${board(place)[1]} (${board(place)[0]})`, place.p.join(", ")].filter(Boolean).join(" · ");
      more.append(told, told ? " · " : "", button);
      made.append(more);
    }
    return made;
  };

  /** @type {Set<string>} What a reader unfolded stays so when the filters change. */ const unfolded = new Set();
  let few = false;

  /** @param {string} id @param {(Node | string)[]} summary @param {() => (Node | string)[]} fill */
  const folded = (id, summary, fill) => {
    const made = /** @type {HTMLDetailsElement} */ (element("details", undefined, "change"));
    const head = element("summary");
    head.append(...summary);
    made.append(head);
    lazily(made, () => {
      const content = element("div", undefined, "inside");
      content.append(...fill());
      made.append(content);
    });
    made.open = few || unfolded.has(id);
    const alone = few;
    made.addEventListener("toggle", () => {
      if (alone) return;
      if (made.open) unfolded.add(id); else unfolded.delete(id);
    });
    return made;
  };

  /** @type {((most: number) => void)[]} What makes lists inside of others longer. */ let longer = [];
  let printing = false;

  /** Many of something, the first ones at once. @template T @param {T[]} items @param {number} piece @param {(item: T) => HTMLElement} make */
  const firstOf = (items, piece, make) => {
    const list = element("div");
    const more = element("button");
    const pieces = piecewise(list, more, piece, make);
    pieces.show(items);
    if (printing) pieces.upTo(onPaper); else longer.push(pieces.upTo);
    return [list, more];
  };

  const card = (/** @type {number} */ number) => {
    const one = findings[number];
    const place = places[one.p];
    const side = one.y ? before(one.x) : `${age(one.i)}${one.x ? `, ${before(one.x)}` : ""}`;
    return folded(`f${number}`, [
      badge(one.s), " ", element("b", nameOf(place)), ` ${rules[one.r][1]} `,
      element("span", [one.a, deviceOf(one) === place.c ? "" : `on ${deviceOf(one)}`].filter(Boolean).join(" "), "what"),
      ...aside(side),
    ], () => [inside(number, true)]);
  };

  /** @typedef {{id: string, all: number[]}} Group */
  /** One kind of finding that many have: one line. @param {Group} group */
  const groupCard = (group) => {
    if (group.all.length === 1) return card(group.all[0]);
    const first = findings[group.all[0]];
    const points = new Map();
    for (const number of group.all) for (const point of places[findings[number].p].p) points.set(point, (points.get(point) ?? 0) + 1);
    const most = [...points].sort((a, b) => b[1] - a[1]).slice(0, 3).map(([point, count]) => `${point} (${count.toLocaleString("en")})`);
    const told = most.length ? `${most.join(", ")}${points.size > 3 ? ` and ${points.size - 3} more` : ""}` : "";
    return folded(group.id, [
      badge(first.s), " ", element("b", plural(group.all.length, "finding")), ` ${rules[first.r][1]} `,
      element("span", `${group.all.slice(0, 3).map((number) => places[findings[number].p].c).join(", ")} …`, "what"),
      ...aside(told),
    ], () => firstOf(group.all, 30, card));
  };

  /** @param {string} list @param {number[]} wanted @returns {Group[]} */
  const grouped = (list, wanted) => {
    /** @type {Map<string, number[]>} */ const kinds = new Map();
    for (const number of wanted) {
      const id = `${list} ${findings[number].s} ${rules[findings[number].r][0]}`;
      const kind = kinds.get(id);
      if (kind) kind.push(number); else kinds.set(id, [number]);
    }
    return [...kinds].flatMap(([id, all]) => all.length > together ? [{ id, all }] : all.map((number) => ({ id, all: [number] })));
  };

  /** @param {number} number */
  const goneRow = (number) => {
    const one = gone[number];
    const made = element("li");
    made.append(badge(one.s), " ", element("b", nameOf(places[one.p])), ` ${rules[one.r][1]} `,
      element("span", [one.a, one.n === places[one.p].c ? "" : `on ${one.n}`].filter(Boolean).join(" "), "what"), ...aside(`was there ${age(one.i)}`));
    made.title = `${one.w}; ${since(one)}`;
    return made;
  };

  // --- locations and routers

  const tiers = { signature: "unchanged since the last whole look", full: "whole config", none: "not read" };

  /** @param {Place} place */
  const devicesOf = (place) => {
    const table = element("table", undefined, "devices");
    const head = element("tr");
    for (const name of ["router", "", "stands", "looked at"]) {
      const cell = element("th", name);
      cell.setAttribute("scope", "col");
      head.append(cell);
    }
    table.append(head);
    for (const [number, status] of place.d) {
      const one = devices[number];
      const row = element("tr");
      const name = element("td");
      name.append(element("span", one.n, "mono"));
      const stands = element("td");
      stands.append(standing(status));
      row.append(name, element("td", `${one.r} router, ${one.f}`), stands, element("td", `${tiers[/** @type {"full"} */ (one.t)]}, ${one.s} s`, "quiet"));
      table.append(row);
    }
    const made = element("div", undefined, "scroll");
    made.append(table);
    return made;
  };

  /** @param {number} number */
  const placeCard = (number) => {
    const place = places[number];
    const own = ofPlace[number];
    const worst = own.length ? [badge(findings[own[0]].s), " "] : [];
    const [code, name] = board(place);
    const fresh = own.filter((each) => findings[each].y).length;
    const told = own.length ? `${plural(own.length, "finding")}${fresh ? `, ${fresh} new` : ""}` : "";
    const made = folded(`p${place.c}`, [
      ...worst, standing(place.s), " ", element("b", nameOf(place)), " ", element("span", told, "what"), ...aside(place.p.join(", ")),
    ], () => [
      ...(code || place.p.length ? [element("p", [code && `${name} (board ${code})`, place.p.join(", ")].filter(Boolean).join(" · "), "quiet")] : []),
      ...(place.d.length ? [devicesOf(place)] : []),
      ...firstOf(own, 20, (each) => inside(each, false)),
    ]);
    made.id = `place-${place.c}`;
    return made;
  };

  // --- filters

  const newest = ["new", "before", "came back"];
  const sinceOf = (/** @type {Finding} */ one) => [one.y ? "new" : "before", ...(one.x ? ["came back"] : [])];

  /** @typedef {{id: string, title: string, bit: number, values: [string, string][], ordered: boolean}} Facet */
  /** @type {Facet[]} */
  const facets = [
    { id: "severity", title: "severity", bit: 1, values: severities.map((word) => /** @type {[string, string]} */ ([word, word])).reverse(), ordered: true },
    { id: "since", title: "since", bit: 2, values: newest.map((word) => /** @type {[string, string]} */ ([word, word])), ordered: true },
    { id: "status", title: "status", bit: 4, values: /** @type {[string, string][]} */ ([...statuses].reverse()), ordered: true },
    { id: "board", title: "board", bit: 8, values: boards.map(([number, name]) => /** @type {[string, string]} */ ([number, name || number])), ordered: false },
    { id: "point", title: "aggregation point", bit: 16, values: [...new Set(places.flatMap((one) => one.p))].sort().map((name) => /** @type {[string, string]} */ ([name, name])), ordered: false },
    { id: "rule", title: "kind", bit: 32, values: rules.map(([id, title]) => /** @type {[string, string]} */ ([id, `${title} (${id})`])), ordered: false },
  ];
  const least = 8;
  const [SEVERITY, SINCE, STATUS, BOARD, POINT, RULE] = facets.map((facet) => facet.bit);
  const chosen = (/** @type {string} */ id) => { const value = filter.value(id); return value ? value.split(",") : []; };

  /** @param {string} id @param {string} value */
  const toggle = (id, value) => {
    const all = chosen(id);
    filter.set(id, (all.includes(value) ? all.filter((each) => each !== value) : [...all, value]).join(","));
  };

  /** @type {Map<string, {facet: Facet, buttons: Map<string, HTMLElement>, list: HTMLElement, all: boolean, more: HTMLElement}>} */
  const drawn = new Map();

  /** @param {Facet} facet @param {Map<string, number>} counts */
  const draw = (facet, counts) => {
    let one = drawn.get(facet.id);
    if (!one) {
      const field = element("fieldset");
      const list = element("ul");
      const more = element("button", undefined, "link all");
      field.append(element("legend", facet.title), list, more);
      byId("facets").append(field);
      one = { facet, buttons: new Map(), list, all: false, more };
      const kept = one;
      more.addEventListener("click", () => { kept.all = !kept.all; apply(); });
      drawn.set(facet.id, one);
    }
    const picked = chosen(facet.id);
    const count = (/** @type {string} */ value) => counts.get(value) ?? 0;
    let wanted = facet.values;
    if (!facet.ordered) wanted = [...wanted].sort((a, b) => count(b[0]) - count(a[0]));
    wanted = wanted.filter(([value]) => picked.includes(value) || count(value) > 0);
    const hidden = one.all || facet.ordered ? 0 : Math.max(0, wanted.length - least);
    const shown = hidden ? wanted.filter(([value], at) => at < least || picked.includes(value)) : wanted;
    const focused = document.activeElement;
    const items = shown.map(([value, label]) => {
      let button = one.buttons.get(value);
      if (!button) {
        button = element("button");
        button.setAttribute("type", "button");
        button.dataset.value = value;
        button.append(element("span", label, "label"), " ", element("span", "", "count"));
        button.addEventListener("click", () => toggle(facet.id, value));
        one.buttons.set(value, button);
      }
      button.setAttribute("aria-pressed", String(picked.includes(value)));
      button.className = count(value) ? "" : "zero";
      /** @type {HTMLElement} */ (button.lastElementChild).textContent = count(value).toLocaleString("en");
      const item = button.parentElement ?? element("li");
      if (!button.parentElement) item.append(button);
      return item;
    });
    one.list.replaceChildren(...items);
    if (focused instanceof HTMLElement && focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
    one.more.hidden = !hidden && !(one.all && wanted.length > least);
    one.more.textContent = one.all ? "fewer" : `all ${wanted.length.toLocaleString("en")}`;
  };

  const shownNew = piecewise(byId("new-list"), byId("more-new"), 40, groupCard);
  const shownStill = piecewise(byId("still-list"), byId("more-still"), 20, groupCard);
  const shownGone = piecewise(byId("gone-list"), byId("more-gone"), 8, goneRow);
  const shownPlaces = piecewise(byId("place-list"), byId("more-places"), 50, placeCard);

  const apply = () => {
    terms = filter.value("q").toLowerCase().split(/\s+/).filter(Boolean);
    const picked = Object.fromEntries(facets.map((facet) => [facet.id, new Set(chosen(facet.id))]));
    const out = (/** @type {string} */ id, /** @type {string[]} */ values) => picked[id].size > 0 && !values.some((value) => picked[id].has(value));
    const inPlace = terms.map((term) => placeWords.map((words) => words.includes(term)));
    const inDiff = terms.map((term) => diffWords.map((words) => words.includes(term)));
    const named = places.map((_, number) => terms.every((_term, at) => inPlace[at][number]));

    const placeFails = places.map((one) => (out("status", [statuses[one.s][0]]) ? STATUS : 0) | (out("board", [board(one)[0]]) ? BOARD : 0) | (out("point", one.p) ? POINT : 0));
    /** @type {Record<string, Map<string, number>>} */
    const counts = Object.fromEntries(facets.map((facet) => [facet.id, new Map()]));
    const add = (/** @type {string} */ id, /** @type {string} */ value) => counts[id].set(value, (counts[id].get(value) ?? 0) + 1);
    /** @type {boolean[]} */ const has = places.map(() => false);
    /** @type {number[]} */ const wanted = [];
    const ofFindings = SEVERITY | SINCE | RULE;
    findings.forEach((one, number) => {
      const isMeant = terms.every((term, at) => inPlace[at][one.p] || findingWords[number].includes(term) || one.f.some(([, diff]) => inDiff[at][diff]));
      if (!isMeant) return;
      const fails = placeFails[one.p] | (out("severity", [severities[one.s]]) ? SEVERITY : 0) | (out("since", sinceOf(one)) ? SINCE : 0) | (out("rule", [rules[one.r][0]]) ? RULE : 0);
      if (!(fails & ofFindings)) has[one.p] = true;
      if (!fails) wanted.push(number);
      if (!(fails & ~SEVERITY)) add("severity", severities[one.s]);
      if (!(fails & ~SINCE)) for (const value of sinceOf(one)) add("since", value);
      if (!(fails & ~RULE)) add("rule", rules[one.r][0]);
      if (!(fails & ~BOARD)) add("board", board(places[one.p])[0]);
      if (!(fails & ~POINT)) for (const value of places[one.p].p) add("point", value);
    });

    const asksForFindings = picked.severity.size + picked.since.size + picked.rule.size > 0;
    const asksForPlaces = terms.length + picked.status.size + picked.board.size + picked.point.size > 0;
    let quiet = 0;
    const people = places.map((_, number) => number).filter((number) => {
      const isMeant = has[number] || (!asksForFindings && named[number]);
      if (isMeant && !(placeFails[number] & ~STATUS)) add("status", statuses[places[number].s][0]);
      if (!isMeant || placeFails[number]) return false;
      const isQuiet = !ofPlace[number].length && places[number].s === inSync;
      if (isQuiet && !asksForPlaces) quiet += 1;
      return !isQuiet || asksForPlaces;
    });
    const ended = gone.map((_, number) => number).filter((number) => {
      const one = gone[number];
      return !placeFails[one.p] && !out("severity", [severities[one.s]]) && !out("rule", [rules[one.r][0]])
        && terms.every((term, at) => inPlace[at][one.p] || goneWords[number].includes(term));
    });

    // A search that leaves next to nothing is answered at once.
    few = terms.length > 0 && people.length > 0 && people.length <= 3;
    const withInfo = picked.severity.has(severities[info]);
    const told = wanted.filter((number) => findings[number].s > info || withInfo);
    const fresh = told.filter((number) => findings[number].y);
    const still = told.filter((number) => !findings[number].y);
    longer = [];
    shownNew.show(grouped("new", fresh));
    shownStill.show(grouped("still", still));
    shownGone.show(ended);
    shownPlaces.show(people);
    for (const facet of facets) draw(facet, counts[facet.id]);

    const asked = asksForFindings || asksForPlaces;
    byId("new").textContent = `New since the last audit (${fresh.length.toLocaleString("en")})`;
    byId("no-new").hidden = fresh.length > 0;
    byId("no-new").textContent = asked ? "Nothing new that matches." : "Nothing new.";
    byId("still").textContent = `Found before, and still so (${still.length.toLocaleString("en")})`;
    byId("still-findings").hidden = !still.length;
    byId("gone").textContent = `Gone since the last audit (${ended.length.toLocaleString("en")})`;
    byId("gone-findings").hidden = !ended.length;
    byId("places").textContent = `Locations and routers (${people.length.toLocaleString("en")})`;
    byId("quiet-ones").hidden = !quiet || asked;
    byId("quiet-ones").textContent = `${quiet.toLocaleString("en")} more in sync, with nothing found: a search, or the filter “in sync”, shows them.`;
    byId("none").hidden = people.length > 0 || !asked;
    byId("shown").textContent = `${plural(wanted.length, "finding")}, ${people.length.toLocaleString("en")} of ${places.length.toLocaleString("en")} locations and routers`;
    byId("clear").hidden = !asked;
    byId("chosen").replaceChildren(...facets.flatMap((facet) => chosen(facet.id).map((value) => {
      const button = element("button", `${(facet.values.find(([each]) => each === value) ?? [value, value])[1]} ×`, "chosen");
      button.setAttribute("type", "button");
      button.setAttribute("aria-label", `no longer ${facet.title} ${value}`);
      button.addEventListener("click", () => toggle(facet.id, value));
      return button;
    })));
  };

  const filter = filters(["q", ...facets.map((facet) => facet.id)], apply);
  byId("clear").addEventListener("click", () => filter.clear());
  byId("keys").addEventListener("click", () => /** @type {HTMLDialogElement} */ (byId("help")).showModal());
  keys(filter);
  document.addEventListener("keydown", (event) => {
    const typing = event.target instanceof HTMLInputElement;
    if (event.key !== "c" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const around = document.activeElement?.closest("details.change");
    if (around instanceof HTMLDetailsElement) {
      filled(around);
      /** @type {HTMLElement | null} */ (around.querySelector("button.copy"))?.click();
    }
  });
  linksInside((id) => document.getElementById(id));
  unfoldedOnPaper(() => {
    const left = [shownNew.upTo(onPaper), shownPlaces.upTo(onPaper)];
    shownGone.upTo(onPaper);
    printing = true;
    for (const each of longer) each(onPaper);
    byId("cut").hidden = left[0] + left[1] === 0;
    byId("cut").textContent = `Not on paper: ${left[0]} new findings and ${left[1]} locations. Filters choose what is printed.`;
  });
  window.addEventListener("afterprint", () => { printing = false; });
  document.documentElement.dataset.ready = "yes";
  apply();
})();
