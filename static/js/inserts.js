// A prepared text goes to where the caret stands.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-insert]");
  if (!button) return;
  const field = document.getElementById(button.dataset.insert);
  field.setRangeText(button.dataset.text, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
  const menu = button.closest("details");
  if (menu) menu.open = false;
});
