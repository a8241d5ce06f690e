// Files go to the server as soon as they are chosen, dropped or pasted; the form then only names them.
const token = () => JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];

async function send(zone, file) {
  const bar = Object.assign(document.createElement("progress"), { className: "meter", ariaLabel: file.name });
  zone.append(bar);
  const body = new FormData();
  body.append("file", file);
  try {
    const answer = await fetch(zone.dataset.upload, { method: "POST", body, headers: { "X-CSRFToken": token(), "HX-Request": "true" } });
    if (!answer.ok && answer.status !== 422) throw new Error(answer.statusText);
    bar.insertAdjacentHTML("beforebegin", await answer.text());
  } catch {
    bar.before(Object.assign(document.createElement("span"), { className: "red", role: "alert", textContent: zone.dataset.failed }));
  } finally {
    bar.remove();
  }
  changed(zone);
}
// What keeps a form's draft hears of it as of any other input.
const changed = (zone) => zone?.dispatchEvent(new Event("input", { bubbles: true }));
const sendAll = (zone, files) => [...files].forEach((file) => send(zone, file));
const zoneOf = (event) => event.target.closest?.("[data-upload]") || event.target.closest?.("form")?.querySelector("[data-upload]");

document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-upload] input[type=file]")) return;
  sendAll(event.target.closest("[data-upload]"), event.target.files);
  event.target.value = "";
});
document.addEventListener("paste", (event) => {
  const zone = event.clipboardData.files.length && zoneOf(event);
  if (!zone) return;
  event.preventDefault();
  sendAll(zone, event.clipboardData.files);
});
for (const name of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    const zone = event.dataTransfer?.types.includes("Files") && zoneOf(event);
    if (!zone) return;
    event.preventDefault();
    zone.classList.toggle("over", name === "dragover");
    if (name === "drop") sendAll(zone, event.dataTransfer.files);
  });
}
document.addEventListener("click", (event) => {
  const line = event.target.closest("[data-remove]")?.closest(".file-x");
  const zone = line?.closest("[data-upload]");
  line?.remove();
  changed(zone);
});
