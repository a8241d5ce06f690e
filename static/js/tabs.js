// Of more tabs than fit, the one that is open is in sight.
document.body.addEventListener("htmx:load", (event) => {
  for (const tab of event.detail.elt.querySelectorAll(".tabs [aria-current]")) tab.scrollIntoView({ block: "nearest", inline: "center" });
});
