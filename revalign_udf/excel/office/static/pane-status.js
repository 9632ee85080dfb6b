// Status: how fresh the numbers are, what is under way, demo or live, and signing out.

import { button, fill, h, icon, say, trouble, unattended, working } from "./pane-dom.js";
import { dayShown, plural, shown, timeShown, words } from "./pane-format.js";
import { calls, explainable } from "./pane-formula.js";

const STATES = {
  waiting: ["clock", "Waiting"], running: ["clock", "Under way"], done: ["check", "Done"], failed: ["stop", "Failed"],
};

let pane = null;
let parts = {};
let problem = null;

export const statusView = {
  id: "status",
  label: "Status",
  title: "Status",

  open(given) {
    pane = given;
    problem = null;
    parts = { element: h("div", { class: "status stack" }), sources: h("div", { class: "stack" }), requests: h("div", { class: "stack" }), actions: h("div", { class: "stack" }), stamp: h("div", { class: "stack tight" }) };
    fill(parts.element, h("h2", { tabindex: "-1" }, "Status"), parts.actions, parts.sources, parts.stamp, parts.requests, spaces());
    draw();
    stamp();
    if (pane.host.excel) pane.host.onSelection(() => { if (parts.stamp.isConnected) stamp(); });
    return parts.element;
  },

  refresh() {
    if (parts.element?.isConnected) draw();
  },
};

function draw() {
  const { catalogue } = pane;
  const open = pane.openRequests.find((one) => one.kind === "refresh");
  const hadFocus = parts.actions.contains(document.activeElement);
  fill(parts.actions,
    catalogue?.status === "ok" && h("dl", { class: "facts" },
      fact("Snapshot", catalogue.snapshot), fact("As of", dayShown(catalogue.as_of)), fact("Company", catalogue.company), fact("Currency", catalogue.currency)),
    catalogue?.status !== "ok" && trouble({ code: catalogue?.status, text: catalogue?.message, hint: catalogue?.hint }, { title: "Nothing has been published yet" }),
    open && working(open.state === "running" ? `Refreshing since ${timeShown(open.changed)}: sources are pulled and the numbers built.` : "The refresh is waiting to be carried out."),
    open && !pane.requests.attended && unattended(),
    problem && trouble(problem, { kind: "stop" }),
    h("div", { class: "row" },
      !pane.demo && !open && button("Refresh the numbers", refresh, { class: "primary", "data-key": "refresh" }),
      button("Calculate anew", again, { "data-key": "again", title: "Ask what has been published, and calculate the workbook again" })),
    pane.demo && h("p", { class: "hint" }, "The sample company is not refreshed: its numbers stay as they are."));
  if (hadFocus) parts.actions.querySelector("button")?.focus();
  fill(parts.sources, pane.sources.length > 0 && [
    h("h3", {}, plural(pane.sources.length, "source")),
    h("ul", { class: "rows" }, pane.sources.map((one) => h("li", {},
      h("div", { class: "grow" },
        h("p", { class: "strong" }, one.source),
        h("p", { class: "hint" }, `Complete through ${dayShown(one.complete_through)}`),
        h("p", { class: "hint" }, `Pulled ${timeShown(one.pulled_at)}${one.rejects ? ` · ${plural(one.rejects, "row")} refused` : ""}`)),
      h("span", { class: `state ${one.state}` }, icon(one.state === "stale" ? "warn" : "check"), words(one.state)))))]);
  const shownRequests = pane.requests.requests.slice(0, 8);
  fill(parts.requests, shownRequests.length > 0 && !pane.demo && [h("h3", {}, "Requests"), h("ul", { class: "rows" }, shownRequests.map(request))]);
}

function fact(name, text) {
  return h("div", {}, h("dt", {}, name), h("dd", {}, text));
}

function request(one) {
  const [picture, text] = STATES[one.state];
  const what = one.kind === "close" ? `Freeze ${one.details.period}` : "Refresh";
  return h("li", {},
    h("div", { class: "grow" },
      h("p", { class: "strong" }, what),
      h("p", { class: "hint" }, `${one.who}, ${timeShown(one.when)}${one.details.reason ? `: ${one.details.reason}` : ""}`),
      one.result?.snapshot && h("p", { class: "hint" }, `Snapshot ${one.result.snapshot}${one.result.new === false ? ", nothing new" : ""}`),
      (one.code || one.message) && h("p", { class: "hint" }, [one.code, one.message].filter(Boolean).join(" "))),
    h("span", { class: `state ${one.state}` }, icon(picture), text));
}

async function refresh() {
  problem = null;
  try {
    await pane.ask({ kind: "refresh" });
    say("The refresh has been asked for.");
  } catch (caught) {
    problem = caught;
    say(caught.message, { urgent: true });
  }
  draw();
}

async function again() {
  problem = null;
  try {
    const moved = await pane.client.refresh();
    await pane.load();
    await pane.host.recalculate();
    say(moved ? `Newer numbers: snapshot ${pane.catalogue.snapshot}.` : "These are the newest published numbers.");
  } catch (caught) {
    problem = caught;
  }
  pane.redraw();
}

/** The fingerprint of the chosen cell's number, to write beside it. */
async function stamp() {
  if (!pane.host.excel || pane.catalogue?.status !== "ok") return;
  const cell = await pane.host.active().catch(() => null);
  const call = cell && calls(cell.formula).find((one) => explainable(one.name) && one.name !== "SERIES" && one.name !== "TABLE");
  if (!call || call.args.some((one) => one.kind === "expression" || one.kind === "name")) {
    fill(parts.stamp);
    return;
  }
  try {
    const pointed = call.args.filter((one) => one.kind === "reference");
    const read = pointed.length ? await pane.host.read(pointed.map((one) => one.value), cell.address) : [];
    const args = call.args.map((one) => (pointed.includes(one) ? read[pointed.indexOf(one)]?.[0]?.[0] : one.value));
    const found = await pane.client.request("POST", "/v1/answer", { metric: args[0], period: args[1], as_of: args[2] ?? null, workbook_as_of: await pane.asOf(), pairs: args.slice(3) });
    fill(parts.stamp, found.answer && [
      h("h3", {}, `Stamp of ${cell.place}`),
      h("p", {}, `${found.answer.label}, ${found.answer.period}: `, h("strong", {}, found.answer.value === null ? found.error : shown(found.answer.value, found.answer.unit, found.answer.currency))),
      h("code", { class: "formula" }, found.answer.fingerprint),
    ]);
  } catch {
    fill(parts.stamp);
  }
}

function spaces() {
  const both = pane.spaces.includes("demo");
  return h("section", { class: "stack" },
    both && [h("h3", {}, "Numbers of"), h("fieldset", { class: "segments" }, h("legend", { class: "unseen" }, "Numbers of"),
      [["live", "Your company"], ["demo", "The demo"]].map(([key, text]) => h("label", {},
        h("input", { type: "radio", name: "space", value: key, checked: pane.client.space === key, on: { change: () => pane.choose(key) } }), h("span", {}, text))))],
    h("div", { class: "row" }, button("Sign out", () => pane.signOut(), { class: "link" })));
}
