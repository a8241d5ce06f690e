// htmx manners: a failed request says so, focus comes back after a swap, regions reload when the server names them.
import { show } from "./toasts.js";

const region = document.getElementById("toasts");
let focused = null;

document.body.addEventListener("htmx:beforeSwap", () => { focused = document.activeElement?.id || null; });
document.body.addEventListener("htmx:afterSettle", () => {
  if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus({ preventScroll: true });
});
for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.body.addEventListener(name, (event) => {
    const said = event.detail.xhr?.getResponseHeader("X-Error");
    show(said ? decodeURIComponent(said) : region.dataset.failed, { level: "error" });
  });
}
