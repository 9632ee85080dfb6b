// Freeze: choose a month, see what will stay, say why, confirm. Jobs close it; the outcome is shown here.

import { button, field, fill, h, icon, label, say, select, trouble, unattended, working } from "./pane-dom.js";
import { plural, shown, timeShown } from "./pane-format.js";

/** shown first where the company has them */
const HEADLINES = ["mrr", "arr", "nrr", "grr", "logo_churn", "revenue", "cac", "quick_ratio"];
const FEW = 6;

let pane = null;
let parts = {};
let state = { period: "", reason: "", step: "choose", problem: null, wrong: "", left: "" };
let turn = 0;

export const freezeView = {
  id: "freeze",
  label: "Freeze",
  title: "Freeze a period",

  open(given) {
    pane = given;
    parts = { element: h("div", { class: "freeze stack" }), outcome: h("div", { class: "stack" }), body: h("div", { class: "stack" }) };
    fill(parts.element, h("h2", { tabindex: "-1" }, "Freeze a period"), parts.outcome, parts.body);
    state.step = "choose";
    outcome();
    draw();
    pane.loadRequests().then(() => { if (parts.element.isConnected) { outcome(); if (state.step === "choose") draw(); } });
    return parts.element;
  },

  refresh() {
    if (!parts.element?.isConnected) return;
    outcome();
    // a form under somebody's hands is left alone
    if (state.step === "choose" && !parts.body.contains(document.activeElement)) draw();
  },
};

function months() {
  return pane.requests.months;
}

/** What became of the latest request to freeze. */
function outcome() {
  const latest = pane.requests.requests.find((one) => one.kind === "close");
  if (!latest || (latest.id !== state.left && !["waiting", "running"].includes(latest.state))) return fill(parts.outcome);
  const { period, reason } = latest.details;
  if (latest.state === "done") return fill(parts.outcome, h("div", { class: "trouble good" }, icon("lock"), h("div", { class: "grow" }, h("p", { class: "strong" }, `${period} is frozen.`), h("p", {}, "On the snapshot ", label(latest.result.snapshot), `, for ${latest.who}: ${reason}`))));
  if (latest.state === "failed") return fill(parts.outcome, trouble({ code: latest.code, text: latest.message }, { title: `${period} was not frozen`, kind: "stop" }));
  return fill(parts.outcome,
    working(latest.state === "running" ? `Freezing ${period}…` : `The request to freeze ${period} is waiting to be carried out.`),
    latest.code && h("p", { class: "hint" }, `${latest.code} ${latest.message}`),
    !pane.requests.attended && unattended(),
    h("p", { class: "hint" }, `Asked for by ${latest.who}, ${timeShown(latest.when)}: ${reason}`));
}

function draw() {
  if (pane.demo) return fill(parts.body, trouble({ text: "The sample company cannot be frozen.", hint: "Switch to live to freeze a month of your own." }, { kind: "calm", actions: pane.spaces.includes("live") ? [button("Switch to live", () => pane.choose("live"), { class: "primary" })] : [] }));
  if (state.step === "confirm") return confirm();
  return choose();
}

function choose() {
  const every = months();
  if (!every.length) return fill(parts.body, working("Loading the months…"));
  const ready = every.filter((one) => one.state === "ready");
  if (!every.some((one) => one.period === state.period)) state.period = (ready.at(0) ?? every[0]).period;
  const now = every.find((one) => one.period === state.period);
  const asked = pane.openRequests.some((one) => one.kind === "close" && one.details.period === state.period);
  const marks = { ready: "", closed: " (frozen)", early: " (not ready)" };
  const reason = h("textarea", { id: "reason", rows: "2", required: true, maxlength: "500", value: state.reason, "aria-invalid": state.wrong ? "true" : null, placeholder: "Board pack of October", on: { input: (event) => { state.reason = event.target.value; } } });
  parts.numbers = h("div", { class: "stack tight" });
  fill(parts.body,
    !asked && h("p", { class: "hint" }, "A frozen month keeps its numbers, whatever becomes known later. What moved since is shown by DRIFT."),
    h("form", { class: "stack", novalidate: true, on: { submit: (event) => { event.preventDefault(); review(); } } },
      field("Month", select(every.map((one) => [one.period, `${one.label}${marks[one.state]}`]), state.period, (value) => { state.period = value; state.wrong = ""; state.problem = null; choose(); document.getElementById("month")?.focus(); }, { id: "month" })),
      now.state === "closed" && trouble({ text: `Already ${now.why}.` }, { kind: "calm" }),
      now.state === "early" && trouble({ text: `${cap(now.why)}.`, hint: "It can be frozen when its data is complete." }),
      now.state === "ready" && !asked && [
        parts.numbers,
        field("Reason", reason, { hint: "Others will read it.", error: state.wrong }),
        state.problem && trouble(state.problem, { kind: "stop" }),
        h("div", { class: "row" }, h("button", { type: "submit", class: "primary" }, `Freeze ${now.label}…`))]));
  if (now.state === "ready" && !asked) numbers(now);
  return undefined;
}

function cap(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** What will stay: how many numbers, and the best known of them. */
async function numbers(month) {
  const mine = (turn += 1);
  const scalars = pane.catalogue.metrics.filter((one) => one.kind === "scalar");
  const names = [...HEADLINES.filter((name) => pane.metric(name)), ...scalars.filter((one) => one.owners.includes("finance")).map((one) => one.name)];
  const few = [...new Set(names)].slice(0, FEW).map((name) => pane.metric(name));
  fill(parts.numbers, h("p", { class: "hint" }, "Looking up the numbers…"));
  const found = await Promise.all(few.map((one) => pane.client.call("METRIC", [one.name, month.period], { asOf: null }).then((cell) => shown(cell, one.unit, pane.catalogue.currency), (problem) => problem.cell ?? "#N/A")));
  if (mine !== turn || !parts.numbers.isConnected) return;
  fill(parts.numbers,
    h("h3", {}, "What will stay"),
    h("ul", { class: "rows slim" }, few.map((one, place) => h("li", {}, h("span", { class: "grow" }, one.label), h("span", { class: "amount" }, found[place])))),
    h("p", { class: "hint" }, `and ${plural(Math.max(0, scalars.length - few.length), "more number")}, on the snapshot `, label(pane.catalogue.snapshot), "."));
}

function review() {
  state.problem = null;
  if (!state.reason.trim()) {
    state.wrong = "A reason is needed, so that others can read why.";
    choose();
    document.getElementById("reason").focus();
    return;
  }
  state.wrong = "";
  state.step = "confirm";
  confirm();
  parts.body.querySelector("h3").focus();
}

function confirm() {
  const month = months().find((one) => one.period === state.period);
  const dialog = h("section", { class: "confirm stack", role: "group", "aria-labelledby": "confirm-title", "aria-describedby": "confirm-text", on: {
    keydown: (event) => { if (event.key === "Escape") { event.preventDefault(); cancel(); } },
  } },
  h("h3", { id: "confirm-title", tabindex: "-1" }, icon("lock"), ` Freeze ${month.label}?`),
  h("div", { id: "confirm-text", class: "stack tight" },
    h("p", {}, "Its numbers stay as they are on the snapshot ", label(pane.catalogue.snapshot), ", in every workbook, sheet and report."),
    h("p", {}, "Only somebody with the command line can open it again: ", h("code", {}, `revalign period reopen ${month.period}`), "."),
    h("p", {}, h("strong", {}, "Reason: "), state.reason.trim())),
  h("div", { class: "row" }, button(`Freeze ${month.label}`, send, { class: "primary", "data-key": "send" }), button("Cancel", cancel)));
  fill(parts.body, dialog);
}

function cancel() {
  state.step = "choose";
  choose();
  parts.body.querySelector("button[type=submit]")?.focus();
}

async function send(event) {
  event.target.disabled = true;
  try {
    const left = await pane.ask({ kind: "close", period: state.period, reason: state.reason.trim() });
    state = { ...state, step: "choose", reason: "", problem: null, left: left.id };
    say(`The request to freeze ${left.details.period} has been left.`);
  } catch (problem) {
    state = { ...state, step: "choose", problem };
    say(problem.message, { urgent: true });
  }
  outcome();
  draw();
  parts.element.querySelector("h2").focus();
}
