// Toasts: what happened, for ten seconds, with an Undo where there is one. Errors stay until they are closed.
const region = document.getElementById("toasts");
const SECONDS = 10;

function keep(toast) {
  const undo = toast.dataset.undoUrl;
  if (undo) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "btn btn-sm btn-quiet", textContent: region.dataset.undo });
    button.dataset.undoButton = "";
    button.addEventListener("click", () => post(undo, toast));
    toast.append(button);
  }
  if (toast.hasAttribute("data-stay")) {
    const close = Object.assign(document.createElement("button"), { type: "button", className: "btn btn-sm btn-quiet", textContent: region.dataset.close });
    close.addEventListener("click", () => toast.remove());
    toast.append(close);
  } else {
    setTimeout(() => toast.remove(), SECONDS * 1000);
  }
}

function post(url, toast) {
  toast.remove();
  htmx.ajax("POST", url, { swap: "none" });
}

export function show(text, { level = "ok", undo = "" } = {}) {
  const toast = document.createElement("div");
  toast.className = "toast-x";
  toast.setAttribute("role", level === "error" ? "alert" : "status");
  if (level === "error") toast.dataset.stay = "";
  if (undo) toast.dataset.undoUrl = undo;
  toast.append(Object.assign(document.createElement("span"), { textContent: text }));
  region.append(toast);
  keep(toast);
}

for (const toast of region.querySelectorAll("[data-toast]")) keep(toast);
document.body.addEventListener("toast", (event) => show(event.detail.text, event.detail));
document.addEventListener("keydown", (event) => {
  if (event.key === "z" && !event.target.closest("input, textarea, select, [contenteditable]")) region.querySelector("[data-undo-button]")?.click();
});
