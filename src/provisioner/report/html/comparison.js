// @ts-check
"use strict";
(() => {
  /** @typedef {{s: string, t: string, k: string, b: string, n: string, p: string[], i: number, a: string[], r: string[], d: string[], g: number[]}} Subject */
  /** @typedef {{title: string, reasons: string[], area: string, weight: number, names: string, same: string, lines: [string, string][], subjects: number[], devices: string[]}} Group */
  const data = JSON.parse(byId("data").textContent || "{}");
  /** @type {Subject[]} */ const subjects = data.subjects;
  /** @type {Group[]} */ const groups = data.groups;
  const words = subjects.map((one) => [one.s, one.t, one.b, one.n, ...one.p, ...one.d].join(" ").toLowerCase());
  const inGroups = groups.map((one) => [one.title, ...one.reasons, ...one.lines.flat()].join("\n").toLowerCase());

  /** At most so much of each list goes on paper; the filters choose what. */
  const onPaper = 1000;
  /** @type {Set<number>} What a reader unfolded stays so when the filters change. */ const unfolded = new Set();
  /** @type {number[]} */ let wanted = [];
  let few = false;

  /** @param {Group} group */
  const diff = (group) => {
    const q = searched();
    return diffOf(group.title, group.lines, (line) => q !== "" && line.toLowerCase().includes(q));
  };

  /** @param {number} number */
  const change = (number) => {
    const group = groups[number];
    const made = /** @type {HTMLDetailsElement} */ (element("details", undefined, "change"));
    made.id = `change-${number}`;
    const summary = element("summary");
    const badge = element("span", `${group.area} `, "badge");
    badge.append(element("b", String(group.weight), group.weight >= 60 ? "grave" : ""));
    summary.append(badge, ` ${group.title}`);
    made.append(summary);
    lazily(made, () => {
      const inside = element("div", undefined, "inside");
      if (group.names) inside.append(element("p", group.names, "mono"));
      if (group.reasons.length) inside.append(element("p", `also ${group.reasons.join("; ")}`));
      if (group.same) inside.append(element("p", group.same, "quiet"));
      inside.append(diff(group));
      if (group.devices.length > 8) {
        const all = element("details");
        all.append(element("summary", `all ${group.devices.length} routers`), element("p", group.devices.join(", "), "mono"));
        inside.append(all);
      }
      made.append(inside);
    });
    made.open = few || unfolded.has(number);
    const alone = few;
    made.addEventListener("toggle", () => {
      if (alone) return;
      if (made.open) unfolded.add(number); else unfolded.delete(number);
    });
    return made;
  };

  /** @param {number} number */
  const row = (number) => {
    const one = subjects[number];
    const made = element("tr");
    const name = element("td");
    const button = element("button", one.s, "link");
    button.title = "show what changes for it alone";
    button.addEventListener("click", () => { filter.set("q", one.s); byId("changes").scrollIntoView(); });
    name.append(button);
    made.append(name, element("td", one.t), element("td", one.k), element("td", one.n || one.b, "wide"), element("td", one.p.join(", "), "wide"));
    const impact = element("td", String(one.i), one.i >= 60 ? "number grave" : "number");
    impact.title = one.r.join("; ");
    made.append(impact, element("td", [one.a.join(", "), one.r[0]].filter(Boolean).join(": "), "wide"));
    return made;
  };

  const searched = () => filter.value("q").trim().toLowerCase();
  const shownGroups = piecewise(byId("groups"), byId("more-groups"), 50, change);
  const shownSubjects = piecewise(byId("subjects"), byId("more-subjects"), 100, row);

  const apply = () => {
    const q = searched();
    const [board, point, area, kind] = ["board", "point", "area", "kind"].map(filter.value);
    const least = Number(filter.value("least") || 0);
    const inScope = subjects.map((one) => (!board || one.b === board) && (!point || one.p.includes(point)) && (!kind || one.k === kind));
    const named = subjects.map((_, number) => inScope[number] && (!q || words[number].includes(q)));
    wanted = groups.map((_, number) => number).filter((number) => {
      const group = groups[number];
      if ((area && group.area !== area) || group.weight < least) return false;
      if (!group.subjects.some((each) => inScope[each])) return false;
      return !q || inGroups[number].includes(q) || group.subjects.some((each) => named[each]);
    });
    const kept = new Set(wanted);
    const people = subjects.map((_, number) => number).filter((number) => {
      const one = subjects[number];
      if (!inScope[number] || (area && !one.a.includes(area)) || one.i < least) return false;
      return !q || named[number] || one.g.some((each) => kept.has(each) && inGroups[each].includes(q));
    });
    // A search that leaves next to nothing is answered at once.
    few = q !== "" && wanted.length <= 3;
    shownGroups.show(wanted);
    shownSubjects.show(people);
    byId("none").hidden = wanted.length + people.length > 0;
    byId("shown").textContent = `${wanted.length} of ${groups.length} changes, ${people.length} of ${subjects.length} subjects`;
  };
  const filter = filters(["q", "board", "point", "area", "kind", "least"], apply);
  byId("fold").addEventListener("click", () => {
    const all = /** @type {HTMLDetailsElement[]} */ ([...document.querySelectorAll("#groups > details")]);
    const open = all.every((each) => !each.open);
    for (const each of all) each.open = open;
  });
  keys(filter);
  linksInside((id) => {
    const number = /^change-\d+$/.test(id) ? Number(id.slice(7)) : -1;
    if (number >= 0 && !wanted.includes(number)) filter.clear();
    if (number >= 0) shownGroups.upTo(wanted.indexOf(number) + 1);
    return document.getElementById(id);
  });
  unfoldedOnPaper(() => {
    const left = [shownGroups.upTo(onPaper), shownSubjects.upTo(onPaper)];
    byId("cut").hidden = left[0] + left[1] === 0;
    byId("cut").textContent = `Not on paper: ${left[0]} changes and ${left[1]} subjects. Filters choose what is printed.`;
  });
  document.documentElement.dataset.ready = "yes";
  apply();
})();
