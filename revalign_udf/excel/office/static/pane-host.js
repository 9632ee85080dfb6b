// Where the pane lives: inside Excel, or as a plain web page. Everything Excel is asked for stands here.

import { follow } from "./asof.js";

const OFFICE = "https://appsforoffice.microsoft.com/lib/1/hosted/office.js";
const PATIENCE = 5_000;

/** Whether this page can be inside Office: a frame, an embedded browser, or an address Office has written to. */
function embedded() {
  const address = `${location.search}${location.hash}${window.name}`;
  let known = null;
  try {
    known = sessionStorage.getItem("hostInfoValue");
  } catch {
    // no storage: decided by the rest
  }
  return Boolean(
    known || /_host_Info|host=excel/i.test(address) || window !== window.top || window.chrome?.webview || window.webkit?.messageHandlers,
  );
}

function load(address) {
  return new Promise((resolve) => {
    const script = document.createElement("script");
    script.src = address;
    script.addEventListener("load", resolve);
    script.addEventListener("error", resolve);
    document.head.append(script);
  });
}

/** The host, once it is known which. Never fails: without Excel it is the web page. */
export async function openHost() {
  if (!globalThis.Office && embedded()) await load(OFFICE);
  if (!globalThis.Office?.onReady) return webPage();
  const ready = globalThis.Office.onReady();
  // the functions of the workbook run in this page and share the client; Excel waits for them
  let functions = globalThis.CustomFunctions ? import("./functions.js") : null;
  const info = await Promise.race([ready, new Promise((resolve) => setTimeout(resolve, PATIENCE, null))]);
  if (globalThis.CustomFunctions) functions ??= import("./functions.js");
  await functions?.catch(() => null);
  return info?.host && globalThis.Excel ? excel() : webPage();
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // embedded browsers may refuse the clipboard: the old way, from a field
  }
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "unseen";
  const before = document.activeElement;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  before?.focus();
  return done;
}

function webPage() {
  return {
    excel: false,
    copy,
    dark: null,
    active: async () => null,
    insert: async () => null,
    read: async () => [],
    recalculate: async () => {},
    follow: async () => {},
    onSelection: () => {},
  };
}

function supports(version) {
  try {
    return Boolean(globalThis.Office.context.requirements.isSetSupported("ExcelApi", version));
  } catch {
    return false;
  }
}

/** Whether Excel shows itself dark; null where it does not say. */
function dark() {
  const color = /^#?([0-9a-f]{6})$/i.exec(globalThis.Office?.context?.officeTheme?.bodyBackgroundColor ?? "")?.[1];
  if (!color) return null;
  const [red, green, blue] = [0, 2, 4].map((at) => Number.parseInt(color.slice(at, at + 2), 16));
  return 0.299 * red + 0.587 * green + 0.114 * blue < 128;
}

function short(address) {
  return String(address).split("!").at(-1).replaceAll("$", "");
}

function sheetOf(address) {
  const text = String(address);
  return text.includes("!") ? text.slice(0, text.lastIndexOf("!")).replace(/^'|'$/g, "").replaceAll("''", "'") : "";
}

function excel() {
  const run = (work) => globalThis.Excel.run(work);
  let listener = null;

  /** The active cell: {address, place, formula, value, empty, spill}. `spill` is the cell's place in a spilled table. */
  async function active() {
    return run(async (context) => {
      const cell = context.workbook.getActiveCell();
      cell.load(["address", "formulas", "values", "rowIndex", "columnIndex"]);
      await context.sync();
      const [formula, value] = [cell.formulas[0][0], cell.values[0][0]];
      const found = { address: cell.address, place: short(cell.address), formula: String(formula ?? ""), value, empty: formula === "", spill: null };
      if (found.empty || !supports("1.12")) return found;
      const parent = cell.getSpillParentOrNullObject();
      parent.load(["address", "formulas", "rowIndex", "columnIndex"]);
      await context.sync();
      const anchor = parent.isNullObject ? cell : parent;
      const whole = anchor.getSpillingToRangeOrNullObject();
      whole.load(["values"]);
      await context.sync();
      if (whole.isNullObject) return found;
      return {
        ...found,
        formula: String(anchor.formulas[0][0]),
        spill: { parent: short(anchor.address), values: whole.values, row: cell.rowIndex - anchor.rowIndex, column: cell.columnIndex - anchor.columnIndex },
      };
    });
  }

  /** Write a formula into the active cell, with a format for its unit where it has none. Its address. */
  async function insert(text, format = "") {
    return run(async (context) => {
      const cell = context.workbook.getActiveCell();
      cell.load(["address", "numberFormat"]);
      await context.sync();
      cell.formulas = [[text]];
      if (format && cell.numberFormat[0][0] === "General") cell.numberFormat = [[format]];
      await context.sync();
      return short(cell.address);
    });
  }

  /** Values of references and names as rows of cells, in order; null for one that does not exist. */
  async function read(references, near = "") {
    return run(async (context) => {
      const { workbook } = context;
      const home = sheetOf(near);
      const ranges = [];
      for (const text of references) {
        const sheet = sheetOf(text);
        const place = short(text);
        if (!sheet && /^[\p{L}_\\][\p{L}\w.\\]*$/u.test(text) && !/^[A-Za-z]{1,3}\d+$/.test(place)) {
          ranges.push(workbook.names.getItemOrNullObject(text).getRangeOrNullObject());
          continue;
        }
        const name = sheet || home;
        const on = name ? workbook.worksheets.getItem(name) : workbook.worksheets.getActiveWorksheet();
        ranges.push(place.endsWith("#") ? on.getRange(place.slice(0, -1)).getSpillingToRange() : on.getRange(place));
      }
      for (const range of ranges) range.load(["values"]);
      await context.sync();
      return ranges.map((range) => (range.isNullObject ? null : range.values));
    });
  }

  return {
    excel: true,
    copy,
    dark: dark(),
    active,
    insert,
    read,
    follow: (client) => follow(globalThis.Excel, client).look(),
    async recalculate() {
      await run(async (context) => {
        context.application.calculate("Full");
        await context.sync();
      });
    },
    /** The one who wants to know of another chosen cell: the view that is shown. Excel is asked once. */
    onSelection(work) {
      const first = listener === null;
      listener = work;
      if (!first) return;
      run(async (context) => {
        context.workbook.onSelectionChanged.add(async () => listener());
        await context.sync();
      }).catch(() => {});
    },
  };
}
