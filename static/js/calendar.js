// Entries of the calendar are moved and stretched by pointer or by keys. The server decides: what it refuses goes back.
import { show } from "./toasts.js";

const QUARTER = 12; // pixels of a row, as in calendar.css
const root = () => document.getElementById("calendar");
const pad = (n) => String(n).padStart(2, "0");
let held = null; // what is being dragged
let timer = null; // keys wait a moment, so that three presses are one move

function put(item, top, size) {
  const kept = [...item.classList].filter((name) => !/^[rs]\d+$/.test(name));
  // What took whole days has no lane yet.
  if (!kept.some((name) => /^k\d+$/.test(name))) kept.push("k10");
  item.className = [...kept, `r${top}`, `s${size}`].join(" ");
  item.dataset.top = top;
  item.dataset.size = size;
}

const state = (item) => ({ parent: item.parentNode, next: item.nextSibling, top: Number(item.dataset.top), size: Number(item.dataset.size) });
function putBack(item, was) {
  was.parent.insertBefore(item, was.next?.parentNode === was.parent ? was.next : null);
  put(item, was.top, was.size);
}

async function send(item, was) {
  const day = item.closest("[data-day]").dataset.day;
  const inMonth = item.closest(".cal-cell");
  const whole = item.closest(".cal-whole") || (inMonth && "whole" in item.dataset);
  const top = Number(item.dataset.top);
  // The minutes within a quarter stay unless it was moved by hours.
  const clock = inMonth || top === was.top ? item.dataset.start.slice(11) : `${pad(Math.floor(top / 4))}:${pad((top % 4) * 15)}`;
  const body = new URLSearchParams(whole ? { day } : { start: `${day}T${clock}` });
  body.set("next", location.pathname + location.search); // "Undo" leads back here
  if (item.dataset.slot) body.set("slot", item.dataset.slot);
  if (!inMonth && !whole && Number(item.dataset.size) !== was.size) body.set("minutes", Number(item.dataset.size) * 15);
  const token = JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
  let answer = null;
  try {
    answer = await fetch(item.dataset.move.trim(), { method: "POST", body, headers: { "HX-Request": "true", "X-CSRFToken": token } });
  } catch { /* said below */ }
  if (!answer?.ok) {
    putBack(item, was);
    show(root().dataset.failed, { level: "error" });
    return;
  }
  for (const [name, detail] of Object.entries(JSON.parse(answer.headers.get("HX-Trigger") || "{}"))) {
    document.body.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
  }
}

function start(event) {
  const item = event.target.closest("[data-move]");
  if (!item || event.button || timer) return;
  const stretches = Boolean(event.target.closest(".cal-grip"));
  held = { item, was: state(item), x: event.clientX, y: event.clientY, stretches, moved: false };
}

function drag(event) {
  if (!held) return;
  const { item, was } = held;
  if (!held.moved && Math.hypot(event.clientX - held.x, event.clientY - held.y) < 5) return;
  if (!held.moved) {
    held.moved = true;
    item.classList.add("drag");
    item.setPointerCapture(event.pointerId);
  }
  event.preventDefault();
  const steps = Math.round((event.clientY - held.y) / QUARTER);
  if (held.stretches) return put(item, was.top, Math.min(96 - was.top, Math.max(1, (was.size || 2) + steps)));
  const under = document.elementsFromPoint(event.clientX, event.clientY).find((node) => node.matches("[data-day]"));
  if (under && item.parentNode !== under) under.append(item);
  if (!item.closest(".cal-day")) return;
  if (!("whole" in item.dataset)) return put(item, Math.min(95, Math.max(0, was.top + steps)), was.size);
  const quarter = Math.floor((event.clientY - item.parentNode.getBoundingClientRect().top) / QUARTER);
  put(item, Math.min(92, Math.max(0, quarter)), 4);
}

function drop(event) {
  if (!held) return;
  const { item, was, moved } = held;
  held = null;
  item.classList.remove("drag");
  if (!moved) return;
  // The click that follows would open what was only moved.
  const swallow = (click) => { click.preventDefault(); click.stopPropagation(); };
  window.addEventListener("click", swallow, { capture: true });
  setTimeout(() => window.removeEventListener("click", swallow, { capture: true }), 0);
  if (event.type === "pointercancel") return putBack(item, was);
  if (item.parentNode !== was.parent || Number(item.dataset.top) !== was.top || Number(item.dataset.size) !== was.size) send(item, was);
}

function press(event) {
  if (event.key === "Escape" && held) { putBack(held.item, held.was); held.item.classList.remove("drag"); held = null; return; }
  const item = event.target.closest?.("[data-move]");
  const step = { ArrowUp: -1, ArrowDown: 1, ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!item || !event.shiftKey || !step) return;
  event.preventDefault();
  const was = item.was || state(item);
  item.was = was;
  const sideways = event.key === "ArrowLeft" || event.key === "ArrowRight";
  const [top, size] = [Number(item.dataset.top), Number(item.dataset.size)];
  if (sideways) {
    const days = [...root().querySelectorAll(item.closest(".cal-whole") ? ".cal-whole" : ".cal-day, .cal-cell")];
    const next = days[days.indexOf(item.parentNode) + step];
    if (!next) return;
    const id = document.activeElement.id;
    next.append(item);
    document.getElementById(id)?.focus();
  } else if (!item.closest(".cal-day")) return;
  else if (event.altKey) put(item, top, Math.min(96 - top, Math.max(1, (size || 2) + step)));
  else put(item, Math.min(95, Math.max(0, top + step)), size);
  clearTimeout(timer);
  timer = setTimeout(() => { timer = null; delete item.was; send(item, was); }, 600);
}

// A double click on an empty place plans something there.
function plan(event) {
  const day = event.target.closest(".cal-day, .cal-cell, .cal-whole");
  if (!day || event.target.closest(".cal-item, a, button")) return;
  const quarter = Math.floor((event.clientY - day.getBoundingClientRect().top) / QUARTER / 2) * 2;
  if (day.matches(".cal-whole")) {
    location.href = `${root().dataset.new}&due_on=${day.dataset.day}&whole_day=on`;
    return;
  }
  const clock = day.matches(".cal-day") ? `${pad(Math.floor(quarter / 4))}:${pad((quarter % 4) * 15)}` : "10:00";
  location.href = `${root().dataset.new}&due_on=${day.dataset.day}&due_time=${clock}`;
}

document.addEventListener("pointerdown", start);
document.addEventListener("pointermove", drag);
document.addEventListener("pointerup", drop);
document.addEventListener("pointercancel", drop);
document.addEventListener("keydown", press);
document.addEventListener("dblclick", plan);
document.addEventListener("dragstart", (event) => { if (event.target.closest?.(".cal-item")) event.preventDefault(); });

// The working day comes into view; a refresh stays where one was.
let scrolled = null;
function settle() {
  const hours = root()?.querySelector(".cal-scroll");
  if (!hours) return;
  hours.scrollTop = scrolled ?? QUARTER * 4 * 7.5;
  hours.addEventListener("scroll", () => { scrolled = hours.scrollTop; }, { passive: true });
}
document.body.addEventListener("htmx:afterSettle", (event) => { if (event.target.id === "calendar") settle(); });
settle();
// On a phone the list begins with today.
if (matchMedia("(max-width: 767.98px)").matches) root()?.querySelector("[data-today]")?.scrollIntoView();
