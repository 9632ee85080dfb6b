// A stand-in for what Excel gives the shim, and a counter of requests. Scenarios answer one line of JSON.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

class CellError {
  constructor(code, message) {
    if (!Object.values(ErrorCode).includes(code)) throw new TypeError(`Excel knows no error ${code}`);
    if (code === "#NAME?" || code === "#REF!") throw new TypeError(`Excel refuses ${code} from a function`);
    if (message !== undefined && code !== "#VALUE!" && code !== "#N/A") throw new TypeError(`${code} carries no message`);
    Object.assign(this, { code, message });
  }
}
const ErrorCode = {
  divisionByZero: "#DIV/0!", invalidName: "#NAME?", invalidNumber: "#NUM!", invalidReference: "#REF!",
  invalidValue: "#VALUE!", notAvailable: "#N/A", nullReference: "#NULL!",
};

/**
 * The names of a workbook: name -> a value, or rows of values for a range. Like Excel's they say nothing before a sync.
 */
function names(held) {
  const waiting = [];
  const item = (there, known) => {
    const made = { wanted: [] };
    waiting.push(() => {
      made.isNullObject = !there;
      if (there) for (const name of made.wanted) made[name] = known[name];
    });
    made.load = (wanted) => made.wanted.push(...wanted);
    return made;
  };
  return {
    sync: async () => waiting.splice(0).forEach((settle) => settle()),
    getItemOrNullObject(name) {
      const value = held[name];
      const range = Array.isArray(value);
      return Object.assign(item(value !== undefined, { value: range ? "Sheet1!A1" : value }), {
        getRangeOrNullObject: () => item(range, { values: value }),
      });
    },
  };
}

/** Excel with the add-in: `cell(id, ...arguments)` is what the cell shows. `host.names`: the workbook's names. */
export function excel(functions, client, { formats = true, held = {}, counts = 1900 } = {}) {
  const known = new Map();
  const actions = new Map();
  const kept = new Map();
  const host = {
    CustomFunctions: { Error: CellError, ErrorCode, associate: (id, body) => known.set(id, body) },
    OfficeRuntime: {
      storage: {
        getItem: async (key) => kept.get(key) ?? null,
        setItem: async (key, value) => void kept.set(key, value),
        removeItem: async (key) => void kept.delete(key),
      },
    },
    Office: {
      actions: { associate: (id, body) => actions.set(id, body) },
      addin: { showAsTaskpane: async () => void (host.shown = true) },
      context: { requirements: { isSetSupported: (name) => name === "ExcelApi" && formats } },
    },
    names: { ...held },
    Excel: {
      run: async (work) => {
        const known = names(host.names);
        const date = () => ({ load() {}, value: counts === 1904 ? 44561 : 46023 });
        return work({
          application: { calculate: (kind) => (host.calculated = kind) },
          workbook: { names: known, functions: { date } },
          sync: known.sync,
        });
      },
    },
    client,
  };
  functions.install(host);

  /** Raw arguments as a cell's formula would pass them: ranges where the function takes ranges, errors as objects. */
  function arranged(id, given) {
    const { count, repeats } = functions.FUNCTIONS[id];
    const shape = host.metadata?.functions.find((one) => one.id === id)?.parameters ?? [];
    const cell = (value) => (typeof value === "string" && Object.values(ErrorCode).includes(value) ? { code: value } : value ?? null);
    const range = (value) => {
      if (!Array.isArray(value)) return [[cell(value)]];
      return value.map((row) => (Array.isArray(row) ? row.map(cell) : [cell(row)]));
    };
    const fixed = Array.from({ length: count }, (_, i) => {
      if (given[i] === undefined || given[i] === null) return null;
      return shape[i]?.dimensionality === "matrix" ? range(given[i]) : cell(given[i]);
    });
    const more = given.slice(count).map(range);
    return repeats ? [...fixed, more.length ? more : null] : fixed;
  }

  /** What the cell shows: {cell} or {error, message}. */
  async function cell(id, given, invocation = {}) {
    const plain = (value) => (value instanceof CellError ? value.code : value);
    try {
      const found = await known.get(id)(...arranged(id, given), invocation);
      return { cell: Array.isArray(found) ? found.map((row) => row.map(plain)) : plain(found) };
    } catch (error) {
      if (!(error instanceof CellError)) return { broken: String(error?.stack ?? error) };
      return { error: error.code, message: error.message ?? null };
    }
  }
  return { known, actions, kept, host, cell };
}

/** fetch that counts, through which a scenario sees what went over the wire. */
export function counted() {
  const log = [];
  const fetched = async (url, options) => {
    const size = options.body?.length ?? 0;
    const calls = options.method === "POST" && url.includes("/v1/call") ? JSON.parse(options.body).length : 0;
    log.push({ method: options.method, path: new URL(url).pathname + new URL(url).search, calls, size });
    return globalThis.fetch(url, options);
  };
  return { fetch: fetched, log, get posts() { return log.filter((one) => one.method === "POST").length; } };
}

/** The outcome of a call as data. */
export async function outcome(promise) {
  try {
    return { cell: await promise };
  } catch (error) {
    return { code: error.code, cell: error.cell, message: error.message, name: error.name, status: error.status };
  }
}

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** Hand over to the test and wait until it has done its part. */
export async function turn(told) {
  process.stdout.write(`${JSON.stringify({ turn: told })}\n`);
  return JSON.parse((await lines.next()).value);
}

/** Run the scenario named on the command line. */
export async function main(scenarios) {
  const [, , name, folder] = process.argv;
  const given = (await lines.next()).value;
  const client = await import(pathToFileURL(`${folder}/client.js`).href);
  const functions = await import(pathToFileURL(`${folder}/functions.js`).href);
  const found = await scenarios[name]({ client, functions, folder, ...JSON.parse(given) });
  process.stdout.write(`${JSON.stringify({ found })}\n`, () => process.exit(0));
}
