// The functions of Excel: every one asks `revalign serve` through the client. Written by `revalign excel office` from
// the function registry: do not edit.
//
// What Excel hands over and gets back
// * A range is rows of cells, one cell is a row of one; an argument left out is null. Error cells arrive as objects and
//   go on as their text ("#N/A"), which the functions pass through as the first error, like Excel's own.
// * Numbers of data types (a formatted number, a stock) count with their basic value.
// * Excel takes back #VALUE! and #N/A with a message, #DIV/0!, #NUM! and #NULL! without; it refuses #NAME? and #REF!
//   from a function, which therefore become #VALUE! with the original named in the message.
// * Excel on the desktop hands over 0 for a blank cell. Where that matters (a score of 0 is an answer, a cost of 0 is none
//   that was forgotten) the sheet itself is asked which zeros are blanks; where it cannot be asked, the cell says so
//   instead of guessing.
// * The workbook's name REVALIGN_ASOF says as of which day functions on the snapshot answer; see asof.js.
// * While a formula is only previewed nothing is asked: what is known, else #N/A. Never a made-up number.

import { AS_OF, follow } from "./asof.js";
import { SPACE_KEY, TOKEN_KEY, connect, storage } from "./client.js";

/**
 * id -> { name, count: arguments before a repeating one, repeats: is there one, table: does it answer one, blanks: places
 * of the arguments in which a blank is not 0, snapshot: does it read it, days: places of those that may be days }
 */
export const FUNCTIONS = {};

/** ribbon button -> what the pane shows */
export const VIEWS = { INSERT: "insert", EXPLAIN: "explain", FREEZE: "freeze", STATUS: "status", HELP: "help" };

const LONGEST_TEXT = 32_767;
const DATE_FORMAT = "yyyy-mm-dd";
/** days between the two ways a workbook may count them */
const DAYS_1904 = 1_462;
const CODES = {
  "#VALUE!": "invalidValue",
  "#N/A": "notAvailable",
  "#DIV/0!": "divisionByZero",
  "#NUM!": "invalidNumber",
  "#NULL!": "nullReference",
};
/** what an error inside a table may look like */
const ERRORS = new Set([
  "#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA", "#SPILL!", "#CALC!", "#BUSY!",
  "#BLOCKED!", "#FIELD!", "#CONNECT!", "#UNKNOWN!", "#EXTERNAL!", "#PYTHON!", "#ERROR!",
]);
/** error codes by name, as some hosts hand them over */
const NAMED = {
  divisionByZero: "#DIV/0!", invalidName: "#NAME?", invalidNumber: "#NUM!", invalidReference: "#REF!",
  invalidValue: "#VALUE!", notAvailable: "#N/A", nullReference: "#NULL!",
};

/** One cell as the server reads it. */
export function plainCell(cell) {
  if (cell === undefined || cell === null) return null;
  if (typeof cell === "number") return Number.isFinite(cell) ? cell : "#NUM!";
  if (typeof cell !== "object") return cell;
  if (cell.type === "Empty" || cell.basicType === "Empty") return null;
  const code = cell.code ?? cell.errorCode;
  if (code !== undefined) return ERRORS.has(code) ? code : (NAMED[code] ?? "#VALUE!");
  return "basicValue" in cell ? plainCell(cell.basicValue) : "#VALUE!";
}

/** One argument as the server reads it: a range of one cell is the cell. */
export function plainArgument(value) {
  if (!Array.isArray(value)) return plainCell(value);
  const rows = value.map((row) => (Array.isArray(row) ? row.map(plainCell) : [plainCell(row)]));
  return rows.length === 1 && rows[0].length === 1 ? rows[0][0] : rows;
}

/** Whether a value or a range holds a number that may be a day; smaller ones are years. */
const holdsDay = (value) => (typeof value === "number" && value >= 18_538) || (Array.isArray(value) && value.some(holdsDay));

/** Whether a value or a range holds a 0, which on the desktop may be a blank. */
const holdsZero = (value) => value === 0 || (Array.isArray(value) && value.some(holdsZero));

/** The zeros of an argument that the sheet shows to be blank cells become blanks. */
export async function withBlanks(Excel, value, address) {
  const cut = address.lastIndexOf("!");
  const sheet = address.slice(0, cut).replace(/^'|'$/g, "").replaceAll("''", "'");
  const kinds = await Excel.run(async (context) => {
    const range = context.workbook.worksheets.getItem(sheet).getRange(address.slice(cut + 1));
    range.load("valueTypes");
    await context.sync();
    return range.valueTypes;
  });
  if (!Array.isArray(value)) {
    // one cell; of a range that is gone through cell by cell, nobody says which one this is
    const types = new Set(kinds.flat());
    if (types.size > 1 && types.has("Empty")) throw new Error("one of several cells");
    return types.has("Empty") ? null : value;
  }
  const rows = value;
  // Excel may hand over only the used part of a long range
  if (kinds.length < rows.length || kinds[0].length < rows[0].length) throw new Error("another range");
  return rows.map((row, i) => row.map((cell, j) => (cell === 0 && kinds[i][j] === "Empty" ? null : cell)));
}

/** The arguments of a call, the repeating ones written out. */
export function plainArguments(given, count, repeats) {
  const found = given.slice(0, count).map(plainArgument);
  const more = repeats ? (given[count] ?? []).map(plainArgument) : [];
  return more.every((one) => one === null) ? found : [...found, ...more];
}

/** The functions and ribbon buttons of one host; the host's objects are handed in by tests. */
export function install(host = globalThis) {
  const { CustomFunctions, Office, OfficeRuntime } = host;
  const home = new URL("..", import.meta.url).href;
  const client = host.client ?? connect({ base: home });
  const kept = storage({ OfficeRuntime, sessionStorage: host.sessionStorage });
  const dates = "marked";
  const formatted = formats(Office);
  const workbook = follow(host.Excel, client);
  let looked = -Infinity;

  function failure(shown, message) {
    const name = CODES[shown];
    if (name === "invalidValue" || name === "notAvailable") return new CustomFunctions.Error(CustomFunctions.ErrorCode[name], message);
    if (name) return new CustomFunctions.Error(CustomFunctions.ErrorCode[name]);
    return new CustomFunctions.Error(CustomFunctions.ErrorCode.invalidValue, message ? `${shown} ${message}` : shown);
  }

  function shown(cell) {
    if (cell === null || cell === undefined) return "";
    if (typeof cell === "string") return ERRORS.has(cell) ? failure(cell) : cell.slice(0, LONGEST_TEXT);
    if (typeof cell === "object") {
      const day = workbook.from1904 ? cell.date - DAYS_1904 : cell.date;
      return formatted ? { type: "FormattedNumber", basicValue: day, numberFormat: DATE_FORMAT } : day;
    }
    return cell;
  }

  /** An answer as Excel takes it: a value, or rows of equal length. */
  function cells(answer, table) {
    if (!table) return Array.isArray(answer) ? shown(answer[0]?.[0]) : shown(answer);
    const rows = Array.isArray(answer) ? answer.map((row) => row.map(shown)) : [[shown(answer)]];
    return rows.length && rows[0].length ? rows : [[""]];
  }

  /** Sign-in and space may have been chosen in the pane, which may be another page. */
  async function settings() {
    if (Date.now() - looked < 1000) return;
    looked = Date.now();
    const [token, space] = await Promise.all([kept.get(TOKEN_KEY), kept.get(SPACE_KEY)]);
    if (token && (!client.signedIn || client.state === "signed-out")) client.setToken(token);
    if (space) client.setSpace(space);
  }

  function finish(outcome, table) {
    if (outcome.error) throw failure(outcome.error.cell, outcome.error.message);
    return cells(outcome.cell, table);
  }

  /** The arguments with blanks where zeros stand for blanks. */
  async function blanked(given, blanks, invocation) {
    const found = [...given];
    for (const place of blanks) {
      const address = invocation?.parameterAddresses?.[place];
      if (!address || !holdsZero(given[place])) continue; // numbers typed into the formula are what they are
      try {
        found[place] = plainArgument(await withBlanks(host.Excel, given[place], String(address)));
      } catch {
        throw failure("#N/A", "REV-112 A blank cell cannot be told from 0 here. Give a range without blank cells.");
      }
    }
    return found;
  }

  /** Numbers for days mean other days in a workbook that counts from 1904: refused, never read four years early. */
  function refuse1904(given, days) {
    if (workbook.from1904 && days.some((place) => holdsDay(given[place]))) {
      throw failure("#VALUE!", 'REV-101 This workbook counts days from 1904. Write days and periods as text: "2026-09-30", "2026-09".');
    }
  }

  async function asked({ name, table, blanks, snapshot, days }, raw, invocation) {
    const given = await blanked(raw, blanks, invocation);
    if (snapshot || days.length) {
      await workbook.look().catch(() => {
        throw failure("#VALUE!", `REV-101 Excel does not say what ${AS_OF} holds. Calculate again.`);
      });
    }
    refuse1904(given, days);
    if (!client.signedIn || client.state === "signed-out") await settings();
    let signal;
    if (invocation && typeof AbortController === "function") {
      const stop = new AbortController();
      invocation.onCanceled = () => stop.abort();
      signal = stop.signal;
    }
    try {
      return cells(await client.call(name, given, { signal, ...how(snapshot) }), table);
    } catch (error) {
      throw failure(error?.cell ?? "#VALUE!", error?.message ?? String(error));
    }
  }

  /** What goes with a question: functions on ranges know no day. */
  const how = (snapshot) => (snapshot ? { dates } : { dates, asOf: null });

  /** Answered at once when it is known, so that the cell does not flash; otherwise a promise. */
  function body(shape) {
    const { name, count, repeats, table, blanks, snapshot, days } = shape;
    return (...all) => {
      // Excel hands over one value per declared argument, null for one left out, and its own object after them
      const invocation = all[count + (repeats ? 1 : 0)];
      const given = plainArguments(all, count, repeats);
      refuse1904(given, days);
      const unsure = ((snapshot || days.length) && !workbook.known)
        || blanks.some((place) => holdsZero(given[place]) && invocation?.parameterAddresses?.[place]);
      if (invocation?.isInValuePreview) {
        const known = unsure ? null : client.peek(name, given, { any: true, ...how(snapshot) });
        return finish(known ?? { error: { cell: "#N/A", message: "Shown when the formula is entered." } }, table);
      }
      const known = unsure ? null : client.peek(name, given, how(snapshot));
      if (known && snapshot) workbook.glance();
      return known ? finish(known, table) : asked(shape, given, invocation);
    };
  }

  for (const [id, shape] of Object.entries(FUNCTIONS)) {
    CustomFunctions.associate(id, body(shape));
  }
  if (Office?.actions?.associate) ribbon(host, client, workbook);
  settings();
  workbook.look().catch(() => {}); // asked again by the first cell
  return client;
}

function formats(Office) {
  try {
    return Boolean(Office?.context?.requirements?.isSetSupported("ExcelApi", "1.16"));
  } catch {
    return false;
  }
}

/**
 * What the ribbon buttons do. A view is shown in the pane: `revalignView` on the page names it, and the event
 * "revalign:view" tells it (detail: the view), then the pane is opened.
 */
function ribbon(host, client, workbook) {
  const { Office, Excel } = host;
  const button = (work) => async (event) => {
    try {
      await work();
    } catch {
      // the pane tells the state; a ribbon button has nowhere to
    } finally {
      event?.completed?.();
    }
  };
  for (const [id, view] of Object.entries(VIEWS)) {
    Office.actions.associate(id, button(async () => {
      host.revalignView = view;
      host.dispatchEvent?.(new CustomEvent("revalign:view", { detail: view }));
      await Office.addin?.showAsTaskpane();
    }));
  }
  Office.actions.associate("REFRESH", button(async () => {
    await workbook.look().catch(() => {});
    await client.refresh().catch(() => false); // cells then show what they can
    await Excel?.run(async (context) => {
      context.application.calculate("Full");
      await context.sync();
    });
  }));
}

if (globalThis.CustomFunctions?.associate) install();
