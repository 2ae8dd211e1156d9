// The figures of the last minutes as uPlot draws them, from what the stream brings;
// until then there is the drawing that came with the page. Nothing moves by itself,
// so that there is no motion to reduce.
import uPlot from "uplot";

/** What figures were, by the tile's name and the oldest first; times in ms. */
export interface Then {
  until: number;
  each: number;
  was: Record<string, number[]>;
}

const tiles = document.getElementById("live-tiles") as HTMLElement;
const language = document.documentElement.lang;
const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
const fine = new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const clock = clockOf(tiles.dataset.zone);
const drawn = new Map<string, uPlot>();

/** clockOf tells the time in the shop's zone, or in the browser's where it does not know that. */
function clockOf(timeZone?: string): Intl.DateTimeFormat {
  const parts = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" } as const;
  try {
    return new Intl.DateTimeFormat(language, { ...parts, timeZone });
  } catch {
    return new Intl.DateTimeFormat(language, parts);
  }
}

/** A wait of 0 is none: nobody waited. */
const known = (tile: string, value: number) => (tile === "wait" && value === 0 ? null : value);

function say(tile: string, value?: number | null): string {
  if (value === null || value === undefined) return "–";
  return tile === "wait" ? `${(value < 10 ? fine : whole).format(value)} ms` : whole.format(value);
}

/** draw draws the tiles one after another, so that rows and clicks come between. */
export function draw(then: Then): void {
  for (const place of tiles.querySelectorAll<HTMLElement>(".series")) setTimeout(one, 0, place, then);
}

function one(place: HTMLElement, then: Then): void {
  const tile = place.dataset.tile as string;
  const values = (then.was[tile] ?? []).map((value) => known(tile, value));
  const times = values.map((_, at) => then.until - (values.length - 1 - at) * then.each);
  if (!values.length) return;
  const chart = drawn.get(tile);
  if (chart) chart.setData([times, values]);
  else drawn.set(tile, begin(place, tile, [times, values]));
  describe(place, tile, values);
}

/** describe says in words what is drawn. */
function describe(place: HTMLElement, tile: string, values: (number | null)[]): void {
  const there = values.filter((value) => value !== null);
  const text = (tiles.dataset.was as string)
    .replace("@low", say(tile, there.length ? Math.min(...there) : null))
    .replace("@high", say(tile, there.length ? Math.max(...there) : null))
    .replace("@last", say(tile, values[values.length - 1]));
  place.setAttribute("role", "img");
  place.setAttribute("aria-label", `${document.getElementById("tile-" + tile)?.textContent} – ${text}`);
}

function begin(place: HTMLElement, tile: string, data: uPlot.AlignedData): uPlot {
  place.replaceChildren();
  const told = document.createElement("output"); // what was at the pointer
  told.hidden = true;
  const colour = () => getComputedStyle(place).color;
  const size = () => ({ width: place.clientWidth, height: place.clientHeight });
  const chart = new uPlot(
    {
      ...size(),
      padding: [5, 4, 4, 4],
      legend: { show: false },
      axes: [{ show: false }, { show: false }],
      scales: { x: { time: false }, y: { range: (_chart, _low, high) => [0, high || 1] } },
      series: [
        {},
        {
          stroke: colour,
          width: 1.6,
          fill: () => colour().replace("rgb(", "rgba(").replace(")", ", .14)"),
          points: { show: true, size: 4.4, width: 0, fill: colour, filter: (u) => alone(u.data[1]) },
        },
      ],
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 6, fill: colour }, sync: { key: "live" } },
      hooks: {
        setCursor: [
          (u) => {
            const at = u.cursor.idx;
            told.hidden = at === null || at === undefined;
            if (typeof at === "number") told.textContent = `${clock.format(u.data[0][at])} ${say(tile, u.data[1][at])}`;
          },
        ],
      },
    },
    data,
    place,
  );
  place.append(told);
  new ResizeObserver(() => {
    const now = size();
    if (now.width !== chart.width || now.height !== chart.height) chart.setSize(now);
  }).observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => chart.redraw());
  return chart;
}

/** alone are the values without one beside them, which make no line, and the last. */
function alone(values: ArrayLike<number | null | undefined>): number[] {
  const there = (at: number) => typeof values[at] === "number";
  return Array.from(values, (_, at) => at).filter((at) => there(at) && (at === values.length - 1 || !(there(at - 1) || there(at + 1))));
}
