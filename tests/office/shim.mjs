// The functions as Excel calls them, against a real server.
import { readFileSync } from "node:fs";
import { counted, excel, main } from "./support.mjs";

const opened = ({ client, functions, folder, base, token }, more = {}) => {
  const net = counted();
  const one = client.createClient({ base, token, fetch: net.fetch, waitMs: 5 });
  const book = excel(functions, one, more);
  book.host.metadata = JSON.parse(readFileSync(`${folder}/functions.json`, "utf8"));
  return { net, one, book };
};

await main({
  async calls(given) {
    const { book, net } = opened(given, { formats: given.formats ?? false });
    const found = await Promise.all(given.calls.map(([id, args]) => book.cell(id, args)));
    return { found, requests: net.log.length };
  },

  async associated(given) {
    const { book } = opened(given);
    return { known: [...book.known.keys()], declared: book.host.metadata.functions.map((one) => one.id), actions: [...book.actions.keys()] };
  },

  async preview(given) {
    const { book, net } = opened(given);
    const unknown = await book.cell("CAC", [1, 2, 3], { isInValuePreview: true });
    const quiet = net.log.length;
    await book.cell("CAC", [1, 2, 3]);
    const asked = net.log.length;
    const known = await book.cell("CAC", [1, 2, 3], { isInValuePreview: true });
    // known and fresh: a value at once, not a promise, so that the cell does not flash
    const at = book.known.get("CAC")([[1]], [[2]], [[3]], {});
    return { unknown, quiet, known, asked, after: net.log.length, at };
  },

  async canceled(given) {
    const { book, net } = opened(given);
    const invocation = {};
    const shown = book.cell("CAC", [1, 2, 3], invocation);
    await Promise.resolve();
    invocation.onCanceled();
    const [first] = await Promise.all([shown]);
    return { first, requests: net.log.length };
  },

  async signed(given) {
    const { book, net } = opened({ ...given, token: null });
    const out = await book.cell("CAC", [1, 2, 3]);
    book.kept.set("revalign.token", given.token);
    await new Promise((done) => setTimeout(done, 1100));
    return { out, quiet: net.log.length, signed: await book.cell("CAC", [1, 2, 3]) };
  },

  async from1904(given) {
    // a workbook that counts days from 1904: its numbers for days are refused, days that come back are its own
    const opening = (counts) => opened(given, { counts });
    const ask = async ({ book }) => ({
      number: await book.cell("METRIC", ["mrr", counts1904 ? 44561 : 46023]),
      text: await book.cell("METRIC", ["mrr", "2026-01"]),
      year: await book.cell("METRIC", ["mrr", 2026]),
      range: await book.cell("COHORTS", ["A", counts1904 ? 44561 : 46023, 5]),
      amount: await book.cell("CAC", [44561, 44561, 1]),
      day: await book.cell("PERIOD", ["2026-01"]),
    });
    let counts1904 = true;
    const one = await ask(opening(1904));
    counts1904 = false;
    return { one, other: await ask(opening(1900)) };
  },

  async scores(given) {
    // Excel on the desktop hands over 0 for a blank; the sheet knows which zeros are blanks
    const { book } = opened(given);
    const asked = [];
    const sheet = { "Survey 'A'!A1:A4": [["Double"], ["Empty"], ["Double"], ["Double"]] };
    const area = (name, address) => {
      asked.push(`${name}!${address}`);
      return { load() {}, get valueTypes() { return sheet[`${name}!${address}`]; } };
    };
    const getItem = (name) => ({ getRange: (address) => area(name, address) });
    book.host.Excel.run = async (work) => work({ workbook: { worksheets: { getItem } }, sync: async () => {} });
    const range = [[10], [0], [0], [9]];
    const survey = "'Survey ''A'''!A1:A4";
    const at = (address, more = {}) => book.cell("NPS", [range], { parameterAddresses: [address], ...more });
    return {
      blank: await at(survey), typed: await at(undefined), unreadable: await at("Gone!A1:A4"),
      sure: await book.cell("NPS", [[[10], [9]]], { parameterAddresses: ["Gone!A1:A2"] }),
      preview: await at(survey, { isInValuePreview: true }), asked,
    };
  },

  async single(given) {
    // one cell that is blank: Excel on the desktop hands over 0
    const { book } = opened(given);
    const sheet = { "S!A1": [["Empty"]], "S!A2": [["Double"]], "S!A1:A2": [["Empty"], ["Double"]], "S!B1:B2": [["Double"], ["Double"]] };
    const getItem = (name) => ({ getRange: (area) => ({ load() {}, get valueTypes() { return sheet[`${name}!${area}`]; } }) });
    book.host.Excel.run = async (work) => work({ workbook: { worksheets: { getItem } }, sync: async () => {} });
    const share = (address) => book.cell("COMMISSION.SPLIT", [0, [[1], [1]]], { parameterAddresses: [address, "S!C1:C2", null] });
    const mrr = (quantity, address) => book.cell("MRR", [[[5], [6]], null, quantity], { parameterAddresses: ["S!C1:C2", null, address] });
    return {
      blank: await share("S!A1"), zero: await share("S!A2"), typed: await share(""), one: await share("S!A1:A2"), all: await share("S!B1:B2"),
      every: await mrr(0, "S!A1"), none: await mrr(0, "S!A2"), left: await mrr(null, null),
    };
  },

  async pinned(given) {
    // what the workbook's name REVALIGN_ASOF holds, one after the other; null: there is no such name
    const { book, net } = opened(given, { formats: false });
    const found = [];
    for (const value of given.held) {
      book.host.names = value === null ? {} : { REVALIGN_ASOF: value };
      await book.actions.get("REFRESH")({});
      found.push(await Promise.all(given.calls.map(([id, args]) => book.cell(id, args))));
    }
    return { found, posts: net.posts };
  },

  async moving(given) {
    // the name changes between two questions: what is known at once is that of the day read last
    const { book, net } = opened(given, { held: { REVALIGN_ASOF: given.first } });
    const ask = () => book.cell(...given.asked);
    const at = () => book.known.get(given.asked[0])(...given.raw, {});
    const early = at();
    const before = await ask();
    await early;
    const known = at();
    const quiet = net.log.length;
    book.host.names.REVALIGN_ASOF = given.then;
    const still = at();
    await ask(); // answered from memory: nothing is asked, so nothing is read
    const calculated = book.host.calculated ?? null;
    await book.cell(...given.other); // asked: the name is read anew
    await new Promise((done) => setTimeout(done, 10));
    const after = await ask();
    // answers from memory alone: the name is looked at behind them
    await new Promise((done) => setTimeout(done, 1100));
    book.host.names.REVALIGN_ASOF = given.first;
    at();
    await new Promise((done) => setTimeout(done, 50));
    const behind = await ask();
    return { behind, early: early instanceof Promise, before, known, still, quiet, calculated, again: book.host.calculated, after };
  },

  async unread(given) {
    // Excel does not let itself be asked, as while a cell is edited
    const { book } = opened(given, { held: { REVALIGN_ASOF: "#BUSY!" } });
    const { run } = book.host.Excel;
    await new Promise((done) => setTimeout(done, 10));
    const busy = await book.cell(...given.asked);
    const range = await book.cell("CAC", [1, 2, 3]);
    book.host.names = { REVALIGN_ASOF: given.day };
    const read = await book.cell(...given.asked);
    book.host.Excel.run = async () => {
      throw new Error("InvalidOperationInCellEditMode");
    };
    const editing = await book.cell(...given.other);
    book.host.Excel.run = run;
    return { busy, range, read, editing };
  },

  async inputs(given) {
    const { plainArgument, plainArguments } = given.functions;
    return {
      cells: [undefined, null, 1.5, "a", true, NaN, { code: "#N/A" }, { code: "divisionByZero" }, { type: "Error", basicType: "Error", basicValue: "#REF!" },
        { type: "FormattedNumber", basicValue: 46266, numberFormat: "yyyy" }, { type: "Empty", basicType: "Empty", basicValue: "" },
        { type: "Entity", basicType: "Error", basicValue: "#VALUE!" }, {}].map(plainArgument),
      ranges: [[[1]], [[1], [null]], [[{ code: "#N/A" }, 2]]].map(plainArgument),
      repeated: [plainArguments(["mrr", "2026-01", null, [[["segment"]], [["SMB"]]]], 3, true), plainArguments(["mrr", "2026-01", null, null], 3, true),
        plainArguments(["mrr", "2026-01", null, [[["segment"]], [[null]]]], 3, true), plainArguments(["mrr", "2026-01", null, [[[null]], [[null]]]], 3, true)],
    };
  },

  async buttons(given) {
    const { book } = opened(given);
    let completed = 0;
    const press = (id) => book.actions.get(id)({ completed: () => (completed += 1) });
    await press("EXPLAIN");
    const view = book.host.revalignView;
    await press("REFRESH");
    return { view, shown: book.host.shown, calculated: book.host.calculated, completed };
  },
});
