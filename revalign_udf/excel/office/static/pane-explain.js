// Explain: the formula of the chosen cell -> definition, components, arithmetic, records in and out.

import { button, field, fill, formulaText, h, icon, say, trouble, working } from "./pane-dom.js";
import { dayShown, plural, shown, words } from "./pane-format.js";
import { calls, explainable } from "./pane-formula.js";

const STEP = 20;
const FACTS = ["definition", "question", "counterpart", "formula", "arithmetic"];

let pane = null;
let parts = {};
let typed = "";
let turn = 0;

export const explainView = {
  id: "explain",
  label: "Explain",
  title: "Explain a number",

  open(given) {
    pane = given;
    parts = {
      element: h("div", { class: "explain stack" }),
      source: h("div", { class: "stack tight" }),
      result: h("div", { class: "stack", "aria-live": "polite" }),
    };
    fill(parts.element, h("h2", { tabindex: "-1" }, "Explain a number"), parts.source, parts.result);
    if (pane.host.excel) {
      pane.host.onSelection(() => { if (parts.element.isConnected) follow(); });
      follow(true);
    } else typing();
    return parts.element;
  },

  refresh() {},
};

/** As a web page: a formula is pasted. */
function typing() {
  const input = h("textarea", { id: "formula-typed", rows: "2", spellcheck: "false", value: typed, placeholder: '=REVALIGN.METRIC("nrr","2026-Q3")' });
  const form = h("form", { class: "stack tight", novalidate: true, on: { submit: (event) => { event.preventDefault(); typed = input.value; start(typed, null); } } },
    field("Formula", input), h("div", { class: "row" }, h("button", { type: "submit", class: "primary" }, "Explain")));
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  fill(parts.source, form);
  if (typed) start(typed, null);
}

/** In Excel: the chosen cell. It is explained when the view opens; later on request, because it can be a lot. */
async function follow(now = false) {
  let cell;
  try {
    cell = await pane.host.active();
  } catch (problem) {
    fill(parts.source, trouble({ text: `Excel does not say which cell is chosen: ${problem?.message ?? problem}.`, hint: "Leave the cell's editing mode and try again." }, { actions: [button("Try again", () => follow(true))] }));
    return;
  }
  const found = calls(cell.formula);
  fill(parts.source,
    h("p", { class: "cell" }, h("strong", {}, cell.place), " ", found.length ? h("code", {}, formulaText(cell.formula)) : h("span", { class: "hint" }, cell.empty ? "is empty" : "holds no Revalign function")),
    found.length > 0 && !now && h("div", { class: "row" }, button(`Explain ${cell.place}`, () => start(cell.formula, cell), { class: "primary" })));
  if (now || !found.length) {
    if (found.length) start(cell.formula, cell);
    else fill(parts.result, h("p", { class: "hint placeholder" }, "Choose a cell with a REVALIGN function: its number is taken apart here, down to the records."));
  }
}

async function start(text, cell) {
  const mine = (turn += 1);
  const found = calls(text);
  if (!found.length) {
    fill(parts.result, trouble({ text: text.trim() ? "There is no REVALIGN function in this formula." : "There is no formula yet.", hint: 'Write one like =REVALIGN.METRIC("nrr","LAST_MONTH").' }));
    return;
  }
  const chosen = found.find((call) => explainable(call.name)) ?? found[0];
  await take(chosen, found, cell, mine);
}

async function take(call, every, cell, mine = (turn += 1)) {
  fill(parts.result, others(call, every, cell), working("Asking for the records…"));
  let drawn;
  try {
    const args = await values(call, cell);
    drawn = await (explainable(call.name) ? explained(call, args, cell) : ranged(call, args));
  } catch (problem) {
    drawn = trouble(problem);
  }
  if (mine === turn && parts.element.isConnected) fill(parts.result, others(call, every, cell), drawn);
}

/** Several functions in one formula: each can be chosen. */
function others(call, every, cell) {
  if (every.length < 2) return null;
  return h("div", { class: "stack tight", role: "group", "aria-label": "Functions in this formula" }, every.map((one) =>
    button(one.text.length > 60 ? `${one.text.slice(0, 57)}…` : one.text, () => take(one, every, cell), { class: "quiet mono", "aria-pressed": String(one === call) })));
}

// --- what was asked --------------------------------------------------------------------------------------------

async function values(call, cell) {
  const expression = call.args.find((one) => one.kind === "expression");
  if (expression) throw { text: `The argument ${expression.text} is an expression, which only Excel can work out.`, hint: "Put it into a cell of its own and point to that cell." };
  const pointed = call.args.filter((one) => one.kind === "reference" || one.kind === "name");
  if (!pointed.length) return call.args.map((one) => one.value);
  if (!pane.host.excel) throw { text: `It points to ${pointed[0].text}, which only Excel can read.`, hint: "Write the value in its place." };
  let read;
  try {
    read = await pane.host.read(pointed.map((one) => one.value), cell?.address);
  } catch (problem) {
    throw { text: `Excel cannot read ${pointed.map((one) => one.text).join(", ")}: ${problem?.message ?? problem}.` };
  }
  return call.args.map((one) => {
    const place = pointed.indexOf(one);
    if (place < 0) return one.value;
    const rows = read[place];
    if (rows === null) throw { text: `There is no ${one.text} in this workbook.` };
    const plain = rows.map((row) => row.map((value) => (value === "" ? null : value)));
    return plain.length === 1 && plain[0].length === 1 ? plain[0][0] : plain;
  });
}

function first(value) {
  return Array.isArray(value) ? first(value.flat().find((one) => one !== null && one !== "") ?? null) : value;
}

/** The one number a call (and the cell's place in its table) means: {metric, period, as_of, pairs, note}. */
function meant({ name }, args, cell) {
  const spill = cell?.spill;
  if (name === "SERIES") {
    const found = { metric: args[0], period: first(args[2]), as_of: args[4] ?? null, pairs: args.slice(5), note: "A series: its last period is explained. Choose a row of it for another one." };
    if (!spill) return found;
    return { ...found, period: spill.values[spill.row]?.[0], note: "" };
  }
  if (name === "TABLE") {
    const found = { metric: first(args[0]), period: first(args[1]), as_of: args[3] ?? null, pairs: args.slice(4), note: "A table: its first metric and period are explained. Choose a number in it for another one." };
    if (!spill || spill.row === 0) return found;
    const [head, row] = [spill.values[0], spill.values[spill.row]];
    const column = head[spill.column];
    const by = args[2] && row[1] !== "total" ? [args[2], row[1]] : [];
    return { ...found, metric: pane.metric(column) ? column : found.metric, period: row[0], pairs: [...found.pairs, ...by], note: "" };
  }
  return { metric: args[0], period: args[1], as_of: args[2] ?? null, pairs: args.slice(3), note: "" };
}

/** Pairs without a comparison: an explanation compares nothing. */
function plain(pairs) {
  if (Array.isArray(pairs[0])) return pairs;
  const found = [];
  for (let at = 0; at < pairs.length; at += 2) {
    if (!["compare", "show"].includes(String(pairs[at] ?? "").trim().toLowerCase())) found.push(...pairs.slice(at, at + 2));
  }
  return found;
}

// --- what came back --------------------------------------------------------------------------------------------

/** The rows of EXPLAIN, told apart by their headings. */
function sections(rows) {
  const found = { head: rows[0], facts: {}, components: [], records: [], excluded: [] };
  let head = null;
  let into = null;
  for (const row of rows.slice(1)) {
    const mark = row[0];
    if (mark === "component" && row.includes("contribution")) [head, into] = [row, found.records];
    else if (mark === "component") [head, into] = [row, found.components];
    else if (mark === "reason") [head, into] = [row, found.excluded];
    else if (FACTS.includes(mark) && (into === null || mark === "arithmetic")) {
      found.facts[mark] = row.slice(1).filter((cell) => cell !== null && cell !== "");
      if (mark === "arithmetic") into = null;
    } else if (into) into.push(Object.fromEntries(head.map((name, place) => [name, row[place]]).filter(([name]) => name)));
  }
  return found;
}

async function explained(call, args, cell) {
  const asked = meant(call, args, cell);
  const pairs = plain(asked.pairs);
  const day = await pane.asOf();
  const [rows, given] = await Promise.all([
    pane.client.call("EXPLAIN", [asked.metric, asked.period, asked.as_of, ...pairs]).catch((problem) => problem),
    pane.client.request("POST", "/v1/answer", { metric: asked.metric, period: asked.period, as_of: asked.as_of, workbook_as_of: day, pairs: asked.pairs }),
  ]);
  if (!given.answer) return trouble({ ...given.reason });
  if (!Array.isArray(rows)) throw rows;
  const { answer, reason } = given;
  const { facts, components, records, excluded } = sections(rows);
  const currency = answer.currency || inCurrency(asked.pairs) || pane.catalogue.currency;
  const units = Object.fromEntries(components.map((one) => [one.component, one.unit]));
  say(`${answer.label}, ${answer.period}: ${answer.value === null ? reason?.text ?? "" : shown(answer.value, answer.unit, currency)}`);
  return [
    asked.note && h("p", { class: "hint" }, asked.note),
    h("div", { class: "preview" },
      h("p", { class: "value" },
        h("span", { class: answer.value === null ? "figure none" : "figure" }, answer.value === null ? answer.cell || given.error : shown(answer.value, answer.unit, currency)),
        answer.partial && h("span", { class: "mark-partial" }, icon("clock"), "Partial"),
        answer.closed && h("span", { class: "mark-closed" }, icon("lock"), answer.closed)),
      h("p", { class: "of" }, [answer.label, answer.period, ...Object.entries(answer.where).map(([name, value]) => `${words(name)} ${value}`)].join(" · ")),
      (reason || answer.message) && h("p", { class: "hint" }, reason ? `${reason.code} ${reason.text} ${reason.hint}` : answer.message),
      h("p", { class: "stamp" }, answer.fingerprint)),
    part("What it means",
      h("p", {}, facts.definition?.join(" ")),
      answer.counterpart && h("p", { class: "hint" }, icon("mirror"), ` ${answer.question} ${words(answer.counterpart)}: ${answer.counterpart_value === null ? answer.counterpart_message : shown(answer.counterpart_value, answer.counterpart_unit, currency)}`)),
    facts.formula?.[0] && part("How it is computed", h("code", { class: "formula" }, facts.formula[0]), facts.arithmetic?.[0] && h("code", { class: "formula" }, facts.arithmetic[0])),
    components.length > 0 && part(`Components (${components.length})`, h("ul", { class: "rows" }, components.map((one) => h("li", {},
      h("div", { class: "grow" }, h("p", { class: "strong" }, words(one.component)), h("p", { class: "hint" }, [one.period !== answer.period && one.period, one.meaning].filter(Boolean).join(" · "))),
      h("span", { class: "amount" }, one.value === null ? "none" : shown(one.value, one.unit, currency)))))),
    part(`Records in (${plural(records.length, "record")})`, records.length ? paged(records, (one) => record(one, units, currency)) : h("p", { class: "hint" }, "No record stands behind this number.")),
    part(`Left out (${excluded.length ? plural(excluded.reduce((sum, one) => sum + (Number(one.count) || 0), 0), "record") : "nothing"})`,
      excluded.length > 0 && h("ul", { class: "rows" }, excluded.map((one) => h("li", {}, h("div", { class: "grow" }, h("p", {}, one.reason), h("p", { class: "hint" }, one.table)), h("span", { class: "amount" }, shown(one.count, "count")))))),
  ];
}

/** The currency a question asks for by its pairs. */
function inCurrency(pairs) {
  const at = pairs.findIndex((one, place) => place % 2 === 0 && String(one).trim().toLowerCase().replaceAll(" ", "_") === "in_currency");
  return at >= 0 ? String(pairs[at + 1] ?? "").trim().toUpperCase() : "";
}

function part(title, ...children) {
  return h("section", { class: "part" }, h("h3", {}, title), children);
}

function record(one, units, currency) {
  const address = /^https?:\/\//i.test(one.url ?? "") ? one.url : null;
  const id = [one.system, one.table, one.id].filter(Boolean).join(" · ");
  return h("li", {},
    h("div", { class: "grow" },
      h("p", { class: "strong" }, one.name || one.customer || one.id),
      h("p", { class: "hint" }, words(one.component), one.on ? ` · ${dayShown(one.on)}` : ""),
      h("p", { class: "hint mono" }, address ? h("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, id) : id)),
    h("span", { class: "amount" }, shown(one.contribution, units[one.component] ?? "number", currency)));
}

/** A long list, some at a time. */
function paged(items, draw) {
  const list = h("ul", { class: "rows" });
  const place = h("div", { class: "row" });
  let upTo = 0;
  const more = () => {
    const from = upTo;
    upTo = Math.min(items.length, upTo + STEP);
    list.append(...items.slice(from, upTo).map(draw));
    fill(place, upTo < items.length && button(`Show ${Math.min(STEP, items.length - upTo)} more of ${items.length - upTo}`, () => {
      more();
      const next = list.children[from + STEP];
      next?.setAttribute("tabindex", "-1");
      next?.focus();
    }));
  };
  more();
  return [list, place];
}

/** A function on ranges: its arguments and what it computes from them; its records stand in the sheet. */
async function ranged(call, args) {
  const functions = await pane.client.request("GET", "/v1/functions");
  const found = functions.find((one) => one.name.toUpperCase() === `REVALIGN.${call.name}`);
  if (!found) throw { code: "REV-101", text: `There is no function REVALIGN.${call.name}.`, hint: "The list is under Help." };
  await pane.asOf();
  const result = await pane.client.call(call.name, args).then((cell) => ({ cell }), (problem) => ({ problem }));
  const value = Array.isArray(result.cell) ? `${plural(result.cell.length, "row")} × ${plural(result.cell[0]?.length ?? 0, "column")}` : shown(result.cell, "number");
  return [
    h("div", { class: "preview" },
      h("p", { class: "value" }, h("span", { class: result.problem ? "figure none" : "figure" }, result.problem ? result.problem.cell : value)),
      h("p", { class: "of" }, `REVALIGN.${call.name}`),
      result.problem && h("p", { class: "hint" }, result.problem.message)),
    part("What it means", h("p", {}, found.summary)),
    part("What it is given", h("ul", { class: "rows" }, call.args.map((one, place) => {
      const argument = found.arguments[Math.min(place, found.arguments.length - 1)];
      return h("li", {}, h("div", { class: "grow" }, h("p", { class: "strong" }, argument?.name ?? `Argument ${place + 1}`), h("p", { class: "hint" }, argument?.help)), h("span", { class: "amount mono" }, one.text || "blank"));
    }))),
  ];
}
