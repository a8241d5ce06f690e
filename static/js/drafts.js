// Text in a composer survives a reload or a lost connection: kept in this browser until it is sent.
const key = (field) => `draft:${field.dataset.draft}`;

function restore(root) {
  for (const field of root.querySelectorAll("[data-draft]")) if (!field.value) field.value = localStorage.getItem(key(field)) || "";
}
document.addEventListener("input", (event) => {
  if (event.target.matches("[data-draft]")) localStorage.setItem(key(event.target), event.target.value);
});
document.body.addEventListener("htmx:afterRequest", (event) => {
  if (!event.detail.successful || event.detail.requestConfig.verb === "get") return;
  for (const field of event.detail.elt.querySelectorAll?.("[data-draft]") || []) localStorage.removeItem(key(field));
});
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[hx-post]")) for (const field of event.target.querySelectorAll("[data-draft]")) localStorage.removeItem(key(field));
});
document.body.addEventListener("htmx:load", (event) => restore(event.detail.elt));
restore(document);
// ⌘↵ or Ctrl ↵ sends what is being written.
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.metaKey || event.ctrlKey) && event.target.matches("textarea:is([data-draft], [data-draft-url])")) event.target.form?.requestSubmit();
});
