// Menus are <details data-pop>: open without script, closed by Escape or a click elsewhere with it.
const open = () => document.querySelectorAll("details[data-pop][open]");

document.addEventListener("click", (event) => {
  for (const menu of open()) if (!menu.contains(event.target)) menu.open = false;
  const opener = event.target.closest("[data-dialog]");
  if (opener) {
    event.preventDefault();
    document.getElementById(opener.dataset.dialog)?.showModal();
  }
  const theme = event.target.closest("[data-theme-set]")?.dataset.themeSet;
  if (theme) {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    document.documentElement.dataset.bsTheme = theme === "auto" ? (dark ? "dark" : "light") : theme;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of open()) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// A long menu is cut down by typing; Enter takes the first that is left.
const left = (list) => [...list.querySelectorAll(".menu-item:not([hidden])")];
const plain = (text) => text.toLocaleLowerCase().replaceAll("ё", "е");
document.addEventListener("input", ({ target }) => {
  if (!target.matches("[data-menu-find]")) return;
  const list = target.parentElement.nextElementSibling;
  const words = plain(target.value).split(/\s+/);
  for (const item of list.querySelectorAll(".menu-item")) {
    item.hidden = !words.every((word) => plain(item.textContent).includes(word));
  }
  for (const group of list.querySelectorAll("[role=group]")) group.hidden = !left(group).length;
});
document.addEventListener("keydown", (event) => {
  if (!event.target.matches("[data-menu-find]")) return;
  const items = left(event.target.parentElement.nextElementSibling);
  if (event.key === "Enter") {
    event.preventDefault();
    items[0]?.click();
  } else if (event.key === "ArrowDown") {
    event.preventDefault();
    items[0]?.focus();
  }
});

// On a phone the head shows its main action alone (phone.css); the others stand in its menu while that is open.
const entry = (button) => {
  const item = button.cloneNode(true);
  item.className = "menu-item";
  for (const name of ["id", "data-key"]) item.removeAttribute(name);
  if (item.matches("button")) {
    item.type = "button";
    item.addEventListener("click", () => button.click());
  }
  return item;
};
document.addEventListener(
  "toggle",
  ({ target }) => {
    if (!target.matches("[data-head-more]") || !target.open) return;
    const buttons = [...target.parentElement.querySelectorAll(".btn:not(.btn-icon)")];
    target.querySelector(".menu").replaceChildren(...buttons.filter((button) => !button.checkVisibility()).map(entry));
  },
  true,
);
