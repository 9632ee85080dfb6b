"use strict";
(() => {
  const links = [...document.querySelectorAll("nav a")];
  // By the address, not by :target: a browser sets that only after this script has run.
  const opened = () => document.getElementById(decodeURIComponent(location.hash.slice(1))) || document.querySelector(".tab.first");
  const mark = () => {
    const open = opened();
    for (const link of links) {
      if (open && link.hash === "#" + open.id) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    if (open) show(open.querySelector(".grid td:not(.corner)"));
  };
  const bar = document.querySelector(".fx");
  const [name, value] = bar ? [bar.querySelector("b"), bar.querySelector("output")] : [];
  let picked = null;
  const show = (cell) => {
    if (!bar) return;
    if (picked) picked.classList.remove("at");
    picked = cell;
    if (!cell) { name.textContent = ""; value.textContent = ""; return; }
    cell.classList.add("at");
    const table = cell.closest("table");
    const box = cell.getBoundingClientRect();
    const letter = [...table.querySelectorAll(".letters th")].find((th) => th.getBoundingClientRect().right > box.left + 1);
    name.textContent = (letter ? letter.textContent : "") + cell.parentNode.querySelector("th").textContent;
    const text = [...cell.childNodes].filter((n) => !(n.classList && (n.classList.contains("chart") || n.classList.contains("note"))));
    value.textContent = cell.dataset.f || text.map((n) => n.textContent).join("");
  };
  const step = (by, down) => {
    const rows = [...picked.closest("table").rows].slice(1);
    const row = rows[rows.indexOf(picked.parentNode) + down];
    if (!row) return;
    const box = picked.getBoundingClientRect();
    const from = by > 0 ? box.right + 1 : by < 0 ? box.left - 1 : box.left + 1;
    const cell = [...row.cells].find((td) => {
      const near = td.getBoundingClientRect();
      return td.tagName === "TD" && near.left <= from && from < near.right;
    });
    if (!cell) return;
    show(cell);
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  tip.setAttribute("aria-hidden", "true");
  document.body.append(tip);
  const tell = (button) => {
    tip.textContent = button.getAttribute("aria-label").replace(/^[^:]*: /, "");
    tip.hidden = false;
    const from = button.getBoundingClientRect();
    const left = from.right + tip.offsetWidth + 8 < innerWidth ? from.right + 4 : Math.max(4, from.left - tip.offsetWidth - 4);
    const top = Math.min(from.bottom, innerHeight - tip.offsetHeight - 4);
    tip.style.left = `${left}px`;
    tip.style.top = `${Math.max(4, top)}px`;
  };
  const quiet = () => { tip.hidden = true; };
  document.addEventListener("mouseover", (event) => {
    const cell = event.target.closest && event.target.closest("td");
    const button = cell && !event.target.closest(".chart") && cell.querySelector(":scope > .note");
    if (button) tell(button); else quiet();
  });
  document.addEventListener("focusin", (event) => { if (event.target.matches(".note")) tell(event.target); else quiet(); });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") quiet();
    const move = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key];
    if (!move || event.ctrlKey || event.altKey || event.metaKey) return;
    const at = links.indexOf(document.activeElement);
    if (at >= 0 && move[0]) { links[(at + move[0] + links.length) % links.length].focus(); event.preventDefault(); }
    if (picked && document.activeElement.matches(".scroll")) { step(...move); event.preventDefault(); }
  });
  document.addEventListener("click", (event) => {
    const chart = event.target.dataset && document.getElementById(event.target.dataset.go);
    if (chart) chart.scrollIntoView({ block: "center", inline: "center" });
    const cell = event.target.closest && event.target.closest(".grid td:not(.corner)");
    if (cell && !event.target.closest(".chart")) show(cell);
  });
  addEventListener("scroll", quiet, true);
  addEventListener("hashchange", () => { mark(); scrollTo(0, 0); });
  mark();
})();
