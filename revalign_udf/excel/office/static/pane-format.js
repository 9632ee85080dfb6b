// Values, days and times for people. The exact value always travels beside what is shown.

function language() {
  const wanted = globalThis.Office?.context?.contentLanguage || navigator.language;
  try {
    return new Intl.NumberFormat(wanted).resolvedOptions().locale;
  } catch {
    return "en";
  }
}

/** A value by its unit: money, rate, count, number, points, months, years. Half is rounded away from zero. */
export function shown(value, unit, currency = "") {
  if (value === null || value === undefined || value === "") return "";
  if (typeof value !== "number") return String(value);
  const format = (options) => new Intl.NumberFormat(language(), options).format(value);
  switch (unit) {
    case "rate":
      return format({ style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
    case "money":
      try {
        return currency ? format({ style: "currency", currency }) : format({ minimumFractionDigits: 2, maximumFractionDigits: 2 });
      } catch {
        return `${format({ minimumFractionDigits: 2, maximumFractionDigits: 2 })} ${currency}`; // a code the browser does not know
      }
    case "count":
    case "points":
      return format({ maximumFractionDigits: 0 });
    case "months":
    case "years":
      return `${format({ minimumFractionDigits: 1, maximumFractionDigits: 1 })} ${unit}`;
    default:
      return format({ maximumFractionDigits: 4 });
  }
}

/** What Excel shows a value of a unit as. */
export function numberFormat(unit) {
  return { rate: "0.0%", money: "#,##0.00", count: "#,##0", points: "0", months: "0.0", years: "0.0" }[unit] ?? "";
}

/** 31 Oct 2026 from 2026-10-31; as it is where it is no day. */
export function dayShown(text) {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(String(text));
  if (!match) return String(text ?? "");
  const day = new Date(Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3])));
  return new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" }).format(day);
}

/** 14:05, or 30 Oct, 14:05 where it was not today, in the clock of this computer. */
export function timeShown(text, now = new Date()) {
  const when = new Date(text);
  if (Number.isNaN(when.getTime())) return String(text ?? "");
  const time = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" }).format(when);
  if (when.toDateString() === now.toDateString()) return time;
  return `${new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" }).format(when)}, ${time}`;
}

export const UNITS = {
  money: "Money", rate: "Percent", count: "Count", number: "Number", points: "Points", months: "Months", years: "Years",
};

const SHORT = new Set("aov arpu arr cac clv cpl crm fx grr id kpi ltm ltv mql mrr nps nrr roas roi sla smb sql url".split(" "));

/** A name of the model in words: `unit_economics` -> Unit economics, `base_mrr` -> Base MRR. */
export function words(name) {
  const text = String(name).replaceAll("_", " ").trim().split(" ").map((word) => (SHORT.has(word) ? word.toUpperCase() : word)).join(" ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function plural(count, one, many = `${one}s`) {
  return `${new Intl.NumberFormat(language()).format(count)} ${count === 1 ? one : many}`;
}

/** Steps from one text to another (insert, delete, replace, swap neighbours), for "did you mean". */
export function distance(a, b) {
  let before = [];
  let row = Array.from({ length: b.length + 1 }, (_, place) => place);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) next[j] = Math.min(next[j], before[j - 2] + 1);
    }
    [before, row] = [row, next];
  }
  return row[b.length];
}
