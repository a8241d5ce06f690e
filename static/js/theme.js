// Runs before the first paint, so that no page flashes: without a stored choice the device decides.
(() => {
  const root = document.documentElement;
  const device = matchMedia("(prefers-color-scheme: dark)");
  const chosen = root.dataset.bsTheme;
  const apply = () => { root.dataset.bsTheme = device.matches ? "dark" : "light"; };
  if (!chosen) { apply(); device.addEventListener("change", apply); }
})();
