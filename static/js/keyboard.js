// Keys that work everywhere, unless something is being typed.
import { free, letter } from "./keys.js";
import { open } from "./palette.js";

const mac = /Mac|iPhone|iPad/.test(navigator.platform);
const nameKeys = (root) => {
  if (!mac) for (const key of root.querySelectorAll("[data-mod-key]")) key.textContent = key.textContent.replace("⌘", "Ctrl ");
};
nameKeys(document);
document.body.addEventListener("htmx:load", (event) => nameKeys(event.detail.elt));

let first = "";
let timer;

const press = (key) => document.querySelector(`[data-key="${key}"]`);
const acts = {
  "/": () => open(),
  "?": () => document.getElementById("shortcuts")?.showModal(),
  c: () => (press("c") ? press("c").click() : open("> ")),
  e: () => press("e")?.click(),
  m: () => press("m")?.click(),
  n: () => press("n")?.click(),
  s: () => press("s")?.click(),
  u: () => press("u")?.click(),
};
// Two letters after each other: "g d" goes to the deals, "c t" makes a task. "c" alone acts when no second letter comes.
const chord = (keys) => document.querySelector(`[data-chord="${CSS.escape(keys)}"]`);
const begins = (key) => document.querySelector(`[data-chord^="${CSS.escape(key)} "]`);

function wait(key) {
  first = key;
  timer = setTimeout(() => {
    first = "";
    acts[key]?.();
  }, key === "g" ? 1200 : 500);
}

document.addEventListener("keydown", (event) => {
  const key = letter(event);
  if ((event.metaKey || event.ctrlKey) && key.toLowerCase() === "k") {
    event.preventDefault();
    open();
    return;
  }
  if (!free(event) || key === "Shift") return;
  const target = first && chord(`${first} ${key}`);
  clearTimeout(timer);
  first = "";
  if (target) {
    event.preventDefault();
    target.click();
  } else if (/^[a-z]$/.test(key) && begins(key)) {
    event.preventDefault();
    wait(key);
  } else if (acts[key]) {
    event.preventDefault();
    acts[key]();
  }
});
