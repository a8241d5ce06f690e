// Rows: a cursor moved by j and k, Enter opens, x selects; the bulk bar appears with the first selected row.
import { free, letter } from "./keys.js";

const rows = () => [...document.querySelectorAll("[data-rows] [data-row]")];
const at = () => rows().findIndex((row) => row.classList.contains("cursor") || row.classList.contains("cur"));

function mark(next) {
  const name = next.dataset.row || "cursor";
  for (const row of rows()) row.classList.toggle(name, row === next);
}

function move(step) {
  const all = rows();
  if (!all.length) return;
  const next = all[Math.max(0, Math.min(all.length - 1, at() + step))];
  mark(next);
  next.scrollIntoView({ block: "nearest" });
}

function count() {
  const bar = document.querySelector("[data-bulk]");
  if (!bar) return;
  const chosen = document.querySelectorAll("[data-pick]:checked");
  bar.hidden = chosen.length === 0;
  for (const place of bar.querySelectorAll("[data-count]")) place.textContent = chosen.length;
  for (const box of document.querySelectorAll("[data-pick]")) box.closest("tr")?.setAttribute("aria-selected", String(box.checked));
  const all = document.querySelector("[data-pick-all]");
  if (all) all.indeterminate = chosen.length > 0 && chosen.length < document.querySelectorAll("[data-pick]").length;
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-pick-all]")) for (const box of document.querySelectorAll("[data-pick]")) box.checked = event.target.checked;
  if (event.target.matches("[data-pick], [data-pick-all]")) {
    const whole = document.querySelector("[data-whole]");
    if (whole) whole.value = "";
    count();
  }
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-clear]")) {
    for (const box of document.querySelectorAll("[data-pick], [data-pick-all]")) box.checked = false;
    count();
  }
  // A queue line opens in place with a click beside its links.
  const line = event.target.closest("[data-row=cur]");
  if (line && !event.target.closest("a, button, input, summary")) mark(line);
  // A column of the picker moves one place towards the left of the table.
  const up = event.target.closest("[data-col-up]");
  if (up) {
    const column = up.closest("[data-col]");
    column.previousElementSibling?.before(column);
    up.focus();
  }
  const whole = event.target.closest("[data-select-all]");
  if (whole) {
    document.querySelector("[data-whole]").value = "1";
    for (const place of document.querySelectorAll("[data-bulk] [data-count]")) place.textContent = whole.dataset.selectAll;
    whole.hidden = true;
  }
});
document.addEventListener("keydown", (event) => {
  if (!free(event)) return;
  const row = rows()[at()];
  const key = letter(event);
  const step = document.querySelector(`[data-step="${CSS.escape(key)}"]`);
  if (step) step.click();
  else if (key === "j") move(1);
  else if (key === "k") move(-1);
  else if (key === "Enter" && row && !event.target.closest("a, button, summary")) row.querySelector("a[href]")?.click();
  else if (key === "x" && row) row.querySelector("[data-pick]")?.click();
  // Keys of the row's own acts, such as D for done.
  else if (row) row.querySelector(`[data-row-key="${CSS.escape(key)}"]`)?.click();
});
// A cell that is being changed: a double click opens it, Escape leaves it as it was, the focus stays in the cell.
document.addEventListener("dblclick", (event) => event.target.closest("td")?.querySelector(".cell-edit")?.click());
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") event.target.closest("td.editing")?.querySelector("[data-cell-cancel]")?.click();
});
document.body.addEventListener("htmx:afterSwap", (event) => {
  const cell = event.detail.elt.closest?.("td[data-cell]");
  if (cell) (cell.querySelector("form :is(input:not([type=hidden]), select, textarea)") ?? cell.querySelector(".cell-edit"))?.focus();
});
document.body.addEventListener("htmx:afterSettle", count);
count();
