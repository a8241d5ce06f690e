// Toasts: what happened, for ten seconds, with an Undo where there is one. Errors stay until they are closed.
import { free, letter } from "./keys.js";

const region = document.getElementById("toasts");
const SECONDS = 10;
const make = (tag, props = {}, ...parts) => {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...parts);
  return node;
};

function icon(error) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", `icon ${error ? "red" : "green"}`);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${region.dataset.sprite}#tabler-${error ? "alert-circle" : "circle-check"}`);
  svg.append(use);
  return svg;
}

function keep(toast) {
  const { undoUrl } = toast.dataset;
  if (toast.hasAttribute("data-stay")) {
    const close = make("button", { type: "button", className: "btn btn-sm btn-quiet", textContent: region.dataset.close });
    close.addEventListener("click", () => toast.remove());
    toast.append(close);
    return;
  }
  if (undoUrl) {
    const button = make("button", { type: "button", className: "btn btn-sm btn-quiet" }, region.dataset.undo, make("kbd", { textContent: "Z" }));
    button.dataset.undoButton = "";
    button.addEventListener("click", () => {
      toast.remove();
      htmx.ajax("POST", undoUrl, { swap: "none" });
    });
    toast.append(button);
  }
  countDown(toast, undoUrl ? toast.appendChild(make("span", { className: "secs", ariaHidden: "true" })) : null);
}

// Time stands still while the pointer or the focus is on the toast.
function countDown(toast, seconds) {
  let left = SECONDS;
  const tick = () => {
    if (seconds) seconds.textContent = left;
    if (left <= 0) toast.remove();
    if (!toast.isConnected) return clearInterval(timer);
    if (!toast.matches(":hover, :focus-within")) left -= 1;
  };
  const timer = setInterval(tick, 1000);
  tick();
}

export function show(text, { level = "ok", undo = "" } = {}) {
  const error = level === "error";
  const toast = make("div", { className: "toast-x" }, icon(error), make("span", { textContent: text }));
  toast.setAttribute("role", error ? "alert" : "status");
  if (error) toast.dataset.stay = "";
  if (undo) toast.dataset.undoUrl = undo;
  region.append(toast);
  keep(toast);
}

for (const toast of region.querySelectorAll("[data-toast]")) keep(toast);
document.body.addEventListener("toast", (event) => show(event.detail.text, event.detail));
document.addEventListener("keydown", (event) => {
  if (free(event) && letter(event) === "z") [...region.querySelectorAll("[data-undo-button]")].pop()?.click();
});
