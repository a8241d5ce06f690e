// Which letter was pressed, whatever layout the keyboard has: on a Russian one the key of "k" says "л".
export function letter(event) {
  if (event.key.length !== 1 || /[ -~]/.test(event.key)) return event.key;
  if (event.code.startsWith("Key")) return event.code.slice(3).toLowerCase();
  return event.code === "Slash" ? (event.shiftKey ? "?" : "/") : event.key;
}

// Plain keys belong to the page only while nothing is being typed and no dialog is open.
export function free(event) {
  return !(event.metaKey || event.ctrlKey || event.altKey) && !event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable], dialog[open], .palette");
}
