// Formulas as people type them, written and read. Excel's own spelling in a file differs; the pane shows the typed one.

/** A text that stands for a cell, a range, a spill or a name: written as `=B$3`. */
const REFERENCE = /^=\s*((?:(?:'(?:[^']|'')+'|[\p{L}\w.]+)!)?\$?[A-Za-z]{1,3}\$?\d{1,7}(?::\$?[A-Za-z]{1,3}\$?\d{1,7}|#)?)$/u;
const NAMES = "METRIC SERIES TABLE EXPLAIN RECORDS STAMP";
/** our functions in each spelling: typed, of the classic add-in, and as Excel keeps ours in the file */
const CALL = /(?:_xldudf_|_xludf\.|_xlfn\.)?REVALIGN[._]([A-Z][A-Z0-9_]*)\s*\(/iy;

export function reference(text) {
  return REFERENCE.exec(String(text).trim())?.[1] ?? null;
}

function literal(value) {
  const pointed = reference(value);
  return pointed ?? `"${String(value).replaceAll('"', '""')}"`;
}

/** `=REVALIGN.NAME(...)`: trailing blanks left out, inner ones empty. */
export function formula(name, args) {
  const last = args.findLastIndex((item) => item !== null && item !== undefined && item !== "");
  return `=REVALIGN.${name}(${args.slice(0, last + 1).map((item) => (item === null || item === undefined || item === "" ? "" : literal(item))).join(",")})`;
}

/** Every call of our functions in a formula: {name, args, text}. An argument is {kind, value, text}. */
export function calls(text) {
  const found = [];
  const source = String(text ?? "");
  for (let at = 0; at < source.length; at += 1) {
    const sign = source[at];
    if (sign === '"' || sign === "'") {
      at = closing(source, at);
      continue;
    }
    if (/[\p{L}\w.]/u.test(source[at - 1] ?? "")) continue;
    CALL.lastIndex = at;
    const match = CALL.exec(source);
    if (!match) continue;
    const { parts, end } = split(source, CALL.lastIndex);
    found.push({ name: match[1].toUpperCase(), args: parts.map(argument), text: source.slice(at, end + 1) });
    // calls inside the arguments are found as well
    at = CALL.lastIndex - 1;
  }
  return found;
}

/** Where the quoted text that begins at a place ends. */
function closing(source, at) {
  const sign = source[at];
  let end = at + 1;
  while (end < source.length) {
    if (source[end] === sign) {
      if (source[end + 1] !== sign) return end;
      end += 1;
    }
    end += 1;
  }
  return source.length;
}

function split(source, from) {
  const parts = [];
  let depth = 0;
  let braces = 0;
  let start = from;
  let at = from;
  for (; at < source.length; at += 1) {
    const sign = source[at];
    if (sign === '"' || sign === "'") at = closing(source, at);
    else if (sign === "(") depth += 1;
    else if (sign === "{" || sign === "[") braces += 1;
    else if (sign === "}" || sign === "]") braces -= 1;
    else if (sign === ")") {
      if (depth === 0) break;
      depth -= 1;
    } else if ((sign === "," || sign === ";") && depth === 0 && braces === 0) {
      parts.push(source.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(source.slice(start, at));
  return { parts: parts.length === 1 && !parts[0].trim() ? [] : parts, end: at };
}

function argument(part) {
  const text = part.trim();
  if (!text) return { kind: "blank", value: null, text };
  if (/^"(?:[^"]|"")*"$/.test(text)) return { kind: "text", value: text.slice(1, -1).replaceAll('""', '"'), text };
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?%?$/i.test(text)) {
    const number = Number(text.replace("%", ""));
    return { kind: "number", value: text.endsWith("%") ? number / 100 : number, text };
  }
  if (/^(?:true|false)$/i.test(text)) return { kind: "boolean", value: /^true$/i.test(text), text };
  const array = constants(text);
  if (array) return { kind: "array", value: array, text };
  if (reference(`=${text}`)) return { kind: "reference", value: text, text };
  if (/^[\p{L}_\\][\p{L}\w.\\]*$/u.test(text)) return { kind: "name", value: text, text };
  return { kind: "expression", value: null, text };
}

/** {"a","b";1,2} as rows. */
function constants(text) {
  if (!/^\{.*\}$/s.test(text)) return null;
  const rows = [[]];
  const inner = text.slice(1, -1);
  let start = 0;
  for (let at = 0; at <= inner.length; at += 1) {
    if (inner[at] === '"') at = closing(inner, at);
    else if (at === inner.length || inner[at] === "," || inner[at] === ";") {
      const item = argument(inner.slice(start, at));
      if (!["text", "number", "boolean"].includes(item.kind)) return null;
      rows.at(-1).push(item.value);
      if (inner[at] === ";") rows.push([]);
      start = at + 1;
    }
  }
  return rows;
}

/** Whether an explanation can be given of a call. */
export function explainable(name) {
  return NAMES.split(" ").includes(name);
}
