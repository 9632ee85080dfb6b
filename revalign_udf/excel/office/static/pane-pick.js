// Choosing from a list by typing: the combobox pattern of WAI-ARIA, with a list that stays or one that opens.

import { fill, h, icon, unique } from "./pane-dom.js";

/** px: a list lower than this is moved up first, and none is higher than that */
const LOW = 160;
const HIGH = 260;

/**
 * A text field with a list of options.
 *
 * options(text) gives groups: [{label, items: [{value, label, note, hint}]}]. `stays`: the list is always shown.
 * `free`: what is typed counts as it is. `picked(value, item)` is told of each choice.
 */
export function picker({ id = unique("pick"), value = "", show = (text) => text, options, picked, stays = false, free = false, placeholder = "", nothing = null, label = "Choices" }) {
  const list = h("div", { class: "choices", role: "listbox", id: `${id}-list`, "aria-label": label, hidden: !stays });
  const input = h("input", {
    type: "text", id, class: "pick-input", role: "combobox", autocomplete: "off", spellcheck: "false", autocapitalize: "none", placeholder,
    "aria-autocomplete": "list", "aria-expanded": stays ? "true" : "false", "aria-controls": `${id}-list`, value: show(value),
  });
  const caret = stays ? null : h("button", { type: "button", class: "caret", tabindex: "-1", "aria-hidden": "true", on: {
    mousedown: (event) => { event.preventDefault(); input.focus(); isOpen() ? close() : open(""); },
  } }, icon("down"));
  const none = h("div", { hidden: true });
  const element = h("div", { class: stays ? "pick stays" : "pick" }, input, caret, list, none);
  let chosen = value;
  let rows = [];
  let at = -1;

  const isOpen = () => !list.hidden;

  function draw(text) {
    rows = [];
    at = -1;
    const groups = options(text).filter((group) => group.items.length);
    fill(list, groups.map((group) => {
      const heading = group.label ? h("div", { class: "choices-head", id: unique("group") }, group.label) : null;
      return h("div", { role: "group", "aria-labelledby": heading?.id, "aria-label": heading ? null : label }, heading, group.items.map((item) => {
        const place = rows.length;
        const row = h("div", {
          role: "option", id: `${id}-${place}`, class: "choice", "aria-selected": "false",
          on: { mousedown: (event) => event.preventDefault(), click: () => choose(place), mousemove: () => mark(place, false) },
        }, h("span", { class: "choice-label" }, item.label), item.note && h("span", { class: "choice-note" }, item.note), item.hint && h("span", { class: "choice-hint" }, item.hint));
        rows.push({ row, item });
        return row;
      }));
    }));
    input.removeAttribute("aria-activedescendant");
    if (nothing) fill(none, rows.length ? null : nothing(text));
    none.hidden = !nothing || rows.length > 0;
    list.scrollTop = 0;
    return rows.length;
  }

  function mark(place, scroll = true) {
    rows[at]?.row.setAttribute("aria-selected", "false");
    at = place;
    const current = rows[at];
    if (!current) return input.removeAttribute("aria-activedescendant");
    current.row.setAttribute("aria-selected", "true");
    input.setAttribute("aria-activedescendant", current.row.id);
    if (scroll) current.row.scrollIntoView({ block: "nearest" });
    return undefined;
  }

  function open(text) {
    const found = draw(text);
    list.hidden = !found;
    input.setAttribute("aria-expanded", String(isOpen()));
    if (!stays && isOpen()) room();
  }

  /** The list is as high as the pane has room for below the field. */
  function room() {
    const pane = input.closest("main");
    if (!pane) return;
    const below = () => pane.getBoundingClientRect().bottom - input.getBoundingClientRect().bottom - 10;
    if (below() < LOW) input.scrollIntoView({ block: "start" });
    list.style.maxHeight = `${Math.max(90, Math.min(HIGH, below()))}px`;
  }

  function close() {
    if (stays) return;
    list.hidden = true;
    at = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function choose(place) {
    const { item } = rows[place];
    chosen = item.value;
    if (!stays) input.value = show(item.value);
    close();
    picked(item.value, item);
  }

  function settle() {
    if (!free || stays) return;
    const text = input.value.trim();
    if (text === show(chosen)) return;
    chosen = text;
    picked(text, null);
  }

  function move(step) {
    if (!isOpen()) {
      open("");
      const now = rows.findIndex(({ item }) => item.value === chosen);
      return mark(now >= 0 ? now : step > 0 ? 0 : rows.length - 1);
    }
    if (!rows.length) return undefined;
    return mark(at < 0 ? (step > 0 ? 0 : rows.length - 1) : (at + step + rows.length) % rows.length);
  }

  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const { key } = event;
    if (key === "ArrowDown" || key === "ArrowUp") {
      event.preventDefault();
      if (key === "ArrowUp" && event.altKey) close();
      else move(key === "ArrowDown" ? 1 : -1);
    } else if (isOpen() && rows.length && (key === "PageDown" || key === "PageUp")) {
      event.preventDefault();
      mark(Math.max(0, Math.min(rows.length - 1, at + (key === "PageDown" ? 8 : -8))));
    } else if (key === "Enter") {
      if (isOpen() && at >= 0) {
        event.preventDefault();
        choose(at);
      } else if (stays) event.preventDefault();
      else {
        // what was being typed is taken first; the next Enter is the form's
        if (isOpen() || input.value.trim() !== show(chosen)) event.preventDefault();
        close();
        settle();
      }
    } else if (key === "Escape") {
      if (!stays && isOpen()) {
        event.preventDefault();
        event.stopPropagation();
        close();
      } else if (stays && input.value) {
        event.preventDefault();
        event.stopPropagation();
        input.value = "";
        open("");
      }
    }
  });
  input.addEventListener("input", () => {
    open(input.value);
    if (stays && input.value.trim() && rows.length) mark(0);
    element.dispatchEvent(new CustomEvent("searched", { detail: rows.length }));
  });
  input.addEventListener("blur", () => {
    close();
    settle();
    if (!free && !stays) input.value = show(chosen);
  });
  if (!stays) input.addEventListener("click", () => { if (!isOpen()) open(""); });
  if (stays) open("");
  return {
    element,
    input,
    redraw: () => { if (stays || isOpen()) open(input.value); },
    get value() { return chosen; },
    set value(next) {
      chosen = next;
      input.value = show(next);
    },
  };
}

/** Items that fit what was typed, best first: the texts of each are compared, every word must occur. */
export function fitting(items, text, texts, weigh = () => 1) {
  const typed = text.trim().toLowerCase();
  if (!typed) return items;
  const parts = typed.split(/[\s_]+/).filter(Boolean);
  return items
    .map((item, place) => {
      const every = texts(item).map((one) => String(one).toLowerCase());
      let score = 0;
      for (const part of parts) {
        const best = Math.max(...every.map((one, rank) => {
          const weight = every.length - rank;
          if (one === part) return 100 * weight;
          if (one.startsWith(part)) return 40 * weight;
          if (one.split(/[^\p{L}\d]+/u).some((word) => word.startsWith(part))) return 20 * weight;
          return part.length > 1 && one.includes(part) ? 5 * weight : 0;
        }));
        if (!best) return null;
        score += best;
      }
      score *= weigh(item);
      if (every[0] === typed || every[1] === typed) score += 10_000;
      return { item, score, place };
    })
    .filter(Boolean)
    .sort((a, b) => b.score - a.score || a.place - b.place)
    .map(({ item }) => item);
}
