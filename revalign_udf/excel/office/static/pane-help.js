// Help: how a formula is written, how a period is written, and what to do when a cell shows an error.

import { button, field, fill, formulaText, h } from "./pane-dom.js";
import { words } from "./pane-format.js";

const PERIODS = [
  ["2026-09", "A month"], ["2026-Q3", "A quarter"], ["2026", "A year"], ["FY26-Q3", "A fiscal quarter"], ["LAST_MONTH", "The month before the snapshot's"],
  ["YTD", "The year to the snapshot's day"], ["LTM", "The last twelve whole months"], ["LAST_N_MONTHS:6", "The six months before this one"],
];
const ERRORS = [
  ["#N/A", "There is no number", "No data for the slice, nothing published, or not signed in. The message says which: point at the cell's warning."],
  ["#VALUE!", "A name or a period cannot be read", "The message says what was probably meant: Did you mean nrr?"],
  ["#DIV/0!", "The ratio has no denominator", "Nothing at the start of the period, for instance. It is never shown as 0."],
  ["#NUM!", "Out of range", "A number for which the question makes no sense."],
  ["#NAME?", "Excel does not know the function", "The add-in is not loaded. The last values stay in the file for those who read it."],
  ["#BUSY!", "Being asked", "It passes. If it stays, look at Status."],
];
const KEYS = [["↑ ↓", "Walk through a list"], ["Enter", "Choose; in a form, insert"], ["Esc", "Back, or close the list"], ["Tab", "To the next field"]];

let list = null;

export const helpView = {
  id: "help",
  label: "Help",
  title: "Help",

  open(pane) {
    const functions = h("div", { class: "stack tight" });
    const element = h("div", { class: "help stack" },
      h("h2", { tabindex: "-1" }, "Help"),
      part("A number in a cell",
        h("p", {}, "Metric, period, then the day it was known (usually empty), then fields and values:"),
        h("code", { class: "formula" }, formulaText('=REVALIGN.METRIC("nrr","2026-Q3",,"segment","SMB")')),
        h("p", {}, "Point to cells to fill a whole table from one formula:"),
        h("code", { class: "formula" }, formulaText('=REVALIGN.METRIC($A5,B$4,,"region",$B5)')),
        h("p", { class: "hint" }, "Where your Excel writes lists with a semicolon, write semicolons.")),
      part("Periods", h("dl", { class: "terms" }, PERIODS.map(([term, text]) => h("div", {}, h("dt", {}, h("code", {}, term)), h("dd", {}, text)))),
        h("p", { class: "hint" }, "Relative words count from the published snapshot, never from today's clock.")),
      part("When a cell shows an error", h("ul", { class: "rows" }, ERRORS.map(([cell, title, text]) => h("li", {}, h("code", { class: "error-name" }, cell), h("div", { class: "grow" }, h("p", { class: "strong" }, title), h("p", { class: "hint" }, text)))))),
      part("Functions", functions),
      part("Keys in this pane", h("dl", { class: "terms" }, KEYS.map(([term, text]) => h("div", {}, h("dt", {}, h("kbd", {}, term)), h("dd", {}, text))))));
    show(pane, functions);
    return element;
  },

  refresh() {},
};

function part(title, ...children) {
  return h("section", { class: "part" }, h("h3", {}, title), children);
}

async function show(pane, place) {
  fill(place, button("Show all functions", async (event) => {
    event.target.disabled = true;
    try {
      list ??= await pane.client.request("GET", "/v1/functions");
    } catch (problem) {
      fill(place, h("p", { class: "hint" }, problem.message));
      return;
    }
    const rows = h("ul", { class: "rows" });
    const input = h("input", { type: "search", placeholder: "NRR, cohorts…", on: { input: () => draw() } });
    const draw = () => {
      const text = input.value.trim().toLowerCase();
      const found = list.filter((one) => !text || `${one.name} ${one.summary}`.toLowerCase().includes(text));
      fill(rows, found.length ? found.map((one) => h("li", {}, h("div", { class: "grow" },
        h("p", {}, h("code", {}, `${one.name}(${one.arguments.map((argument) => (argument.optional ? `[${argument.name}]` : argument.name)).join(", ")})`)),
        h("p", { class: "hint" }, one.summary)))) : h("li", {}, h("p", { class: "hint" }, `No function fits “${words(text)}”.`)));
    };
    fill(place, field("Find a function", input), rows);
    draw();
    input.focus();
  }));
}
