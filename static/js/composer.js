// What is being written on a record is kept by the server, so that it survives the tab and the device. Where another
// window wrote on meanwhile, both texts are shown and nothing is lost.
const token = () => JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
const timers = new WeakMap();
const KEPT = new Set(["kind", "subject", "text", "to", "copies", "answers", "files"]);

async function keep(field, { leaving = false } = {}) {
  clearTimeout(timers.get(field));
  timers.delete(field);
  const form = field.form;
  const body = new FormData();
  for (const [name, said] of new FormData(form)) if (KEPT.has(name)) body.append(name, said);
  body.append("version", field.dataset.version);
  const answer = await fetch(field.dataset.draftUrl, { method: "POST", body, keepalive: leaving, headers: { "X-CSRFToken": token() } }).catch(() => null);
  if (!answer || !(answer.ok || answer.status === 409) || !field.isConnected) return;
  const found = await answer.json();
  if (answer.status === 409) return showOther(form, field, found);
  field.dataset.version = found.version;
  const kept = form.querySelector(".composer-kept");
  kept.textContent = found.version ? kept.dataset.kept : "";
}

function showOther(form, field, found) {
  const note = form.querySelector(".composer-other");
  note.querySelector(".composer-theirs").textContent = found.text;
  note.dataset.version = found.version;
  note.hidden = false;
}

document.addEventListener("input", (event) => {
  const field = event.target.closest("form")?.querySelector("[data-draft-url]");
  if (!field || event.target.type === "file") return;
  clearTimeout(timers.get(field));
  timers.set(field, setTimeout(() => keep(field), 700));
});
document.addEventListener("click", (event) => {
  const note = event.target.closest("[data-take-theirs], [data-keep-mine]")?.closest(".composer-other");
  if (!note) return;
  const field = note.closest("form").querySelector("[data-draft-url]");
  field.dataset.version = note.dataset.version;
  if (event.target.closest("[data-take-theirs]")) field.value = note.querySelector(".composer-theirs").textContent;
  note.hidden = true;
  field.focus();
  keep(field);
});
// What was typed in the last moment before the tab closes; what is being sent is no draft any more.
window.addEventListener("pagehide", () => {
  for (const field of document.querySelectorAll("[data-draft-url]")) if (timers.has(field)) keep(field, { leaving: true });
});
document.addEventListener("submit", (event) => {
  const field = event.target.querySelector("[data-draft-url]");
  if (field) { clearTimeout(timers.get(field)); timers.delete(field); }
}, true);
