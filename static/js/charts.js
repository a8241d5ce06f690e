// Charts take their numbers from a JSON block and their colours from the theme; the table beside them says the same.
const probe = document.createElement("span");
probe.hidden = true;
document.body.append(probe);

// light-dark() comes back as text: only a used colour is a colour.
function colour(name) {
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}

// What stands at an axis and over a bar: short, in the words of the page.
function short(unit) {
  const style = unit === "seconds" ? { style: "unit", unit: "hour", unitDisplay: "narrow" } : { notation: "compact" };
  const number = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1, ...style });
  return (value) => (unit === "percent" ? `${number.format(value)} %` : number.format(value));
}

// Durations are drawn in hours: an axis in round seconds says 2.8 h and 5.6 h.
const scaled = (place, value) => Number(value) / (place.dataset.unit === "seconds" ? 3600 : 1);

// Days and months come as 2026-03-01 and 2026-03; other labels are words already.
function moment(label) {
  if (!/^\d{4}-\d\d(-\d\d)?$/.test(label)) return label;
  const style = label.length > 7 ? { day: "numeric", month: "short", year: "2-digit" } : { month: "short", year: "2-digit" };
  return new Intl.DateTimeFormat(document.documentElement.lang, { ...style, timeZone: "UTC" }).format(new Date(label));
}

function target(place) {
  const value = scaled(place, place.dataset.target);
  if (!value) return undefined;
  const ink = colour("--ink-2");
  return { silent: true, symbol: "none", lineStyle: { color: ink, type: "dashed" }, label: { color: ink, position: "insideEndTop", formatter: place.dataset.targetLabel }, data: [{ yAxis: value }] };
}

function draw(place) {
  const points = JSON.parse(document.getElementById(place.dataset.series).textContent);
  const chart = echarts.getInstanceByDom(place) || echarts.init(place);
  const ink = colour("--ink-2");
  const say = short(place.dataset.unit);
  const cut = new Set((place.dataset.cut || "").split(" "));
  chart.setOption({
    grid: { left: 56, right: 16, top: 24, bottom: 28 },
    textStyle: { fontFamily: "inherit", color: ink },
    tooltip: { trigger: "axis", renderMode: "richText", valueFormatter: say },
    xAxis: { type: "category", data: points.map((p) => moment(p.label)), axisLine: { lineStyle: { color: colour("--line-2") } }, axisLabel: { color: ink } },
    yAxis: { type: "value", splitLine: { lineStyle: { color: colour("--line") } }, axisLabel: { color: ink, formatter: say } },
    series: [{ type: place.dataset.chart, data: points.map((p) => (p.value === null ? null : { value: scaled(place, p.value), itemStyle: { opacity: cut.has(p.label) ? 0.45 : 1 } })), color: colour("--chart-1"), barMaxWidth: 32, markLine: target(place), labelLayout: { hideOverlap: true }, label: { show: place.clientWidth > 48 * points.length, position: "top", color: ink, formatter: (p) => say(p.value) } }],
  });
}

const all = () => document.querySelectorAll("[data-chart]").forEach(draw);
all();
addEventListener("resize", () => document.querySelectorAll("[data-chart]").forEach((place) => echarts.getInstanceByDom(place)?.resize()));
new MutationObserver(all).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
