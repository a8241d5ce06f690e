// Cards are dragged from lane to lane, lines within their table. The server decides: what it refuses goes back.
import { show } from "./toasts.js";

const token = () => JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
let origin = null; // where the card came from: { card, lane, next, ghost }

function board() { return document.querySelector("[data-board]"); }

function putBack() {
  if (!origin) return;
  document.querySelector(`[data-gate="${origin.card.dataset.deal}"]`)?.remove();
  origin.ghost?.remove();
  origin.lane.insertBefore(origin.card, origin.next?.parentNode === origin.lane ? origin.next : null);
  origin.card.querySelector("a")?.focus({ preventScroll: true });
  origin = null;
}

function ghost() {
  const mark = document.createElement("div");
  mark.className = "deal ghost";
  mark.textContent = board().dataset.from;
  origin.lane.insertBefore(mark, origin.next?.parentNode === origin.lane ? origin.next : null);
  origin.ghost = mark;
}

// A move by drag: the card already stands where it was dropped.
async function drop(card, lane, above, below) {
  const body = new URLSearchParams({ stage: lane.dataset.lane, was: card.dataset.stage, above: above || "", below: below || "" });
  let answer;
  try {
    answer = await fetch(card.dataset.move, { method: "POST", body, headers: { "HX-Request": "true", "X-CSRFToken": token() } });
  } catch { answer = null; }
  if (!answer || (!answer.ok && answer.status !== 422)) {
    putBack();
    show(board().dataset.failed, { level: "error" });
    return;
  }
  if (answer.status === 422 && !lane.classList.contains("lane-body")) board().querySelector(`#lane-${origin.lane.dataset.lane}`).prepend(card);
  const html = await answer.text();
  const place = document.createElement("template");
  place.innerHTML = html.trim();
  const fresh = place.content.firstElementChild;
  card.replaceWith(fresh);
  htmx.process(fresh);
  if (answer.status === 422) { ghost(); fresh.querySelector("input:not([type=hidden]), select, textarea")?.focus(); } else origin = null;
  for (const [name, detail] of Object.entries(JSON.parse(answer.headers.get("HX-Trigger") || "{}"))) {
    document.body.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
  }
}

function start() {
  const ends = document.querySelector("[data-ends]");
  for (const lane of document.querySelectorAll("[data-lane]:not([data-ready])")) {
    lane.dataset.ready = "";
    Sortable.create(lane, {
      group: "deals", draggable: ".deal[data-movable]", filter: ".deal-menu, .menu, .gate", preventOnFilter: false, animation: 120,
      delay: 180, delayOnTouchOnly: true, chosenClass: "drag",
      onStart: (event) => {
        putBack();
        origin = { card: event.item, lane: event.from, next: event.item.nextElementSibling };
        if (ends) ends.hidden = false;
      },
      onEnd: (event) => {
        if (ends) ends.hidden = true;
        if (event.from === event.to && event.oldIndex === event.newIndex) { origin = null; return; }
        const key = (card) => card?.dataset?.deal;
        drop(event.item, event.to, key(event.item.previousElementSibling), key(event.item.nextElementSibling));
      },
    });
  }
  for (const body of document.querySelectorAll("[data-lines]:not([data-ready])")) {
    body.dataset.ready = "";
    Sortable.create(body, { handle: ".grab", draggable: "tr", animation: 120, onEnd: () => {
      const order = [...body.querySelectorAll("[data-line]")].map((row) => row.dataset.line).join(",");
      htmx.ajax("POST", body.dataset.lines, { target: "#lines", swap: "outerHTML", values: { order } });
    } });
  }
}

// A move by menu or keyboard: the answer names the lane where the card belongs now.
document.body.addEventListener("deals:moved", ({ detail }) => {
  const card = document.getElementById(`deal-${detail.deal}`);
  const lane = document.getElementById(`lane-${detail.stage}`);
  origin?.ghost?.remove();
  origin = null;
  if (!card || !board()) { if (!board()) location.reload(); return; }
  if (!lane) { card.remove(); return; }
  if (card.parentNode !== lane) lane.prepend(card);
  card.querySelector("a")?.focus({ preventScroll: true });
});
document.body.addEventListener("htmx:beforeRequest", (event) => {
  const card = event.target.closest?.(".deal[data-deal]");
  if (card && event.detail.requestConfig?.verb === "post") origin = { card, lane: card.parentNode, next: card.nextElementSibling };
});
document.body.addEventListener("htmx:afterSwap", () => {
  const gate = document.querySelector("[data-gate]");
  if (!gate || !origin || origin.ghost) return;
  const lane = document.getElementById(`lane-${gate.dataset.stage}`);
  if (lane && gate.parentNode !== lane) { ghost(); lane.prepend(gate); }
  gate.querySelector("input:not([type=hidden]), select, textarea")?.focus();
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-put-back]") && origin) { event.preventDefault(); putBack(); }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.closest("[data-gate]")) { putBack(); return; }
  const card = event.target.closest?.(".deal[data-movable]");
  if (!card || !event.shiftKey || !["ArrowLeft", "ArrowRight"].includes(event.key)) return;
  const lanes = [...document.querySelectorAll(".lane-body")];
  const next = lanes[lanes.indexOf(card.parentNode) + (event.key === "ArrowRight" ? 1 : -1)];
  const button = next && card.querySelector(`[data-to="${next.dataset.lane}"]`);
  if (button) { event.preventDefault(); button.click(); }
});
document.body.addEventListener("htmx:afterSettle", start);
window.addEventListener("load", start);
start();
