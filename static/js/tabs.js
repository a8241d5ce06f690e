// Of more tabs than fit, the one that is open is in sight. Only their strip moves: the page may be somewhere else.
document.body.addEventListener("htmx:load", (event) => {
  for (const tab of event.detail.elt.querySelectorAll(".tabs [aria-current]")) {
    const strip = tab.closest(".tabs");
    strip.scrollLeft += tab.getBoundingClientRect().left - strip.getBoundingClientRect().left - (strip.clientWidth - tab.offsetWidth) / 2;
  }
});
