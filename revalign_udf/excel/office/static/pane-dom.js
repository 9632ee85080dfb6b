// Elements, icons and announcements. Text is always set as text: nothing is ever parsed as HTML.

const SVG = "http://www.w3.org/2000/svg";

/** Outlines on a 16 x 16 grid. */
const PATHS = {
  back: "M10 3 5 8l5 5",
  close: "m4 4 8 8M12 4l-8 8",
  plus: "M8 3v10M3 8h10",
  check: "m3 8.5 3.2 3.2L13 5",
  warn: "M8 2.5 14.5 13.5h-13ZM8 6.5v3.2M8 11.8v.2",
  stop: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8ZM8 4.8v4M8 11v.2",
  clock: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8ZM8 4.5V8l2.4 1.6",
  lock: "M4 7.5h8v6H4ZM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5",
  flask: "M6 2h4M6.8 2v4L3.4 12.6A1 1 0 0 0 4.3 14h7.4a1 1 0 0 0 .9-1.4L9.2 6V2",
  unplugged: "M2 2l12 12M4.3 6.5A6 6 0 0 1 6 5.5M9.5 5.3a6 6 0 0 1 2.3 1.2M6.2 9.2a2.8 2.8 0 0 1 2-.6M8 12v.2",
  mirror: "M8 2v12M6 4.5 2.5 11.5H6ZM10 4.5l3.5 7H10Z",
  down: "m4 6 4 4 4-4",
  key: "M10.8 2.2a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM8.7 7.3 3 13M5 11l1.8 1.8",
};

/** An element: `h("p", {class: "hint", on: {click}}, "text", child, [more])`. Falsy children are left out. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [event, work] of Object.entries(value)) element.addEventListener(event, work);
    else if (name === "value") element.value = value;
    else if (name === "checked" || name === "disabled" || name === "hidden" || name === "open" || name === "required") element[name] = value;
    else element.setAttribute(name === "class" ? "class" : name, value === true ? "" : String(value));
  }
  element.append(...flat(children));
  return element;
}

function flat(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false && child !== "");
}

/** The same element with other children. */
export function fill(element, ...children) {
  element.replaceChildren(...flat(children));
  return element;
}

/** A picture beside a text that says the same. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true", focusable: "false" })) {
    svg.setAttribute(key, value);
  }
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

export function button(label, work, props = {}) {
  const { icon: picture, ...rest } = props;
  return h("button", { type: "button", ...rest, on: { click: work, ...rest.on } }, picture && icon(picture), label);
}

/** Read out, when whatever is being read has ended. The same text twice is read twice. */
export function say(text, { urgent = false } = {}) {
  const place = document.getElementById(urgent ? "urgent" : "said");
  if (place) place.textContent = place.textContent === text ? `${text}\u00a0` : text;
}

/** A formula that breaks after its commas when it is long. */
export function formulaText(text) {
  return text.split(/(?<=[,(;])/).flatMap((piece, place) => (place ? [document.createElement("wbr"), piece] : [piece]));
}

/** A snapshot's label, in one piece. */
export function label(snapshot) {
  return h("span", { class: "nowrap" }, snapshot);
}

let count = 0;

export function unique(prefix) {
  count += 1;
  return `${prefix}-${count}`;
}

/** A label above a control, and what is to be known about it below. */
export function field(label, control, { hint = "", error = "", around = control } = {}) {
  const id = control.id || (control.id = unique("field"));
  const notes = [];
  if (hint) notes.push(h("p", { class: "hint", id: `${id}-hint` }, hint));
  if (error) notes.push(h("p", { class: "wrong", id: `${id}-wrong` }, icon("stop"), error));
  if (notes.length) control.setAttribute("aria-describedby", notes.map((one) => one.id).join(" "));
  return h("div", { class: "field" }, h("label", { for: id }, label), around, notes);
}

export function select(options, value, work, props = {}) {
  return h("select", { ...props, on: { change: (event) => work(event.target.value) } }, options.map(([key, text]) =>
    h("option", key === value ? { value: key, selected: true } : { value: key }, text)));
}

/** A block that tells what is wrong and what to do: icon, code, sentence, hint, buttons. */
export function trouble(problem, { title = "", actions = [], kind = "warn" } = {}) {
  return h("div", { class: `trouble ${kind}` },
    icon(kind === "calm" ? "clock" : kind === "warn" ? "warn" : "stop"),
    h("div", { class: "grow" },
      title && h("p", { class: "strong" }, title),
      h("p", {}, problem.code && h("span", { class: "code" }, problem.code), problem.code && " ", problem.text ?? problem.message),
      problem.hint && h("p", { class: "hint" }, problem.hint),
      actions.length > 0 && h("div", { class: "row" }, actions)));
}

/** A bar for work whose end is not known. */
export function working(text) {
  return h("div", { class: "working" }, h("div", { class: "bar", role: "progressbar", "aria-label": text }), h("p", { class: "hint" }, text));
}

/** Said wherever a request waits and nobody is there to carry it out. */
export function unattended() {
  return trouble({ text: "Nobody carries requests out at the moment. Yours waits until somebody does.", hint: "On the server: revalign requests watch" }, { kind: "calm" });
}
