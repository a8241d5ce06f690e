// Rows: a cursor moved by j and k, Enter opens, x selects; the bulk bar appears with the first selected row.
const rows = () => [...document.querySelectorAll("[data-rows] > [data-row]")];
const at = () => rows().findIndex((row) => row.classList.contains("cursor") || row.classList.contains("cur"));

function move(step) {
  const all = rows();
  if (!all.length) return;
  const next = all[Math.max(0, Math.min(all.length - 1, at() + step))];
  const mark = next.dataset.row || "cursor";
  for (const row of all) row.classList.toggle(mark, row === next);
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
  const whole = event.target.closest("[data-select-all]");
  if (whole) {
    document.querySelector("[data-whole]").value = "1";
    for (const place of document.querySelectorAll("[data-bulk] [data-count]")) place.textContent = whole.dataset.selectAll;
    whole.hidden = true;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.metaKey || event.ctrlKey || event.altKey || event.target.closest("input:not([type=checkbox]), textarea, select, dialog[open], .palette")) return;
  const row = rows()[at()];
  if (event.key === "j") move(1);
  else if (event.key === "k") move(-1);
  else if (event.key === "Enter" && row && !event.target.closest("a, button")) row.querySelector("a[href]")?.click();
  else if (event.key === "x" && row) row.querySelector("[data-pick]")?.click();
});
document.body.addEventListener("htmx:afterSettle", count);
count();
