// htmx manners: a failed request says so and can be repeated, focus comes back after a swap.
import { show } from "./toasts.js";

const region = document.getElementById("toasts");
let focused = null;

document.body.addEventListener("htmx:beforeSwap", () => { focused = document.activeElement?.id || null; });
document.body.addEventListener("htmx:afterSettle", () => {
  if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus({ preventScroll: true });
});

// A block that loads itself shows the error in its own place, with a button that asks again.
function failInPlace(block, text) {
  const again = Object.assign(document.createElement("button"), { type: "button", className: "btn btn-sm", textContent: region.dataset.again });
  const note = Object.assign(document.createElement("div"), { className: "fail-x" });
  note.setAttribute("role", "alert");
  note.append(text, again);
  for (const skeleton of block.querySelectorAll(".fail-x, .li:has(.sk), .sk")) skeleton.remove();
  block.append(note);
  again.addEventListener("click", () => {
    again.disabled = true;
    htmx.ajax("GET", block.getAttribute("hx-get"), { source: block, target: block, swap: block.getAttribute("hx-swap") || "innerHTML" });
  });
}

function failed(event) {
  const { xhr, elt } = event.detail;
  const said = xhr?.getResponseHeader("X-Error");
  const text = said ? decodeURIComponent(said) : xhr?.status === 403 ? region.dataset.forbidden : xhr?.status === 404 ? region.dataset.gone : region.dataset.failed;
  const lazy = elt?.matches?.('[hx-get][hx-trigger*="load"], [hx-get][hx-trigger*="revealed"]');
  if (lazy) failInPlace(elt, text);
  // What asks for itself every second would otherwise fill the page with complaints.
  else if (!elt?.matches?.('[hx-trigger*="every"]')) show(text, { level: "error" });
}
for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) document.body.addEventListener(name, failed);
