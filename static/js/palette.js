// ⌘K: one box for records and commands. The list comes from the server; arrows choose, Enter opens.
const palette = document.querySelector("[data-palette]");
const scrim = document.querySelector("[data-palette-close]");
const input = palette?.querySelector("input");
const list = palette?.querySelector(".palette-list");
let back = null;
let asked = 0;

const items = () => [...list.querySelectorAll("[role=option]")];

function choose(item) {
  for (const other of items()) other.setAttribute("aria-selected", String(other === item));
  if (item) {
    input.setAttribute("aria-activedescendant", item.id);
    item.scrollIntoView({ block: "nearest" });
  } else {
    input.removeAttribute("aria-activedescendant");
  }
}

async function ask() {
  const turn = ++asked;
  const url = `${palette.dataset.palette}?q=${encodeURIComponent(input.value)}&at=${encodeURIComponent(location.pathname)}`;
  let answer;
  try {
    answer = await fetch(url, { headers: { "HX-Request": "true", "HX-Current-URL": location.href } });
  } catch {
    answer = { ok: false };
  }
  // A slow answer to an older question must not replace a newer one.
  if (turn !== asked) return;
  if (!answer.ok) {
    list.replaceChildren(Object.assign(document.createElement("p"), { className: "palette-group", textContent: palette.dataset.failed }));
    return;
  }
  // The session has expired: the server names the page to sign in on.
  const elsewhere = answer.headers.get("HX-Redirect");
  if (elsewhere) {
    location.assign(elsewhere);
    return;
  }
  list.innerHTML = await answer.text();
  choose(items()[0]);
}

export function open(text = "") {
  if (!palette || !palette.hidden) return;
  back = document.activeElement;
  palette.hidden = scrim.hidden = false;
  input.value = text;
  input.focus();
  ask();
}

function close() {
  if (!palette || palette.hidden) return;
  input.blur();
  palette.hidden = scrim.hidden = true;
  back?.focus();
}

function run(item, newTab) {
  if (!item) return;
  if (newTab) window.open(item.dataset.url, "_blank", "noopener");
  else location.assign(item.dataset.url);
}

if (palette) {
  let wait;
  input.addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(ask, 80); });
  palette.addEventListener("keydown", (event) => {
    const all = items();
    const at = all.findIndex((item) => item.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      choose(all[(at + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length]);
    } else if (event.key === "Enter") {
      event.preventDefault();
      run(all[at], event.metaKey || event.ctrlKey);
    } else if (event.key === "Escape") {
      event.stopPropagation();
      close();
    } else if (event.key === "Tab") {
      event.preventDefault();
    }
  });
  list.addEventListener("click", (event) => run(event.target.closest("[role=option]"), event.metaKey || event.ctrlKey));
  scrim.addEventListener("click", close);
  document.addEventListener("click", (event) => { if (event.target.closest("[data-palette-open]")) open(); });
}
