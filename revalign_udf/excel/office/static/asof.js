// The day a workbook pins: its name REVALIGN_ASOF, which counts wherever a cell names no day of its own.
//
// Only a name of the whole workbook counts. It holds a date as text (2026-09-30), as a number of the 1900 system, or a cell
// with either; blank means the published snapshot. What it holds goes to the server as it is, which refuses what is no
// date in every cell that would use it. A workbook that counts days from 1904 writes it as text: what its
// numbers mean is found out by asking Excel for the number of a known day, and numbers for days are refused there.

export const AS_OF = "REVALIGN_ASOF";

/** what a cell shows while it is computed */
const UNDER_WAY = new Set(["#BUSY!", "#GETTING_DATA"]);
const GLANCE_MS = 1_000;
/** the number of 1 January 2026 where days are counted from 1904 */
const NEW_YEAR_1904 = 44_561;
const followers = new WeakMap();

async function held(Excel) {
  return Excel.run(async (context) => {
    const name = context.workbook.names.getItemOrNullObject(AS_OF);
    const range = name.getRangeOrNullObject();
    const day = context.workbook.functions?.date?.(2026, 1, 1);
    day?.load("value");
    name.load(["value"]);
    range.load(["values"]);
    await context.sync();
    const from1904 = day?.value === NEW_YEAR_1904;
    if (name.isNullObject) return { asOf: null, from1904 };
    const found = range.isNullObject ? name.value : range.values;
    const first = [found].flat(2)[0];
    if (UNDER_WAY.has(first)) throw new Error(`${AS_OF} is being computed`);
    return { asOf: from1904 && typeof first === "number" ? "#VALUE!" : (found ?? "#VALUE!"), from1904 };
  });
}

/**
 * Keeps a client on the day the workbook pins; one per client, whoever asks for it. Without Excel nothing is pinned.
 *
 * `look()` reads the name, for all who ask before the read begins; who asks later gets the next one. When the day has changed, the whole workbook is calculated anew, so
 * that no two cells answer as of different days. It rejects only as long as the name has never been read: what was read
 * last stands. `glance()` reads it behind an answer from memory, once a second at most. `known`: whether it has been read.
 * `from1904`: whether the workbook counts days from 1904.
 */
export function follow(Excel, client) {
  const made = followers.get(client);
  if (made) return made;
  let known = !Excel?.run;
  let from1904 = false;
  let next = null;
  let glanced = -Infinity;
  let last = Promise.resolve();

  async function begin() {
    await last;
    await new Promise((resolve) => setTimeout(resolve, 0));
    next = null;
    const reading = read();
    last = reading.catch(() => {});
    return reading;
  }

  async function read() {
    const found = await held(Excel);
    from1904 = found.from1904;
    const moved = client.setAsOf(found.asOf);
    if (moved && known) setTimeout(calculate, 0);
    known = true;
  }

  function calculate() {
    Excel.run(async (context) => {
      context.application.calculate("Full");
      await context.sync();
    }).catch(() => {}); // Refresh does it later
  }

  const follower = {
    get known() {
      return known;
    },
    get from1904() {
      return from1904;
    },
    glance() {
      if (Date.now() - glanced < GLANCE_MS) return;
      glanced = Date.now();
      this.look().catch(() => {});
    },
    async look() {
      if (!Excel?.run) return;
      next ??= begin();
      try {
        await next;
      } catch (problem) {
        if (!known) throw problem;
      }
    },
  };
  followers.set(client, follower);
  return follower;
}
