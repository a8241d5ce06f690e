// Cards of a list shown as a board: dropping one writes the field of its lane, as its cell in the table would.
import { show } from "./toasts.js";

const token = () => JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
const board = () => document.querySelector("[data-lanes]");

async function drop(event) {
  const { item, from, to, oldIndex } = event;
  if (from === to) return;
  const { move, field } = item.dataset;
  const body = new URLSearchParams({ [field]: to.dataset.laneValue, was: from.dataset.laneValue });
  const answer = await fetch(move, { method: "POST", body, headers: { "HX-Request": "true", "X-CSRFToken": token() } }).catch(() => null);
  if (answer?.ok) {
    // Counts and sums are those of the server.
    htmx.ajax("GET", location.href, { target: "#list", swap: "outerHTML" });
    return;
  }
  from.insertBefore(item, from.children[oldIndex] ?? null);
  show(board().dataset.failed, { level: "error" });
}

function start() {
  for (const lane of document.querySelectorAll("[data-lane-value]:not([data-ready])")) {
    lane.dataset.ready = "";
    Sortable.create(lane, { group: "lanes", draggable: "[data-movable]", animation: 120, delay: 180, delayOnTouchOnly: true, chosenClass: "drag", onEnd: drop });
  }
}

document.body.addEventListener("htmx:afterSettle", start);
start();
