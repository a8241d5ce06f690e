// Cards of a list shown as a board: moving one writes the field of its lane, as its cell in the table would.
import { show } from "./toasts.js";

const token = () => JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
const board = () => document.querySelector("[data-lanes]");
let moved = null; // the card that gets the focus back when the board is drawn anew

// Why the server refused, in its own words: a rule of the field, or that somebody else has moved the card.
async function reason(answer) {
  if (answer?.status !== 422) return board().dataset.failed;
  const place = document.createElement("template");
  place.innerHTML = `<table>${await answer.text()}</table>`;
  const said = place.content.querySelector(".field-error, .conflict p");
  return said?.textContent.trim() || board().dataset.failed;
}

// Counts and sums are those of the server.
const redraw = () => htmx.ajax("GET", location.href, { target: "#list", swap: "outerHTML" });

async function move(card, value, { goBack, focus }) {
  const body = new URLSearchParams({ [card.dataset.field]: value, was: card.dataset.was });
  const headers = { "HX-Request": "true", "X-CSRFToken": token() };
  const answer = await fetch(card.dataset.move, { method: "POST", body, headers }).catch(() => null);
  if (!answer?.ok) {
    goBack?.();
    show(await reason(answer), { level: "error" });
    if (answer?.status !== 422) return;
  }
  moved = focus ? card.dataset.card : null;
  redraw();
}

function drop({ item, from, to, oldIndex }) {
  if (from === to) return;
  move(item, to.dataset.laneValue, { goBack: () => from.insertBefore(item, from.children[oldIndex] ?? null) });
}

function start() {
  for (const lane of document.querySelectorAll("[data-lane-value]:not([data-ready])")) {
    lane.dataset.ready = "";
    Sortable.create(lane, {
      group: "lanes", draggable: "[data-movable]", filter: ".deal-menu, .menu", preventOnFilter: false, animation: 120,
      delay: 180, delayOnTouchOnly: true, chosenClass: "drag", onEnd: drop,
    });
  }
  if (!moved || !board()) return;
  const card = board().querySelector(`[data-card="${moved}"]`);
  moved = null;
  card?.scrollIntoView({ block: "nearest", inline: "nearest" });
  card?.querySelector("a, summary")?.focus({ preventScroll: true });
}

document.addEventListener("submit", (event) => {
  const card = event.target.matches("[data-lane-move]") && event.target.closest("[data-card]");
  if (!card || !board()) return;
  event.preventDefault();
  event.target.closest("details").open = false;
  move(card, event.submitter.value, { focus: true });
});
document.addEventListener("keydown", (event) => {
  const card = event.target.closest?.("[data-lanes] [data-movable]");
  if (!card || !event.shiftKey || !["ArrowLeft", "ArrowRight"].includes(event.key)) return;
  const lanes = [...board().querySelectorAll("[data-lane-value]")];
  const next = lanes[lanes.indexOf(card.parentNode) + (event.key === "ArrowRight" ? 1 : -1)];
  if (!next) return;
  event.preventDefault();
  move(card, next.dataset.laneValue, { focus: true });
});
document.body.addEventListener("htmx:afterSettle", start);
start();
