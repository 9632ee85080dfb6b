// A stand-in for Office and Excel: one sheet of cells, a chosen cell, a log. Like Excel's it gives nothing that has not
// been loaded and synchronised, and knows no sheet that is not there.
(() => {
  const sheet = { cells: {}, active: "B4", names: {}, spills: {}, log: [], selection: [], actions: {}, functions: {} };
  window.sheet = sheet;
  const column = (letters) => [...letters].reduce((sum, sign) => sum * 26 + sign.charCodeAt(0) - 64, 0);
  const letters = (n) => (n > 26 ? String.fromCharCode(64 + Math.floor((n - 1) / 26)) : "") + String.fromCharCode(65 + ((n - 1) % 26));
  const place = (text) => {
    const [, col, row] = /^([A-Z]+)(\d+)$/.exec(text.replaceAll("$", ""));
    return [Number(row), column(col)];
  };

  class Range {
    constructor(context, address, there = true) {
      Object.assign(this, { context, at: address.replaceAll("$", ""), there, wanted: [], known: {} });
      context.pending.push(this);
    }
    load(names) { this.wanted.push(...[names].flat()); }
    settle() {
      if (!this.there) return;
      const [first, last = first] = this.at.split(":");
      const [[r0, c0], [r1, c1]] = [place(first), place(last)];
      const grid = (kind) => Array.from({ length: r1 - r0 + 1 }, (_, r) => Array.from({ length: c1 - c0 + 1 }, (_, c) => {
        const cell = sheet.cells[`${letters(c0 + c)}${r0 + r}`] ?? {};
        return kind === "numberFormat" ? (cell.numberFormat ?? "General") : kind === "formulas" ? (cell.formula ?? cell.value ?? "") : (cell.value ?? "");
      }));
      const every = { address: () => `Sheet1!${this.at}`, rowIndex: () => r0 - 1, columnIndex: () => c0 - 1 };
      for (const name of this.wanted) this.known[name] = every[name] ? every[name]() : grid(name);
    }
    getSpillParentOrNullObject() { const parent = sheet.spills[this.at]; return new Range(this.context, parent ?? "A1", Boolean(parent)); }
    getSpillingToRange() { return new Range(this.context, sheet.spills[`${this.at}#`]); }
    getSpillingToRangeOrNullObject() { const to = sheet.spills[`${this.at}#`]; return new Range(this.context, to ?? "A1", Boolean(to)); }
    getRangeOrNullObject() { return this; }
    get isNullObject() { return !this.there; }
  }
  for (const name of ["values", "formulas", "numberFormat", "address", "rowIndex", "columnIndex"]) {
    Object.defineProperty(Range.prototype, name, {
      get() {
        if (!(name in this.known)) throw new Error(`PropertyNotLoaded: ${name}`);
        return this.known[name];
      },
      set(value) {
        if (sheet.editing) throw new Error("InvalidOperationInCellEditMode");
        const key = { formulas: "formula", numberFormat: "numberFormat" }[name];
        sheet.cells[this.at] = { ...sheet.cells[this.at], [key]: value[0][0] };
        sheet.log.push([name, this.at, value[0][0]]);
      },
    });
  }

  const run = async (work) => {
    const context = { pending: [] };
    const on = (name) => {
      if (name !== undefined && name !== "Sheet1") throw new Error(`ItemNotFound: ${name}`);
      return { getRange: (address) => new Range(context, address) };
    };
    context.sync = async () => { for (const one of context.pending) one.settle(); };
    context.application = { calculate: (how) => sheet.log.push(["calculate", how]) };
    context.workbook = {
      getActiveCell: () => new Range(context, sheet.active),
      worksheets: { getItem: on, getActiveWorksheet: () => on() },
      names: { getItemOrNullObject: (name) => new Range(context, sheet.names[name] ?? "A1", name in sheet.names) },
      onSelectionChanged: { add: (work_) => sheet.selection.push(work_) },
    };
    return work(context);
  };
  sheet.choose = async (address) => { sheet.active = address; for (const work of sheet.selection) await work(); };

  window.Excel = { run };
  window.Office = {
    onReady: async () => ({ host: "Excel", platform: "PC" }),
    context: { requirements: { isSetSupported: () => true }, contentLanguage: "en-US", officeTheme: null },
    actions: { associate: (id, work) => { sheet.actions[id] = work; } },
    addin: { showAsTaskpane: async () => { sheet.log.push(["showAsTaskpane"]); } },
  };
  window.CustomFunctions = {
    associate: (id, work) => { sheet.functions[id] = work; },
    Error: class extends Error { constructor(code, message) { super(message); this.code = code; } },
    ErrorCode: { invalidValue: "#VALUE!", notAvailable: "#N/A", divisionByZero: "#DIV/0!", invalidNumber: "#NUM!", nullReference: "#NULL!" },
  };
  const stored = {
    getItem: async (key) => window.sessionStorage.getItem(key),
    setItem: async (key, value) => window.sessionStorage.setItem(key, value),
    removeItem: async (key) => window.sessionStorage.removeItem(key),
  };
  window.OfficeRuntime = { storage: stored };
})();
