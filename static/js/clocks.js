// Clocks only count down: the server wrote the due instant and the words.
function tell(clock) {
  const left = Math.round((new Date(clock.dataset.due) - Date.now()) / 60000);
  const size = Math.abs(left);
  const text = size < 60 ? `${size} ${clock.dataset.min}` : size < 2880 ? `${Math.floor(size / 60)} ${clock.dataset.hour} ${String(size % 60).padStart(2, "0")}` : `${Math.floor(size / 1440)} ${clock.dataset.day}`;
  clock.textContent = left < 0 ? `−${text}` : text;
  const tone = left < 30 ? "red" : left < 60 ? "amber" : "green";
  const box = clock.closest(".clock") || clock;
  for (const name of ["red", "amber", "green"]) box.classList.toggle(name, name === tone);
}
const all = () => document.querySelectorAll("[data-due]").forEach(tell);
all();
setInterval(all, 20000);
document.body.addEventListener("htmx:afterSettle", all);
