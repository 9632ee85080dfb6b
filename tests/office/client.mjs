// The client against a real server.
import { counted, main, outcome, turn } from "./support.mjs";

const made = ({ client, base, token }, more = {}) => {
  const net = counted();
  return { net, one: client.createClient({ base, token, fetch: net.fetch, waitMs: 5, ...more }) };
};

await main({
  async order(given) {
    const { one, net } = made(given);
    const asked = Array.from({ length: given.count }, (_, i) => ["CAC", [i, 1, 1]]);
    const first = await Promise.all(asked.map(([name, args]) => one.call(name, args)));
    const posts = net.posts;
    const again = await Promise.all(asked.map(([name, args]) => one.call(name, args)));
    return {
      right: first.every((value, i) => value === i + 1) && again.every((value, i) => value === i + 1),
      posts, requests: net.log.length, largest: Math.max(...net.log.map((entry) => entry.calls)), state: one.state, snapshot: one.snapshot,
    };
  },

  async trickle(given) {
    // cells that Excel hands over one by one, as fast as it can
    const { one, net } = made(given);
    const waiting = [];
    for (let i = 0; i < given.count; i += 1) {
      waiting.push(one.call("CAC", [i, 1, 1]));
      if (i % 20 === 0) await new Promise((done) => setTimeout(done, 0));
    }
    const found = await Promise.all(waiting);
    return { right: found.every((value, i) => value === i + 1), requests: net.log.length };
  },

  async same(given) {
    const { one, net } = made(given);
    const found = await Promise.all(Array.from({ length: 500 }, (_, i) => one.call(i % 2 ? "REVALIGN.CAC" : "cac", [100, 200, 3])));
    return { all: new Set(found).size === 1, calls: net.log.map((entry) => entry.calls) };
  },

  async large(given) {
    const { one, net } = made(given, { maxBytes: given.limit });
    const range = Array.from({ length: 400 }, (_, i) => [i + 0.5]);
    const found = await Promise.all(Array.from({ length: 60 }, (_, i) => one.call("AOV", [range, i + 1])));
    const total = range.flat().reduce((a, b) => a + b, 0);
    return { right: found.every((value, i) => Math.abs(value - total / (i + 1)) < 1e-6), sizes: net.log.map((entry) => entry.size) };
  },

  async asked(given) {
    const { one, net } = made(given, given.options ?? {});
    const found = [];
    for (const [name, args] of given.calls) found.push(await outcome(one.call(name, args)));
    return { found, state: one.state, requests: net.log.length, snapshot: one.snapshot };
  },

  async together(given) {
    const { one, net } = made(given, given.options ?? {});
    const found = await Promise.all(given.calls.map(([name, args]) => outcome(one.call(name, args))));
    return { found, state: one.state, requests: net.log.length };
  },

  async canceled(given) {
    const { one, net } = made(given);
    const stop = new AbortController();
    const kept = one.call("CAC", [1, 2, 3]);
    const dropped = Array.from({ length: 100 }, (_, i) => outcome(one.call("CAC", [i, 5, 5], { signal: stop.signal })));
    const shared = outcome(one.call("CAC", [1, 2, 3], { signal: stop.signal }));
    stop.abort();
    const value = await kept;
    const names = new Set((await Promise.all(dropped)).map((one) => one.name));
    const late = new AbortController();
    const sent = outcome(one.call("CAC", [7, 7, 7], { signal: late.signal }));
    while (net.log.length < 2) await new Promise((done) => setTimeout(done, 1));
    late.abort();
    return { value, names: [...names], shared: (await shared).name, sent: (await sent).name, calls: net.log.map((entry) => entry.calls),
      before: (await outcome(one.call("CAC", [1, 1, 1], { signal: AbortSignal.abort() }))).name };
  },

  async moved(given) {
    let clock = 0;
    const { one, net } = made(given, { now: () => clock });
    const events = [];
    one.on("change", (what) => events.push([what.state, what.snapshot]));
    const ask = () => Promise.all([one.call("METRIC", ["mrr", "2026-01"]), one.call("CAC", [1, 2, 3])]);
    const first = await ask();
    await ask();
    const quiet = net.log.length;
    clock += 11_000;
    const stands = await ask();
    const looked = net.log.slice(quiet).map((entry) => entry.path);
    await turn("publish");
    const within = await ask();
    clock += 11_000;
    const after = await ask();
    const label = one.snapshot;
    await turn("close");
    clock += 11_000;
    const edition = one.edition;
    const closed = await ask();
    await turn("stop");
    clock += 11_000;
    const down = await ask();
    const never = await outcome(one.call("CAC", [9, 9, 9]));
    return { first, quiet, stands, looked, within, after, label, moved: edition !== one.edition, closed, down, never, state: one.state, events };
  },

  async refused(given) {
    const { one, net } = made({ ...given, token: "expired" });
    const first = await outcome(one.call("CAC", [1, 2, 3]));
    const second = await outcome(one.call("CAC", [4, 5, 6]));
    const requests = net.log.length;
    const state = one.state;
    one.setToken(given.token);
    const third = await outcome(one.call("CAC", [1, 2, 3]));
    one.setToken(null);
    const out = await outcome(one.call("CAC", [1, 2, 3]));
    return { first, second, requests, state, third, out, after: one.state, total: net.log.length };
  },

  async spaces(given) {
    const { one, net } = made(given);
    const ask = () => one.call("METRIC", ["mrr", "2026-01"]);
    const live = await ask();
    one.setSpace("demo");
    const demo = await ask();
    const label = one.snapshot;
    one.setSpace("live");
    const again = await ask();
    one.setSpace("nowhere");
    return { live, demo, label, again, requests: net.log.length, unknown: await outcome(ask()) };
  },

  async request(given) {
    const { one } = made(given);
    const list = await one.request("GET", "/v1/functions");
    return { count: list.length, missing: await outcome(one.request("GET", "/v1/nothing")), fresh: await one.refresh() };
  },
});
