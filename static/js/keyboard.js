// Keys that work everywhere, unless something is being typed.
import { free, letter } from "./keys.js";
import { open } from "./palette.js";

const mac = /Mac|iPhone|iPad/.test(navigator.platform);
for (const key of document.querySelectorAll("[data-mod-key]")) if (!mac) key.textContent = key.textContent.replace("⌘", "Ctrl ");

let waiting = "";
let timer;

const press = (key) => document.querySelector(`[data-key="${key}"]`);
const acts = {
  "/": () => open(),
  "?": () => document.getElementById("shortcuts")?.showModal(),
  c: () => (press("c") ? press("c").click() : open("> ")),
  e: () => press("e")?.click(),
};

document.addEventListener("keydown", (event) => {
  const key = letter(event);
  if ((event.metaKey || event.ctrlKey) && key.toLowerCase() === "k") {
    event.preventDefault();
    open();
    return;
  }
  if (!free(event)) return;
  if (waiting === "g") {
    waiting = "";
    document.querySelector(`[data-go="${CSS.escape(key)}"]`)?.click();
  } else if (key === "g") {
    waiting = "g";
    clearTimeout(timer);
    timer = setTimeout(() => { waiting = ""; }, 1200);
  } else if (acts[key]) {
    event.preventDefault();
    acts[key]();
  }
});
