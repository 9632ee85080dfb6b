// The client of `revalign serve`: cells and the task pane ask through it. Plain ES module, no dependencies.
//
// Rules
// * Calls of one window go out as one POST; equal calls share one answer; at most two POSTs are under way, and what
//   arrives meanwhile waits for the next one. A window is 8 ms, and grows to 128 ms while cells keep coming. So 10,000
//   cells are a handful of requests, however fast Excel hands them over.
// * An answer is kept under (space, function, arguments, pinned day) with the edition it came from. An edition names the snapshot
//   and the closed periods it was answered from; the server sends it with every batch. Answers of another edition are
//   never taken for current ones.
// * For ten seconds after the server named its edition, known answers are given without asking. After that the first
//   window asks once (one small request) whether the edition still stands. `refresh()` asks at once.
// * A request that failed on the way (network, 429, 502, 503, 504) is sent again, a few times, with growing pauses:
//   questions change nothing, so asking twice is safe.
// * When the server stays out of reach, a question is answered with the last value it had in this session, and `state`
//   is "offline"; a question without one is rejected with REV-408. Signed out: rejected with REV-401, nothing kept.
// * Nothing here blocks, writes to the page or the console, or shows a dialog.

export const TOKEN_KEY = "revalign.token";
export const SPACE_KEY = "revalign.space";

const EDITION = "Revalign-Edition";
const SNAPSHOT = "Revalign-Snapshot";
const RETRIED = new Set([429, 502, 503, 504]);
/** reasons that do not change while the edition stands */
const LASTING = /^REV-(1\d\d|20[14689])$/;

/** A coded refusal. `message` starts with the code and ends with the hint; `text` is the sentence alone. */
export class RevalignError extends Error {
  constructor(code, text, { cell = "#N/A", status = 0, hint = "" } = {}) {
    super([code, text, hint].filter(Boolean).join(" "));
    this.name = "RevalignError";
    this.code = code;
    this.text = text;
    this.hint = hint;
    this.cell = cell;
    this.status = status;
  }
}

/** What a cell's answer says went wrong: {"error": "#DIV/0!", "message": "REV-110 ..."}. */
function cellError(answer) {
  const [, code, text] = /^(REV-\d{3})?\s*([^]*)$/.exec(String(answer.message ?? ""));
  return new RevalignError(code || "REV-901", text, { cell: String(answer.error), status: 200 });
}

function canceled() {
  const error = new RevalignError("REV-408", "Canceled before it was answered.");
  error.name = "AbortError";
  return error;
}

function signedOut(hint = "Open the Revalign pane and sign in.") {
  return new RevalignError("REV-401", "Not signed in.", { status: 401, hint });
}

function unreachable(reason) {
  return new RevalignError("REV-408", `The Revalign server cannot be reached${reason ? ` (${reason})` : ""}.`, {
    hint: "Is revalign serve running?",
  });
}

/** The name without the namespace, in capitals. */
function bare(name) {
  return String(name).toUpperCase().replace(/^REVALIGN[._]/, "");
}

function bytes(text) {
  return /^[\x00-\x7f]*$/.test(text) ? text.length : new TextEncoder().encode(text).length;
}

/** How much an answer and its question weigh in the cache, in cells. */
function weight(key, outcome) {
  const rows = Array.isArray(outcome.cell) ? outcome.cell : [];
  return 1 + rows.length * (rows[0]?.length ?? 0) + (key.length >> 4);
}

/** Answers by key, the ones not asked for the longest time dropped first. */
class Kept {
  constructor(answers, cells) {
    this.most = answers;
    this.room = cells;
    this.clear();
  }

  clear() {
    this.entries = new Map();
    this.used = 0;
  }

  get(key) {
    const entry = this.entries.get(key);
    if (entry) {
      this.entries.delete(key);
      this.entries.set(key, entry);
    }
    return entry;
  }

  set(key, edition, outcome) {
    const size = weight(key, outcome);
    this.drop(key);
    if (size > this.room / 4) return;
    this.entries.set(key, { edition, outcome, size });
    this.used += size;
    while (this.entries.size > this.most || this.used > this.room) this.drop(this.entries.keys().next().value);
  }

  drop(key) {
    this.used -= this.entries.get(key)?.size ?? 0;
    this.entries.delete(key);
  }
}

/**
 * A client of one server.
 *
 * Options: `base` (address of the server, "" for the page's own), `token`, `space` ("live" or "demo"), `dates` ("iso"
 * text, "serial" numbers, "marked" as {"date": serial}), which each call may choose anew; the rest is for tests and tuning.
 */
export function createClient(options = {}) {
  const {
    base = "",
    dates = "iso",
    fetch = globalThis.fetch.bind(globalThis),
    now = () => Date.now(),
    setTimer = (work, ms) => setTimeout(work, ms),
    clearTimer = (timer) => clearTimeout(timer),
    windowMs = 8,
    longestMs = 128,
    maxCalls = 10_000,
    maxBytes = 4_000_000,
    parallel = 2,
    freshMs = 10_000,
    maxAnswers = 50_000,
    maxCells = 1_000_000,
    tries = 4,
    waitMs = 250,
    maxWaitMs = 8_000,
    timeoutMs = 60_000,
    pauseMs = 3_000,
    refusedMs = 30_000,
  } = options;
  const root = String(base).replace(/\/+$/, "");
  const listeners = new Set();
  const spaces = new Map();
  const jobs = new Map();
  let token = options.token || null;
  let space = options.space || "live";
  let asOf = null;
  let state = "unknown";
  let queue = [];
  let timer = null;
  let flushed = -Infinity;
  let streak = 0;
  let underWay = 0;
  let sent = 0;
  let refusedUntil = 0;
  let failedAt = -Infinity;

  function standing(name = space) {
    let found = spaces.get(name);
    if (!found) {
      found = { edition: "", snapshot: null, seen: 0, freshUntil: -Infinity, kept: new Kept(maxAnswers, maxCells) };
      spaces.set(name, found);
    }
    return found;
  }

  function tell(what) {
    for (const listener of [...listeners]) {
      try {
        listener(what);
      } catch {
        // a listener's mistake is not the question's
      }
    }
  }

  function become(next) {
    if (next === state) return;
    state = next;
    tell({ state, snapshot: standing().snapshot, space });
  }

  /** What the headers of an answer say the server stands on. An older request never moves it back. */
  function learn(name, response, order) {
    const known = standing(name);
    const edition = response.headers.get(EDITION) ?? response.headers.get(SNAPSHOT) ?? "";
    if (order <= known.seen) return edition;
    const moved = edition !== known.edition;
    const snapshot = response.headers.get(SNAPSHOT);
    Object.assign(known, { edition, snapshot, seen: order, freshUntil: edition ? now() + freshMs : -Infinity });
    if (moved && name === space) tell({ state, snapshot, space });
    return edition;
  }

  function pause(ms) {
    return new Promise((resolve) => setTimer(resolve, ms));
  }

  function forgetAll() {
    spaces.clear();
  }

  async function attempt(method, path, body, name) {
    const abort = new AbortController();
    const deadline = setTimer(() => abort.abort(), timeoutMs);
    try {
      const headers = { Accept: "application/json", "Revalign-Space": name };
      if (token) headers.Authorization = `Bearer ${token}`;
      if (body !== undefined) headers["Content-Type"] = "application/json";
      const response = await fetch(`${root}${path}`, { method, headers, body, signal: abort.signal, cache: "no-store" });
      // read inside the deadline: a body can stall or break off too
      return { response, text: await response.text() };
    } finally {
      clearTimer(deadline);
    }
  }

  async function refusal(response, text) {
    let told = {};
    try {
      told = JSON.parse(text).error ?? {};
    } catch {
      // a proxy's page, not ours
    }
    const { status } = response;
    // 429 too: a token that failed often is not looked at any more
    if (status === 401 || told.code === "REV-401") return signedOut(told.hint);
    const code = told.code ?? (status === 403 ? "REV-403" : RETRIED.has(status) ? "REV-408" : "REV-901");
    const sentence = told.message ?? `The server answered ${status}.`;
    const cell = code.startsWith("REV-4") || code.startsWith("REV-2") ? "#N/A" : "#VALUE!";
    return new RevalignError(code, sentence, { cell, status, hint: told.hint ?? "" });
  }

  /** One request with its repetitions. Resolves {response, text} of a 2xx answer; rejects with a RevalignError. */
  async function exchange(method, path, body, name, again = true) {
    if (!token) throw gone(signedOut());
    if (now() < refusedUntil) throw signedOut();
    const used = token;
    // shortly after a failure one try is enough: a storm of cells must not wait out every pause again
    const most = again && now() - failedAt > pauseMs ? tries : 1;
    for (let turn = 1; ; turn += 1) {
      let response = null;
      let text = "";
      let problem;
      try {
        ({ response, text } = await attempt(method, path, body, name));
      } catch (error) {
        response = null;
        problem = unreachable(error?.name === "AbortError" ? "no answer in time" : "");
      }
      if (response?.ok) {
        become("online");
        failedAt = -Infinity;
        return { response, text };
      }
      if (response) {
        problem = await refusal(response, text);
        if (!RETRIED.has(response.status) || problem.status === 401) throw used === token ? gone(problem) : problem;
      }
      if (turn >= most) {
        failedAt = now();
        become("offline");
        problem.unavailable = true;
        throw problem;
      }
      const asked = Number(response?.headers.get("Retry-After")) * 1000;
      const wait = asked > 0 ? asked : waitMs * 2 ** (turn - 1) * (0.75 + Math.random() / 2);
      await pause(Math.min(wait, maxWaitMs));
    }
  }

  /** What a refusal of the caller does to what is kept: another person may sign in next. */
  function gone(problem) {
    if (problem.status === 401 || problem.status === 403) {
      forgetAll();
      if (problem.status === 401 && token) refusedUntil = now() + refusedMs;
      become(problem.status === 401 ? "signed-out" : "forbidden");
    } else if (problem.status) {
      become("online");
    }
    return problem;
  }

  function settle(job, outcome) {
    if (jobs.get(job.id) === job) jobs.delete(job.id);
    for (const { resolve, reject } of job.waiting) outcome.error ? reject(outcome.error) : resolve(outcome.cell);
    job.waiting = [];
  }

  function current(name, key) {
    const known = standing(name);
    const entry = known.edition ? known.kept.get(key) : undefined;
    return entry?.edition === known.edition ? entry.outcome : undefined;
  }

  /** The last value of a question, of whatever edition: for when the server cannot be asked. */
  function fail(batch, problem) {
    for (const job of batch) {
      const last = problem.unavailable ? standing(job.space).kept.get(job.key)?.outcome : undefined;
      settle(job, last ?? { error: problem });
    }
  }

  async function post(batch) {
    if (!batch.length) return;
    const name = batch[0].space;
    const path = batch[0].dates === "iso" ? "/v1/call" : `/v1/call?dates=${batch[0].dates}`;
    const body = `[${batch.map((job, place) => `{"id":${place},${job.text}}`).join(",")}]`;
    const order = (sent += 1);
    let answered;
    try {
      answered = await exchange("POST", path, body, name);
    } catch (problem) {
      if (problem.status !== 413 || batch.length === 1) return fail(batch, problem);
      // somebody on the way (a proxy) takes less than we thought
      const half = batch.length >> 1;
      await post(batch.slice(0, half));
      return post(batch.slice(half));
    }
    let answers;
    try {
      answers = JSON.parse(answered.text);
    } catch {
      answers = null;
    }
    if (!Array.isArray(answers) || answers.length !== batch.length || answers.some((item, i) => item?.id !== i)) {
      // not our server, or a part of its answer: no cell may take a number from it
      return fail(batch, new RevalignError("REV-901", "The server's answer does not fit the question.", { status: 200 }));
    }
    const edition = learn(name, answered.response, order);
    batch.forEach((job, place) => {
      const answer = answers[place];
      const outcome = "error" in answer ? { error: cellError(answer) } : { cell: answer.cell };
      if (edition && (!outcome.error || LASTING.test(outcome.error.code))) {
        standing(name).kept.set(job.key, edition, outcome);
      }
      settle(job, outcome);
    });
  }

  /** Ask whether the edition still stands. */
  async function look(name) {
    const order = (sent += 1);
    const { response } = await exchange("GET", "/v1/edition", undefined, name);
    learn(name, response, order);
  }

  async function send(batch) {
    const { space: name } = batch[0];
    const known = batch.filter((job) => current(name, job.key));
    const others = batch.filter((job) => !current(name, job.key));
    try {
      if (others.length) await post(others);
      else if (now() >= standing(name).freshUntil) await look(name);
    } catch (problem) {
      return fail(known, problem);
    }
    const left = [];
    for (const job of known) {
      const outcome = current(name, job.key);
      // asked in vain just now: the last value stands
      if (outcome && (now() < standing(name).freshUntil || state === "offline")) settle(job, outcome);
      else left.push(job);
    }
    return post(left);
  }

  function take() {
    const batch = [];
    const rest = [];
    let size = 2;
    for (const job of queue) {
      if (job.dropped) continue;
      const full = batch.length >= maxCalls || (batch.length && size + job.size > maxBytes);
      if (batch.length && (full || job.space !== batch[0].space || job.dates !== batch[0].dates)) {
        rest.push(job);
        continue;
      }
      size += job.size;
      batch.push(job);
    }
    queue = rest;
    for (const job of batch) job.sent = true;
    return batch;
  }

  function flush() {
    if (timer !== null) clearTimer(timer);
    timer = null;
    flushed = now();
    streak += 1;
    while (queue.length && underWay < parallel) {
      const batch = take();
      if (!batch.length) return;
      underWay += 1;
      send(batch)
        .catch((problem) => fail(batch, problem instanceof RevalignError ? problem : new RevalignError("REV-901", String(problem))))
        .finally(() => {
          underWay -= 1;
          if (queue.length) plan();
        });
    }
  }

  function plan() {
    if (underWay >= parallel) return;
    if (queue.length >= maxCalls) return flush();
    if (timer !== null) return;
    // as long as cells keep coming the windows grow: a slow recalculation must not be a request every few cells
    if (now() - flushed > 2 * longestMs) streak = 0;
    timer = setTimer(flush, Math.min(windowMs * 2 ** Math.min(streak, 10), longestMs));
  }

  function question(name, args, form, pinned) {
    const day = pinned === null ? "" : `,"as_of":${JSON.stringify(pinned)}`;
    const text = `"function":${JSON.stringify(bare(name))},"arguments":${JSON.stringify(args ?? [])}${day}`;
    return { key: `${form} ${text}`, text };
  }

  const client = {
    /**
     * The value, or rows of values, of a function. Rejects with a RevalignError. `asOf`: the day it answers as of where
     * the arguments name none, instead of that of `setAsOf`; null for none.
     */
    call(name, args, { signal, dates: form = dates, asOf: pinned = asOf } = {}) {
      if (signal?.aborted) return Promise.reject(canceled());
      const { key, text } = question(name, args, form, pinned);
      const known = now() < standing().freshUntil && token ? current(space, key) : undefined;
      if (known) return known.error ? Promise.reject(known.error) : Promise.resolve(known.cell);
      if (!token) return Promise.reject(gone(signedOut()));
      if (now() < refusedUntil) return Promise.reject(signedOut());
      const id = `${space}\n${key}`;
      let job = jobs.get(id);
      if (!job) {
        job = { id, key, text, space, dates: form, size: bytes(text) + 20, waiting: [], sent: false, dropped: false };
        jobs.set(id, job);
        queue.push(job);
      }
      return new Promise((resolve, reject) => {
        const waiter = { resolve, reject };
        job.waiting.push(waiter);
        signal?.addEventListener("abort", () => {
          job.waiting = job.waiting.filter((other) => other !== waiter);
          reject(canceled());
          if (!job.waiting.length && !job.sent) {
            job.dropped = true;
            jobs.delete(id);
          }
        }, { once: true });
        plan();
      });
    },

    /** What is known without asking: {cell} or {error}, or undefined. `any`: however long ago the server was asked. */
    peek(name, args, { any = false, dates: form = dates, asOf: pinned = asOf } = {}) {
      if (!token || (!any && now() >= standing().freshUntil)) return undefined;
      return current(space, question(name, args, form, pinned).key);
    },

    /** Any other request. Resolves with the JSON of the answer; rejects with a RevalignError. Only GET is repeated. */
    async request(method, path, body) {
      const content = body === undefined ? undefined : JSON.stringify(body);
      const { text } = await exchange(method, path, content, space, method === "GET");
      try {
        return text ? JSON.parse(text) : null;
      } catch {
        throw new RevalignError("REV-901", "The server's answer is not JSON.", { status: 200 });
      }
    },

    /** Ask now whether something newer has been published. Resolves with whether it has. */
    async refresh() {
      const before = standing().edition;
      failedAt = -Infinity;
      refusedUntil = 0;
      await look(space);
      return standing().edition !== before;
    },

    /** Drop every kept answer. */
    forget() {
      forgetAll();
    },

    on(event, listener) {
      if (event !== "change") throw new TypeError(`no event "${event}"`);
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    setToken(next) {
      const given = next || null;
      if (given === token && now() >= refusedUntil) return;
      if (given !== token) forgetAll(); // answers belong to the one who asked
      token = given;
      refusedUntil = 0;
      failedAt = -Infinity;
      become(given ? "unknown" : "signed-out");
    },

    setSpace(next) {
      if (next === space) return;
      space = next;
      tell({ state, snapshot: standing().snapshot, space });
    },

    /** The day functions on the snapshot answer as of where a call names none: text, a serial number, a range of one cell
     * with either; blank for the published snapshot. Says whether that is another one than before. */
    setAsOf(next) {
      let given = next;
      while (Array.isArray(given) && given.length === 1) [given] = given;
      if (given === undefined || given === "" || given === 0) given = null;
      const moved = JSON.stringify(given) !== JSON.stringify(asOf);
      asOf = given;
      return moved;
    },

    get asOf() {
      return asOf;
    },
    get snapshot() {
      return standing().snapshot;
    },
    get edition() {
      return standing().edition;
    },
    get state() {
      return state;
    },
    get space() {
      return space;
    },
    get signedIn() {
      return token !== null;
    },
  };
  return client;
}

/** Where token and space are kept: Office's storage where there is one, else that of the page, else memory. */
export function storage(scope = globalThis) {
  const office = scope.OfficeRuntime?.storage;
  if (office) return { get: (key) => office.getItem(key), set: (key, value) => (value ? office.setItem(key, value) : office.removeItem(key)) };
  const memory = new Map();
  const page = () => {
    try {
      return scope.sessionStorage ?? null;
    } catch {
      return null; // a page without rights to it
    }
  };
  return {
    get: async (key) => page()?.getItem(key) ?? memory.get(key) ?? null,
    set: async (key, value) => {
      memory.set(key, value || null);
      if (value) page()?.setItem(key, value);
      else page()?.removeItem(key);
    },
  };
}

/** The one client of this page: the functions and the task pane live in one runtime and share answers and sign-in. */
export function connect(options = {}) {
  globalThis.revalignClient ??= createClient(options);
  return globalThis.revalignClient;
}
