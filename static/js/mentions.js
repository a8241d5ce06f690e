// An @ in a text offers colleagues: letters narrow the list, arrows choose, Enter or Tab takes, Escape closes.
const list = Object.assign(document.createElement("ul"), { id: "mention-list", className: "menu float mention-list", role: "listbox", hidden: true });
let field = null;
let asked = 0;

const typed = (of) => of.value.slice(0, of.selectionStart).match(/(?:^|[\s(])@([\p{L}\p{M}'’.-]*(?: [\p{L}\p{M}'’.-]*)?)$/u)?.[1];
const options = () => [...list.querySelectorAll("[role=option]")];
const chosen = () => list.querySelector("[aria-selected=true]");

function close() {
  list.hidden = true;
  for (const name of ["aria-controls", "aria-activedescendant"]) field?.removeAttribute(name);
}
function choose(option) {
  chosen()?.setAttribute("aria-selected", "false");
  option.setAttribute("aria-selected", "true");
  field.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}
function take(option) {
  const start = field.selectionStart - typed(field).length;
  field.setRangeText(`${option.dataset.name} `, start, field.selectionStart, "end");
  close();
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
}
async function offer() {
  const words = typed(field);
  if (words === undefined) return close();
  const mine = ++asked;
  const answer = await fetch(`${field.dataset.mentions}?q=${encodeURIComponent(words)}`, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (mine !== asked || !answer?.ok) return;
  list.innerHTML = await answer.text();
  if (!options().length || typed(field) === undefined) return close();
  list.ariaLabel = field.labels[0]?.textContent || field.ariaLabel;
  field.after(list);
  list.hidden = false;
  field.setAttribute("aria-controls", list.id);
  choose(options()[0]);
}

document.addEventListener("input", (event) => {
  if (!event.target.matches?.("textarea[data-mentions]")) return;
  field = event.target;
  offer();
});
document.addEventListener("keydown", (event) => {
  if (list.hidden || event.target !== field) return;
  const all = options();
  const at = all.indexOf(chosen());
  if (event.key === "ArrowDown") choose(all[(at + 1) % all.length]);
  else if (event.key === "ArrowUp") choose(all[(at - 1 + all.length) % all.length]);
  else if ((event.key === "Enter" && !event.metaKey && !event.ctrlKey) || event.key === "Tab") take(chosen());
  else if (event.key === "Escape") close();
  else return;
  event.preventDefault();
  event.stopPropagation();
}, true);
list.addEventListener("mousedown", (event) => {
  event.preventDefault();
  const option = event.target.closest("[role=option]");
  if (option) take(option);
});
document.addEventListener("focusout", (event) => { if (event.target === field) close(); });
