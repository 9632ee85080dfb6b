// Insert: find a metric, read what it means, choose period and filters, see the value, put the formula into the cell.

import { button, field, fill, formulaText, h, icon, say, select, trouble, unique, working } from "./pane-dom.js";
import { distance, numberFormat, plural, shown, UNITS, words } from "./pane-format.js";
import { formula, reference } from "./pane-formula.js";
import { fitting, picker } from "./pane-pick.js";

const DEBOUNCE = 220;
const PREVIEW_ROWS = 6;
const GROUPS = {
  relative: "Relative to the snapshot", month: "Months", quarter: "Quarters", year: "Years", fiscal_quarter: "Fiscal quarters", fiscal_year: "Fiscal years",
};
const GRAINS = [["", "As the first period"], ["month", "Months"], ["quarter", "Quarters"], ["year", "Years"], ["fiscal_quarter", "Fiscal quarters"], ["fiscal_year", "Fiscal years"]];
const COMPARES = [["", "Nothing"], ["previous", "The period before"], ["last_year", "The same period last year"], ["target", "The target"]];
const SHOWN = [["difference", "The difference"], ["share", "The share"], ["value", "The other value"]];
/** shown before anything is typed */
const OFTEN = ["mrr", "arr", "nrr", "grr", "logo_churn", "cac", "ltv_to_cac", "revenue"];
const BETTER = { up: "Higher is better", down: "Lower is better", neutral: "Neither better nor worse" };

let pane = null;
let chosen = blank();
let parts = {};
let asking = null;
let timer = null;
const valuesOf = new Map();
/** what a question was answered last, for when the server is out of reach */
const lastly = new Map();

function blank(name = "") {
  return {
    name, shape: "one", period: "LAST_MONTH", from: "LAST_N_MONTHS:12", to: "LAST_MONTH", grain: "month", by: "",
    filters: [], parameters: {}, profile: "", compare: "", show: "difference", asOf: "", message: "",
  };
}

export const insertView = {
  id: "insert",
  label: "Insert",
  title: "Insert a metric",

  open(given) {
    pane = given;
    if (chosen.name && !pane.metric(chosen.name)) chosen = blank();
    const element = h("div", { class: "insert", "data-step": chosen.name ? "card" : "search" });
    parts = { element, catalogue: pane.catalogue };
    fill(element, searching(), h("section", { class: "card-place", "aria-label": "Chosen metric" }));
    parts.place = element.querySelector(".card-place");
    if (chosen.name) card();
    else empty();
    pane.host.onSelection(() => { if (parts.element?.isConnected) target(); });
    return element;
  },

  /** Another snapshot or another outcome: the value is asked again, what was chosen stays. */
  refresh() {
    if (!parts.element?.isConnected || parts.catalogue === pane.catalogue) return;
    parts.catalogue = pane.catalogue;
    parts.search?.redraw();
    if (chosen.name) preview();
  },

  reset() {
    valuesOf.clear();
    lastly.clear();
    chosen = blank();
  },

  preset(name) {
    chosen = blank(name);
  },
};

// --- finding ---------------------------------------------------------------------------------------------------

function texts(metric) {
  return [metric.name, metric.label, metric.aliases.join(" "), words(metric.family), metric.owners.join(" "), metric.about];
}

function families(text) {
  const metrics = pane.catalogue.metrics;
  if (text.trim()) return [{ label: "", items: fitting(metrics, text, texts, (one) => (OFTEN.includes(one.name) ? 2.5 : 1)).slice(0, 40).map(offered) }];
  const often = OFTEN.map((name) => pane.metric(name)).filter(Boolean);
  const groups = new Map();
  for (const metric of metrics) groups.set(metric.family, [...(groups.get(metric.family) ?? []), metric]);
  return [{ label: "Often used", items: often.map(offered) }, ...[...groups].map(([family, items]) => ({ label: words(family), items: items.map(offered) }))];
}

function offered(metric) {
  return { value: metric.name, label: metric.label, note: metric.name, hint: metric.about };
}

/** What was probably meant: metrics with a name like it, else a word that occurs: [text, what choosing it does]. */
function nearest(text) {
  const typed = text.trim().toLowerCase().replaceAll(" ", "_");
  const most = Math.max(1, Math.floor(typed.length / 3));
  const near = (every, names) => every
    .map((item) => ({ item, steps: Math.min(...names(item).map((one) => distance(typed, one.toLowerCase().replaceAll(" ", "_")))) }))
    .filter(({ steps }) => steps <= most)
    .sort((a, b) => a.steps - b.steps)
    .slice(0, 3)
    .map(({ item }) => item);
  const metrics = near(pane.catalogue.metrics, (one) => [one.name, one.label, ...one.aliases]);
  if (metrics.length) return metrics.map((one) => [one.label, () => pick(one.name)]);
  const vocabulary = new Set(pane.catalogue.metrics.flatMap((one) => `${one.label} ${one.family} ${one.name}`.toLowerCase().split(/[^\p{L}\d]+/u)).filter((word) => word.length > 2));
  return near([...vocabulary], (word) => [word]).slice(0, 2).map((word) => [word, () => {
    parts.search.input.value = word;
    parts.search.input.dispatchEvent(new Event("input"));
    parts.search.input.focus();
  }]);
}

function searching() {
  const label = h("label", { for: "search", class: "unseen" }, "Find a metric");
  const count = h("p", { class: "hint count", id: "search-count", role: "status" });
  const tell = (found) => { count.textContent = parts.search?.input.value.trim() ? plural(found, "metric") : plural(pane.catalogue.metrics.length, "metric"); };
  parts.search = picker({
    id: "search", stays: true, label: "Metrics", placeholder: "Find a metric: nrr, churn, payback…", options: families, picked: pick,
    nothing: (text) => {
      const near = nearest(text);
      return h("div", { class: "nothing" },
        h("p", { class: "strong" }, `No metric is called “${text.trim()}”.`),
        near.length
          ? h("p", {}, "Did you mean ", near.map(([shownAs, work], place) => [place ? " or " : "", button(shownAs, work, { class: "link" })]), "?")
          : h("p", { class: "hint" }, "Try another word, a family such as retention, or a team such as sales."));
    },
  });
  parts.search.input.setAttribute("aria-describedby", "search-count");
  parts.search.element.addEventListener("searched", (event) => tell(event.detail));
  tell(0);
  return h("section", { class: "search", role: "search", "aria-label": "Metrics" }, label, parts.search.element, count);
}

function pick(name) {
  const kept = chosen;
  chosen = { ...blank(name), period: kept.period, from: kept.from, to: kept.to };
  const metric = pane.metric(name);
  parts.moreOpen = false;
  // filters that the new metric can be cut by stay
  chosen.filters = kept.filters.filter((one) => metric.dimensions.includes(one.field));
  if (metric.kind !== "scalar") chosen.shape = "table";
  parts.element.dataset.step = "card";
  card();
  parts.place.querySelector("h2").focus();
  main().scrollTop = 0;
}

function main() {
  return document.getElementById("main");
}

function back() {
  chosen = { ...chosen, name: "" };
  clearTimeout(timer);
  asking?.abort();
  parts.element.dataset.step = "search";
  empty();
  parts.search.input.focus();
  parts.search.input.select();
}

function empty() {
  fill(parts.place, h("p", { class: "hint placeholder" }, "Choose a metric to see what it means and what it is."));
}

// --- the card --------------------------------------------------------------------------------------------------

function card() {
  const metric = pane.metric(chosen.name);
  parts.value = h("div", { class: "preview", "aria-live": "polite", "aria-atomic": "true" });
  parts.formula = h("code", { class: "formula", id: unique("formula") });
  parts.options = h("div", { class: "stack" });
  parts.target = h("p", { class: "hint", role: "status" });
  parts.brief = h("p", { class: "brief", "aria-hidden": "true", hidden: true });
  parts.send = h("button", { type: "submit", class: "primary" }, pane.host.excel ? "Insert" : "Copy formula");
  const form = h("form", {
    class: "card", novalidate: true, "aria-labelledby": "metric-name",
    on: {
      submit: (event) => { event.preventDefault(); insert(); },
      keydown: (event) => { if (event.key === "Escape" && !event.defaultPrevented) { event.preventDefault(); back(); } },
    },
  },
  h("div", { class: "card-head" },
    button("", back, { class: "quiet back", icon: "back", "aria-label": "Back to the metrics", title: "Back to the metrics (Escape)" }),
    h("h2", { id: "metric-name", tabindex: "-1" }, metric.label),
    h("code", { class: "name" }, metric.name)),
  meaning(metric),
  vanity(metric),
  parts.options,
  h("div", { class: "stack result" }, parts.value, parts.formula),
  h("div", { class: "actions" },
    parts.brief,
    parts.target,
    h("div", { class: "row" }, parts.send, pane.host.excel && button("Copy", copy))));
  fill(parts.place, form);
  controls();
  queueMicrotask(target); // once it is on the page
  preview(0);
  // where the value is out of sight, it is told beside the button
  parts.seen?.disconnect();
  parts.seen = new IntersectionObserver(([entry]) => { parts.brief.hidden = entry.isIntersecting; }, { root: main(), threshold: 0.3, rootMargin: "0px 0px -50px 0px" });
  parts.seen.observe(parts.value);
}

function meaning(metric) {
  const facts = [
    ["Formula", metric.formula ? h("code", {}, metric.formula) : "A table of its own"],
    ["Unit", UNITS[metric.unit] ?? metric.unit],
    ["Direction", BETTER[metric.direction] ?? metric.direction],
    ["Owners", metric.owners.map(words).join(", ")],
    ["Can be cut by", metric.dimensions.map(labelOf).join(", ") || "Nothing: it is asked as a whole"],
    ["Definition", `Version ${metric.version}`],
    ["Source", metric.source],
  ];
  return h("div", { class: "stack" },
    h("p", { class: "about" }, metric.about),
    h("p", { class: "tags" }, [UNITS[metric.unit] ?? metric.unit, BETTER[metric.direction], metric.owners.map(words).join(", "), `v${metric.version}`].filter(Boolean).map((text) => h("span", {}, text))),
    h("details", { class: "more" }, h("summary", {}, "Definition"), h("dl", {}, facts.filter(([, text]) => text).map(([name, text]) => h("div", {}, h("dt", {}, name), h("dd", {}, text))))));
}

function vanity(metric) {
  if (!metric.vanity) return null;
  return h("div", { class: "vanity" }, icon("mirror"), h("div", { class: "grow" },
    h("p", { class: "strong" }, "This number flatters."),
    metric.vanity.question && h("p", {}, metric.vanity.question),
    h("p", {}, button(`Use ${metric.vanity.label} instead`, () => pick(metric.vanity.metric), { class: "link" }))));
}

function labelOf(name) {
  return pane.catalogue.dimensions.find((one) => one.name === name)?.label ?? words(name);
}

function periods(text) {
  const every = pane.catalogue.periods;
  const found = fitting(every, text, (one) => [one.token, one.label, GROUPS[one.group] ?? one.group]);
  return Object.keys(GROUPS).map((group) => ({
    label: GROUPS[group],
    items: found.filter((one) => one.group === group).map((one) => ({ value: one.token, label: one.label, note: one.token })),
  }));
}

function periodPicker(label, key, hint = "") {
  const control = picker({
    id: `period-${key}`, value: chosen[key], free: true, options: periods, label, placeholder: "2026-09, LAST_MONTH, =B$3",
    picked: (value) => { chosen[key] = value; preview(); },
  });
  return field(label, control.input, { hint, around: control.element });
}

function controls() {
  const metric = pane.metric(chosen.name);
  const shapes = metric.kind === "scalar" ? [["one", "One number"], ["series", "Over time"], ["table", "Table"]] : [["table", "Table"]];
  fill(parts.options,
    shapes.length > 1 && h("fieldset", { class: "segments" }, h("legend", { class: "unseen" }, "What to insert"), shapes.map(([key, text]) => h("label", {},
      h("input", { type: "radio", name: "shape", value: key, checked: key === chosen.shape, on: { change: () => { chosen.shape = key; controls(); preview(0); parts.options.querySelector("input:checked").focus(); } } }),
      h("span", {}, text)))),
    chosen.shape === "series"
      ? [h("div", { class: "pair" }, periodPicker("From", "from"), periodPicker("To", "to")),
        field("In steps of", select(GRAINS, chosen.grain, (value) => { chosen.grain = value; preview(); }))]
      : periodPicker("Period", "period"),
    chosen.shape === "table" && metric.kind === "scalar" && metric.dimensions.length > 0
      && field("Cut by", select([["", "Nothing"], ...metric.dimensions.map((name) => [name, labelOf(name)])], chosen.by, (value) => { chosen.by = value; preview(); })),
    filters(metric),
    more(metric));
}

// --- filters and options ---------------------------------------------------------------------------------------

async function loadValues(name) {
  const key = `${pane.client.space} ${pane.client.edition} ${name}`;
  if (!valuesOf.has(key)) {
    valuesOf.set(key, pane.client.request("GET", `/v1/values?dimension=${encodeURIComponent(name)}`).then((found) => found.values).catch(() => {
      valuesOf.delete(key);
      return [];
    }));
  }
  return valuesOf.get(key);
}

function filters(metric) {
  if (!metric.dimensions.length) return null;
  const rows = chosen.filters.map((filter, place) => {
    let known = [];
    const control = picker({
      id: `filter-${place}`, value: filter.value, free: true, placeholder: "All", label: `Values of ${labelOf(filter.field)}`,
      options: (text) => [{ label: "", items: fitting(known, text, (one) => [one]).slice(0, 200).map((one) => ({ value: one, label: one })) }],
      picked: (value) => { filter.value = value; preview(); },
    });
    control.input.setAttribute("aria-label", `Value of ${labelOf(filter.field)}`);
    loadValues(filter.field).then((found) => { known = found; });
    const fields = select(metric.dimensions.map((name) => [name, labelOf(name)]), filter.field, (value) => {
      chosen.filters[place] = { field: value, value: "" };
      controls();
      preview();
      document.getElementById(`filter-${place}`)?.focus();
    }, { "aria-label": "Field to filter by" });
    return h("div", { class: "filter" }, fields, control.element, button("", () => {
      chosen.filters.splice(place, 1);
      controls();
      preview();
      parts.options.querySelector(".add-filter")?.focus();
    }, { class: "quiet", icon: "close", "aria-label": `Remove the filter ${labelOf(filter.field)}` }));
  });
  const free = metric.dimensions.find((name) => !chosen.filters.some((one) => one.field === name));
  return h("div", { class: "stack tight", role: "group", "aria-label": "Filters" }, rows,
    free && button("Add a filter", () => {
      chosen.filters.push({ field: free, value: "" });
      controls();
      parts.options.querySelector(".filter:last-of-type select")?.focus();
    }, { class: "link add-filter", icon: "plus" }));
}

function more(metric) {
  const changedHere = chosen.profile || chosen.compare || chosen.asOf || Object.values(chosen.parameters).some(Boolean);
  const parameters = metric.parameters.map((one) => {
    const change = (value) => {
      chosen.parameters[one.name] = value === one.default ? "" : value;
      preview();
    };
    const now = chosen.parameters[one.name] || one.default;
    const control = one.choices.length
      ? select(one.choices.map((choice) => [choice, words(choice)]), now, change)
      : h("input", { type: "number", min: one.low, max: one.high, step: 1, value: now, on: { input: (event) => change(event.target.value) } });
    return field(words(one.name), control, { hint: one.about });
  });
  return h("details", { class: "more", open: Boolean(changedHere) || parts.moreOpen, on: { toggle: (event) => { parts.moreOpen = event.target.open; } } },
    h("summary", {}, "More options"),
    h("div", { class: "stack" },
      parameters,
      metric.kind === "scalar" && field("Compare with", select(COMPARES, chosen.compare, (value) => { chosen.compare = value; controls(); preview(); })),
      chosen.compare && chosen.shape === "one" && field("Show", select(SHOWN, chosen.show, (value) => { chosen.show = value; preview(); })),
      field("Definitions of", select([["", `${words(pane.catalogue.profile)} (the company's)`], ...pane.catalogue.profiles.filter((name) => name !== pane.catalogue.profile).map((name) => [name, words(name)])], chosen.profile, (value) => { chosen.profile = value; preview(); })),
      field("As it was known on", h("input", { type: "date", value: chosen.asOf, max: pane.catalogue.as_of, on: { change: (event) => { chosen.asOf = event.target.value; preview(); } } }), { hint: pane.client.asOf === null ? "Empty: the newest snapshot." : "Empty: the day in the workbook's name REVALIGN_ASOF." })));
}

// --- the value and the formula ---------------------------------------------------------------------------------

function pairs() {
  const found = [];
  for (const { field: name, value } of chosen.filters) if (value) found.push(name, value);
  for (const [name, value] of Object.entries(chosen.parameters)) if (value) found.push(name, value);
  if (chosen.profile) found.push("profile", chosen.profile);
  if (chosen.compare && pane.metric(chosen.name).kind === "scalar") {
    found.push("compare", chosen.compare);
    if (chosen.shape === "one" && chosen.show !== "difference") found.push("show", chosen.show);
  }
  return found;
}

function question() {
  if (chosen.shape === "series") return ["SERIES", [chosen.name, chosen.from, chosen.to, chosen.grain, chosen.asOf, ...pairs()]];
  if (chosen.shape === "table") return ["TABLE", [chosen.name, chosen.period, chosen.by, chosen.asOf, ...pairs()]];
  return ["METRIC", [chosen.name, chosen.period, chosen.asOf, ...pairs()]];
}

/** Arguments with the values of the cells they point to. */
async function read(args) {
  const pointed = args.filter((one) => typeof one === "string" && reference(one));
  if (!pointed.length) return args.map((one) => (one === "" ? null : one));
  if (!pane.host.excel) throw { text: "It points to a cell, which only Excel can read.", hint: "The formula is right as it stands." };
  const cell = await pane.host.active();
  const values = await pane.host.read(pointed.map(reference), cell?.address);
  return args.map((one) => {
    const place = pointed.indexOf(one);
    if (place < 0) return one === "" ? null : one;
    const rows = values[place];
    return rows?.length === 1 && rows[0].length === 1 ? rows[0][0] : rows;
  });
}

function preview(wait = DEBOUNCE) {
  const [name, args] = question();
  fill(parts.formula, formulaText(formula(name, args)));
  asking?.abort();
  clearTimeout(timer);
  parts.value.setAttribute("aria-busy", "true");
  if (!parts.value.childNodes.length) fill(parts.value, working("Asking…"));
  const mine = new AbortController();
  asking = mine;
  const slow = setTimeout(() => { if (asking === mine) parts.value.classList.add("slow"); }, wait + 400);
  timer = setTimeout(async () => {
    let key = "";
    const draw = (found) => (name === "METRIC" ? one(found) : many(found, name));
    let drawn = null;
    try {
      const given = await read(args);
      const day = await pane.asOf();
      key = JSON.stringify([pane.client.space, name, args, day]);
      const found = name === "METRIC"
        ? await pane.client.request("POST", "/v1/answer", { metric: given[0], period: given[1], as_of: given[2], workbook_as_of: day, pairs: given.slice(3) })
        : await pane.client.call(name, given, { signal: mine.signal });
      lastly.set(key, found);
      if (lastly.size > 200) lastly.delete(lastly.keys().next().value);
      drawn = draw(found);
    } catch (problem) {
      const offline = pane.client.state === "offline" && lastly.has(key);
      if (!mine.signal.aborted) drawn = offline ? [draw(lastly.get(key)), h("p", { class: "hint" }, icon("unplugged"), " The last value, from before the connection was lost.")] : failed(problem);
    } finally {
      clearTimeout(slow);
    }
    if (mine.signal.aborted || asking !== mine || !drawn) return;
    parts.value.classList.remove("slow");
    parts.value.removeAttribute("aria-busy");
    fill(parts.value, drawn);
    const figure = parts.value.querySelector(".figure");
    const code = parts.value.querySelector(".code");
    fill(parts.brief, figure && h("strong", {}, figure.textContent), figure && (code ? code.textContent : parts.value.querySelector(".of")?.textContent), parts.value.querySelector(".mark-partial") && "partial");
  }, wait);
}

function failed(problem) {
  if (pane.client.state === "offline") return trouble({ code: problem.code, text: problem.text, hint: problem.hint }, { kind: "calm", title: "No value while offline" });
  return trouble(problem);
}

function unitShown(metric) {
  if (!chosen.compare || chosen.show === "value" || chosen.show === "difference") return metric.unit;
  return "rate";
}

function one(found) {
  const metric = pane.metric(chosen.name);
  const { answer, reason } = found;
  if (reason) {
    const extra = answer?.message && !answer.message.includes(reason.text) ? answer.message : "";
    return [h("p", { class: "value none" }, h("span", { class: "figure" }, found.error), answer && h("span", { class: "of" }, `${metric.label} · ${answer.period}`)), trouble(reason), extra && h("p", { class: "hint" }, extra)];
  }
  const unit = unitShown(metric);
  const marks = [];
  if (answer.partial) marks.push(h("span", { class: "mark-partial" }, icon("clock"), "Partial"));
  if (answer.closed) marks.push(h("span", { class: "mark-closed" }, icon("lock"), answer.closed));
  return [
    h("p", { class: "value" }, h("span", { class: "figure", "data-value": String(found.cell) }, shown(found.cell, unit, answer.currency)), marks),
    h("p", { class: "of" }, [`${metric.label} · ${answer.period}`, ...Object.values(answer.where)].join(" · ")),
    chosen.compare && h("p", { class: "hint" }, compared(answer)),
    answer.message && h("p", { class: "hint" }, answer.message),
    answer.counterpart && h("p", { class: "hint" }, `${words(answer.counterpart)}: ${answer.counterpart_value === null ? answer.counterpart_message : shown(answer.counterpart_value, answer.counterpart_unit, answer.currency)}`),
    h("p", { class: "stamp" }, answer.fingerprint),
  ];
}

function compared(answer) {
  const text = { difference: "Difference to", share: "Share against", value: "Value of" }[chosen.show];
  return `${text} ${answer.comparisons?.[0]?.period ?? ""}; the number itself is ${shown(answer.value, answer.unit, answer.currency)}.`;
}

function many(rows, name) {
  const metric = pane.metric(chosen.name);
  const table = name === "TABLE";
  const head = table ? rows[0] : ["period", metric.name, ...(chosen.compare ? ["difference", "share"] : [])];
  const body = table ? rows.slice(1) : rows;
  const cellShown = (value, column) => (typeof value === "number" ? shown(value, /share$/.test(head[column] ?? "") ? "rate" : metric.kind === "scalar" ? metric.unit : "number", metric.unit === "money" ? pane.catalogue.currency : "") : String(value ?? ""));
  return [
    h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "First rows of the table" },
      h("table", {}, h("thead", {}, h("tr", {}, head.map((text, column) => h("th", { scope: "col", class: typeof body[0]?.[column] === "number" ? "number" : null }, text === metric.name ? metric.label : words(text ?? ""))))),
        h("tbody", {}, body.slice(0, PREVIEW_ROWS).map((row) => h("tr", {}, row.map((value, column) => h("td", { class: typeof value === "number" || String(value).startsWith("#") ? "number" : null }, cellShown(value, column)))))))),
    h("p", { class: "hint" }, `Fills ${plural(rows.length, "row")} × ${plural(rows[0]?.length ?? 0, "column")}${body.length > PREVIEW_ROWS ? `; the first ${PREVIEW_ROWS} are shown` : ""}.`),
  ];
}

// --- into the cell ---------------------------------------------------------------------------------------------

async function target() {
  if (!pane.host.excel || !parts.send?.isConnected) return;
  const cell = await pane.host.active().catch(() => null);
  parts.send.textContent = cell ? `Insert into ${cell.place}` : "Insert";
  if (chosen.message) return;
  parts.target.textContent = cell && !cell.empty ? `${cell.place} is not empty: its content is replaced.` : "";
}

async function insert() {
  if (!pane.host.excel) return copy();
  const metric = pane.metric(chosen.name);
  try {
    const place = await pane.host.insert(parts.formula.textContent, chosen.shape === "one" ? numberFormat(unitShown(metric)) : "");
    done(`Inserted into ${place}.`);
  } catch (problem) {
    fill(parts.target, icon("stop"), `Excel did not take the formula: ${problem?.message ?? problem}. Leave the cell's editing mode and try again, or copy it.`);
    say("Excel did not take the formula.", { urgent: true });
  }
  return undefined;
}

async function copy() {
  done((await pane.host.copy(parts.formula.textContent)) ? "Copied." : "The clipboard cannot be used here: select the formula and copy it.");
}

function done(text) {
  chosen.message = text;
  fill(parts.target, icon("check"), text);
  setTimeout(() => { chosen.message = ""; }, 3_000);
}
