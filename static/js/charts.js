// Charts take their numbers from a JSON block and their colours from the theme; the table beside them says the same.
const probe = document.createElement("span");
probe.hidden = true;
document.body.append(probe);

// light-dark() comes back as text: only a used colour is a colour.
function colour(name) {
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}

function hours(value) {
  return `${Math.round(value / 360) / 10} h`;
}

// What stands at an axis and over a bar: short, in the words of the page.
function short(unit) {
  if (unit === "seconds") return hours;
  const number = new Intl.NumberFormat(document.documentElement.lang, { notation: "compact", maximumFractionDigits: 1 });
  return (value) => (unit === "percent" ? `${number.format(value)} %` : number.format(value));
}

// Days and months come as 2026-03-01 and 2026-03; other labels are words already.
function moment(label) {
  if (!/^\d{4}-\d\d(-\d\d)?$/.test(label)) return label;
  const style = label.length > 7 ? { day: "numeric", month: "short", year: "2-digit" } : { month: "short", year: "2-digit" };
  return new Intl.DateTimeFormat(document.documentElement.lang, { ...style, timeZone: "UTC" }).format(new Date(label));
}

function target(place) {
  const value = Number(place.dataset.target);
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
    tooltip: { trigger: "axis", renderMode: "richText" },
    xAxis: { type: "category", data: points.map((p) => moment(p.label)), axisLine: { lineStyle: { color: colour("--line-2") } }, axisLabel: { color: ink } },
    yAxis: { type: "value", splitLine: { lineStyle: { color: colour("--line") } }, axisLabel: { color: ink, formatter: say } },
    series: [{ type: place.dataset.chart, data: points.map((p) => (p.value === null ? null : { value: Number(p.value), itemStyle: { opacity: cut.has(p.label) ? 0.45 : 1 } })), color: colour("--chart-1"), barMaxWidth: 32, markLine: target(place), label: { show: points.length <= 14, position: "top", color: ink, formatter: (p) => say(p.value) } }],
  });
}

const all = () => document.querySelectorAll("[data-chart]").forEach(draw);
all();
addEventListener("resize", () => document.querySelectorAll("[data-chart]").forEach((place) => echarts.getInstanceByDom(place)?.resize()));
new MutationObserver(all).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
