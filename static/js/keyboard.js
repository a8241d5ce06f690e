// Keys that work everywhere, unless something is being typed.
import { open } from "./palette.js";

const mac = /Mac|iPhone|iPad/.test(navigator.platform);
for (const key of document.querySelectorAll("[data-mod-key]")) if (!mac) key.textContent = key.textContent.replace("⌘", "Ctrl ");

let waiting = "";
let timer;

const typing = (target) => target.closest("input:not([type=checkbox]), textarea, select, [contenteditable], dialog[open]");

document.addEventListener("keydown", (event) => {
  if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    open();
    return;
  }
  if (event.metaKey || event.ctrlKey || event.altKey || typing(event.target)) return;
  if (waiting === "g") {
    waiting = "";
    document.querySelector(`[data-go="${CSS.escape(event.key)}"]`)?.click();
    return;
  }
  if (event.key === "g") {
    waiting = "g";
    clearTimeout(timer);
    timer = setTimeout(() => { waiting = ""; }, 1200);
  } else if (event.key === "/") {
    event.preventDefault();
    open();
  } else if (event.key === "?") {
    document.getElementById("shortcuts")?.showModal();
  } else if (event.key === "c") {
    document.querySelector("[data-key=c]")?.click();
  } else if (event.key === "e") {
    document.querySelector("[data-key=e]")?.click();
  }
});
