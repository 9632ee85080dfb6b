// The task pane: which state we are in, which view is shown, and what all views share.
//
// It works inside Excel and as a plain web page. Numbers come from `revalign serve` through client.js, like those of a
// cell; what changes something (a refresh, a close) is left there as a request and carried out elsewhere.

import { SPACE_KEY, TOKEN_KEY, connect, storage } from "./client.js";
import { button, fill, h, icon, say, trouble, unattended, working } from "./pane-dom.js";
import { explainView } from "./pane-explain.js";
import { dayShown, words } from "./pane-format.js";
import { freezeView } from "./pane-freeze.js";
import { helpView } from "./pane-help.js";
import { openHost } from "./pane-host.js";
import { insertView } from "./pane-insert.js";
import { statusView } from "./pane-status.js";

const VIEWS = [insertView, explainView, statusView, freezeView, helpView];
/** ms between two looks at the requests: while one is open, and otherwise */
const OPEN_MS = globalThis.revalignPace ?? 2_000;
const IDLE_MS = 20_000;

/** What the views share. */
class Pane {
  constructor() {
    this.client = connect({ base: new URL("..", import.meta.url).href });
    this.kept = storage();
    this.host = null;
    this.catalogue = null;
    this.problem = null;
    this.sources = [];
    this.requests = { requests: [], attended: true, months: [], spaces: [] };
    this.view = "insert";
    this.signInProblem = "";
    this.loading = null;
    this.published = "";
    this.watching = null;
  }

  get demo() {
    return this.client.space === "demo";
  }

  get signedOut() {
    return !this.client.signedIn || this.client.state === "signed-out";
  }

  get spaces() {
    return this.catalogue?.spaces ?? this.requests.spaces ?? [];
  }

  get stale() {
    return this.sources.filter((one) => one.state === "stale");
  }

  get openRequests() {
    return this.requests.requests.filter((one) => one.state === "waiting" || one.state === "running");
  }

  /** The day the workbook pins, read anew; null for none. */
  async asOf() {
    await this.host.follow(this.client).catch((problem) => {
      throw { code: "REV-101", text: `Excel does not say what REVALIGN_ASOF holds: ${problem?.message ?? problem}.`, hint: "Leave the cell's editing mode and try again." };
    });
    return this.client.asOf;
  }

  metric(name) {
    return this.catalogue?.metrics.find((one) => one.name === name) ?? null;
  }

  /** The catalogue, the freshness and the requests, anew. What was there stays when they cannot be had. */
  load() {
    this.loading ??= this.loadNow().finally(() => {
      this.loading = null;
    });
    return this.loading;
  }

  async loadNow() {
    try {
      this.catalogue = await this.client.request("GET", "/v1/catalogue");
      this.problem = null;
      this.published = this.catalogue.status === "ok" ? this.catalogue.snapshot : "";
    } catch (problem) {
      this.problem = problem;
      return;
    }
    await Promise.all([this.loadSources(), this.loadRequests()]);
  }

  async loadSources() {
    if (this.catalogue?.status !== "ok") {
      this.sources = [];
      return;
    }
    try {
      const [head, ...rows] = await this.client.call("STATUS", [], { asOf: null });
      this.sources = rows.map((row) => Object.fromEntries(head.map((name, place) => [name, row[place]])));
    } catch {
      // the last known freshness stays; the strip tells the connection's state
    }
  }

  async loadRequests() {
    try {
      const before = new Map(this.openRequests.map((one) => [one.id, one]));
      this.requests = await this.client.request("GET", "/v1/requests");
      const ended = this.requests.requests.filter((one) => before.has(one.id) && (one.state === "done" || one.state === "failed"));
      return ended;
    } catch {
      return [];
    }
  }

  /** Leave a request; rejects with the coded reason. */
  async ask(body) {
    const answer = await this.client.request("POST", "/v1/requests", body);
    await this.loadRequests();
    this.watch();
    return answer.request;
  }

  /** Look after requests until none is open; then take up what they brought. */
  watch() {
    clearTimeout(this.watching);
    this.watching = setTimeout(async () => {
      if (!this.client.signedIn) return;
      if (!document.hidden) {
        const before = JSON.stringify(this.requests);
        for (const one of await this.loadRequests()) await this.ended(one);
        if (JSON.stringify(this.requests) !== before) this.redraw();
      }
      this.watch();
    }, this.openRequests.length ? OPEN_MS : IDLE_MS);
  }

  async ended(request) {
    if (request.state === "done") {
      say(request.kind === "close" ? `${request.details.period} is frozen.` : `Refreshed: snapshot ${request.result.snapshot}.`);
      await this.takeUp();
    } else {
      say(`${request.kind === "close" ? "Freezing" : "Refreshing"} failed: ${request.code} ${request.message}`, { urgent: true });
    }
  }

  /** Ask for what has been published since, and let the workbook calculate anew. */
  async takeUp() {
    await this.client.refresh().catch(() => false);
    await this.load();
    await this.host.recalculate().catch(() => {});
  }

  async choose(space) {
    if (space === this.client.space) return;
    this.client.setSpace(space);
    await this.kept.set(SPACE_KEY, space === "live" ? null : space);
    this.catalogue = null;
    this.sources = [];
    insertView.reset();
    draw();
    await this.load();
    draw({ focus: true });
    await this.host.recalculate().catch(() => {});
    say(space === "demo" ? "Showing the sample company." : "Showing live numbers.");
  }

  async signIn(token) {
    this.client.setToken(token);
    this.catalogue = null;
    await this.load();
    if (this.signedOut) {
      this.signInProblem = "REV-401 The server does not know this token.";
      draw({ focus: true });
      return;
    }
    this.signInProblem = "";
    await this.kept.set(TOKEN_KEY, token);
    draw({ focus: true });
    this.watch();
    await this.host.recalculate().catch(() => {});
  }

  async signOut() {
    await this.kept.set(TOKEN_KEY, null);
    this.catalogue = null;
    this.client.setToken(null);
    draw({ focus: true });
  }

  show(view, options = {}) {
    if (!VIEWS.some((one) => one.id === view)) return;
    this.view = view;
    this.options = options;
    draw({ focus: options.focus ?? false });
  }

  /** Draw the frame again, and the view where that takes nothing from under somebody's hands. */
  redraw() {
    frame();
    const view = VIEWS.find((one) => one.id === this.view);
    if (kind() !== drawn || drawn === "unpublished") draw();
    else if (view.refresh) view.refresh(this);
    else if (!main().contains(document.activeElement) || document.activeElement === main()) draw();
  }
}

const pane = new Pane();
const main = () => document.getElementById("main");

// --- the frame -------------------------------------------------------------------------------------------------

/** What the numbers rest on, in a word, with a sign of its own. */
function standing() {
  const { client, catalogue } = pane;
  if (pane.signedOut) return { kind: "out", text: "Signed out", picture: "key" };
  if (client.state === "offline") return { kind: "bad", text: "Offline", picture: "unplugged" };
  if (client.state === "forbidden") return { kind: "bad", text: "Not allowed", picture: "lock" };
  if (!catalogue) return { kind: "out", text: "Opening", picture: "clock" };
  if (catalogue.status !== "ok") return { kind: "bad", text: "Nothing published", picture: "warn" };
  if (pane.demo) return { kind: "demo", text: "Demo", picture: "flask" };
  if (pane.stale.length) return { kind: "stale", text: "Live, stale", picture: "warn" };
  return { kind: "fresh", text: "Live, fresh", picture: "check" };
}

function frame() {
  const { kind, text, picture } = standing();
  const usable = !pane.signedOut && pane.catalogue;
  const top = document.getElementById("top");
  const hadFocus = top.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  fill(top,
    h("div", { class: "brand" },
      h("span", { class: "mark", "aria-hidden": "true" }),
      h("h1", {}, "Revalign"),
      usable && pane.catalogue.company && h("span", { class: "company" }, pane.catalogue.company),
      usable
        ? button(text, () => pane.show("status", { focus: true }), { class: `chip ${kind}`, icon: picture, "data-key": "chip", "aria-label": `${text}. Show the status.` })
        : h("span", { class: `chip ${kind}` }, icon(picture), text)),
    usable && h("nav", { "aria-label": "Views" }, VIEWS.map((one) =>
      button(one.label, () => pane.show(one.id), { "aria-current": one.id === pane.view ? "page" : null, "data-key": one.id }))));
  if (hadFocus) top.querySelector(`[data-key="${hadFocus}"]`)?.focus();
  strip();
}

/** The strip above a view: what the reader must know before trusting a number. */
function strip() {
  const place = document.getElementById("strip");
  const found = strips();
  const key = JSON.stringify(found.map(([name, text]) => [name, text]));
  if (place.dataset.key === key) return; // read out once
  place.dataset.key = key;
  fill(place, found.map(([kind, text, picture, action]) => h("div", { class: `strip ${kind}` }, icon(picture), h("p", {}, text), action)));
}

function strips() {
  const { client, catalogue } = pane;
  const found = [];
  if (pane.signedOut) return found;
  if (client.state === "offline") {
    found.push(["bad", "Offline: the server cannot be reached. The last values stay.", "unplugged", button("Try again", retry, { class: "link" })]);
  } else if (client.state === "forbidden") {
    found.push(["bad", `Not allowed: ${pane.problem?.text ?? "you may not see these numbers."}`, "lock"]);
  }
  if (pane.demo && catalogue) {
    found.push(["demo", `Demo: the sample company ${catalogue.company ?? ""}`.trim(), "flask", pane.spaces.includes("live") && button("Switch to live", () => pane.choose("live"), { class: "link" })]);
  } else if (pane.stale.length && pane.view !== "status") {
    const [first, ...rest] = pane.stale;
    const text = `Stale: ${first.source} is loaded through ${dayShown(first.complete_through)}${rest.length ? `, and ${rest.length} more` : ""}.`;
    found.push(["stale", text, "warn", button("Status", () => pane.show("status", { focus: true }), { class: "link" })]);
  }
  const running = pane.openRequests.filter((one) => one.state === "running");
  if (running.length && pane.view !== "status" && pane.view !== "freeze") {
    found.push(["work", running[0].kind === "close" ? `Freezing ${running[0].details.period}…` : "Refreshing…", "clock"]);
  }
  return found;
}

async function retry() {
  await pane.client.refresh().catch(() => {});
  await pane.load();
  draw();
  if (pane.client.state === "online") say("Online again.");
}

// --- views -----------------------------------------------------------------------------------------------------

function signIn() {
  const input = h("input", { type: "password", id: "token", autocomplete: "off", spellcheck: "false", required: true, "aria-describedby": "token-hint" });
  const form = h("form", { class: "signin", novalidate: true, on: { submit: (event) => {
    event.preventDefault();
    const token = input.value.trim();
    if (!token) {
      pane.signInProblem = "Paste the token first.";
      draw({ focus: true });
      return;
    }
    send.disabled = true;
    pane.signIn(token);
  } } },
  h("h2", { tabindex: "-1" }, "Sign in"),
  h("p", {}, "Your numbers are behind a token. Paste the one you were given."),
  h("div", { class: "field" },
    h("label", { for: "token" }, "Access token"),
    input,
    h("p", { class: "hint", id: "token-hint" }, "revalign serve prints it when it starts. It is kept in this add-in only."),
    pane.signInProblem && h("p", { class: "wrong", id: "token-wrong" }, icon("stop"), pane.signInProblem)));
  if (pane.signInProblem) {
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", "token-hint token-wrong");
  }
  const send = h("button", { type: "submit", class: "primary" }, "Sign in");
  form.append(h("div", { class: "row" }, send));
  return form;
}

function unpublished() {
  const { catalogue } = pane;
  const kept = h("div", { class: "stack" }, trouble({ code: catalogue.status, text: catalogue.message, hint: catalogue.hint }, { title: "Nothing has been published yet" }));
  const open = pane.openRequests.find((one) => one.kind === "refresh");
  if (open) kept.append(working(open.state === "running" ? "Pulling and building the first snapshot…" : "The refresh is waiting to be carried out…"));
  const failed = pane.requests.requests.find((one) => one.kind === "refresh");
  if (!open && failed?.state === "failed") kept.append(trouble({ code: failed.code, text: failed.message }, { title: "The last refresh failed", kind: "stop" }));
  if (open && !pane.requests.attended) kept.append(unattended());
  const actions = h("div", { class: "row" });
  if (!open && !pane.demo) actions.append(button("Ask for a refresh", async () => { await pane.ask({ kind: "refresh" }).catch(showProblem); draw(); }, { class: "primary" }));
  if (!pane.demo && pane.spaces.includes("demo")) actions.append(button("Show the demo", () => pane.choose("demo")));
  if (pane.demo) actions.append(button("Switch to live", () => pane.choose("live")));
  kept.append(actions);
  return kept;
}

function showProblem(problem) {
  say(problem.message, { urgent: true });
  pane.problem = problem;
}

/** What the body shows: a view, or a state that stands in its place. */
function kind() {
  if (pane.signedOut) return "signin";
  if (!pane.catalogue) return "opening";
  if (pane.catalogue.status !== "ok" && pane.view !== "help" && pane.view !== "status") return "unpublished";
  return pane.view;
}

let drawn = "";

function body() {
  const { client, catalogue, problem } = pane;
  if (pane.signedOut) return signIn();
  if (!catalogue) {
    if (client.state === "forbidden") {
      return trouble(problem ?? { text: "You may not use this server." }, { title: "Not allowed", kind: "stop", actions: [button("Use another token", () => pane.signOut())] });
    }
    if (problem) return trouble(problem, { title: client.state === "offline" ? "The server cannot be reached" : "That did not work", kind: "stop", actions: [button("Try again", retry, { class: "primary" }), pane.demo && button("Switch to live", () => pane.choose("live"))] });
    return working("Loading the catalogue…");
  }
  if (kind() === "unpublished") return unpublished();
  return VIEWS.find((one) => one.id === pane.view).open(pane);
}

function draw({ focus = false } = {}) {
  const place = main();
  drawn = kind();
  fill(place, h("div", { class: `view view-${drawn}` }, body()));
  frame();
  place.removeAttribute("aria-busy");
  if (focus) (place.querySelector("[aria-invalid]") ?? place.querySelector("h2[tabindex]") ?? place).focus();
  const title = VIEWS.find((one) => one.id === pane.view)?.title ?? "";
  document.title = title ? `Revalign: ${title}` : "Revalign";
}

// --- beginning -------------------------------------------------------------------------------------------------

/** #token=... once; it does not stay in the address. Other marks: view=, space=, metric=. */
function marks() {
  const found = new URLSearchParams(location.hash.slice(1));
  if (found.has("token") || found.has("space")) {
    const clean = `${location.pathname}${location.search}`;
    // Office takes the history away in some hosts
    if (history.replaceState) history.replaceState(null, "", clean);
    else location.hash = "";
  }
  return found;
}

function theme() {
  if (pane.host.dark !== null) document.documentElement.dataset.theme = pane.host.dark ? "dark" : "light";
}

async function begin() {
  const given = marks();
  const view = globalThis.revalignView ?? given.get("view");
  if (VIEWS.some((one) => one.id === view)) pane.view = view;
  globalThis.addEventListener("revalign:view", (event) => pane.show(event.detail, { focus: true, fresh: true }));
  pane.host = await openHost();
  theme();
  const [token, space] = [given.get("token") ?? (await pane.kept.get(TOKEN_KEY)), given.get("space") ?? (await pane.kept.get(SPACE_KEY))];
  if (space) pane.client.setSpace(space);
  if (given.get("token")) await pane.kept.set(TOKEN_KEY, token);
  if (given.get("space")) await pane.kept.set(SPACE_KEY, space === "live" ? null : space);
  pane.client.setToken(token);
  if (given.get("metric")) insertView.preset(given.get("metric"));
  if (token) {
    draw();
    await pane.load();
  }
  draw();
  pane.client.on("change", changed);
  if (token) pane.watch();
  setInterval(() => {
    // by itself, without taking anything from under somebody's hands
    if (pane.client.state === "offline" && !document.hidden) {
      pane.client.refresh().then(() => pane.load()).then(() => pane.redraw()).catch(() => {});
    }
  }, 15_000);
}

let last = "";

function changed() {
  const { state, snapshot } = pane.client;
  if (state !== last) {
    last = state;
    if (state === "signed-out") {
      pane.signInProblem ||= pane.client.signedIn ? "The token is not valid any more." : "";
      draw({ focus: true });
      return;
    }
    frame();
    if (state === "offline") say("Offline. The last values stay.");
  }
  if (pane.catalogue?.status === "ok" && snapshot && snapshot !== pane.published && !pane.loading) {
    pane.load().then(() => pane.redraw());
  }
}

begin().catch((problem) => fill(main(), trouble({ text: words(String(problem?.message ?? problem)) }, { title: "The pane could not be opened", kind: "stop" })));
