// The live screen: rows that the server sends as HTML are put in, moved and let
// go, and times count on. What is under the pointer stays where it is.

interface Push {
  now: number;
  order?: number[];
  none?: boolean;
  rows?: string[];
  tiles?: string;
  sum?: string;
  staff?: string;
}

const find = (id: string) => document.getElementById(id) as HTMLElement;
const list = find("live-rows");
const still = matchMedia("(prefers-reduced-motion: reduce)");
let ahead = Number(list.dataset.now) - Date.now(); // of the server's clock
let order: string[] | undefined; // that could not be taken yet
const fresh = new Set<Element>(); // rows that are not in their place yet

/** read makes a row of its HTML. */
function read(html: string): HTMLElement {
  const room = document.createElement("template");
  room.innerHTML = html;
  return room.content.firstElementChild as HTMLElement;
}

function put(id: string, html?: string): void {
  if (html) find(id).innerHTML = html;
}

/** held says whether somebody is about to use a row. */
const held = () => list.matches(":hover") || list.contains(document.activeElement);

/** arrange brings the rows into order; those that move glide to their place. */
function arrange(): void {
  if (!order || held()) return;
  const tops = new Map([...list.children].map((row) => [row, row.getBoundingClientRect().top]));
  const wanted = order.map((id) => document.getElementById(id)).filter((row) => row !== null);
  order = undefined;
  const stays = new Set<Element>(wanted);
  for (const row of [...list.children]) if (!stays.has(row)) row.remove();
  wanted.forEach((row, at) => list.children[at] !== row && list.insertBefore(row, list.children[at] ?? null));
  if (still.matches) return;
  const moves = wanted.map((row) => [row, (tops.get(row) ?? 0) - row.getBoundingClientRect().top] as const);
  for (const [row, by] of moves) {
    const from = fresh.delete(row) ? { opacity: 0, transform: "translateY(-.6rem)" } : { transform: `translateY(${by}px)` };
    if (by) row.animate([from, { opacity: 1, transform: "none" }], { duration: 350, easing: "ease-out" });
  }
}

function take(push: Push): void {
  ahead = push.now - Date.now();
  put("live-tiles", push.tiles);
  put("live-sum", push.sum);
  put("live-staff", push.staff);
  for (const html of push.rows ?? []) {
    const row = read(html);
    const old = document.getElementById(row.id);
    if (!old) {
      row.classList.add("came");
      fresh.add(row);
      list.append(row);
    } else if (!old.contains(document.activeElement)) old.replaceWith(row);
  }
  if (push.order || push.none) order = (push.order ?? []).map((row) => "v" + row);
  arrange();
  find("live-list").hidden = !list.children.length;
  find("live-none").hidden = !!list.children.length;
  count();
}

/** count says how long ago things were, as the server would. */
function count(): void {
  const now = Date.now() + ahead;
  for (const place of list.querySelectorAll<HTMLElement>("[data-at]")) {
    const at = Number(place.dataset.at);
    if (!at) continue;
    const seconds = Math.max(0, Math.floor((now - at) / 1000));
    const [unit, n] = seconds < 60 ? ["seconds", seconds] : seconds < 3600 ? ["minutes", Math.floor(seconds / 60)] : ["hours", Math.floor(seconds / 3600)];
    const text = (list.dataset[unit] as string).replace("@", String(n));
    if (place.textContent !== text) place.textContent = text;
  }
}

const state = find("live-state");
function say(on: boolean): void {
  state.classList.toggle("on", on);
  state.textContent = (on ? state.dataset.live : state.dataset.lost) ?? "";
}

/** listen hears the server out; a connection that is refused is tried again later. */
function listen(): void {
  const source = new EventSource("/ui/live/events" + location.search);
  source.addEventListener("open", () => say(true));
  source.addEventListener("live", (event) => take(JSON.parse(event.data)));
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.OPEN) return;
    say(false);
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 5_000);
  });
}

listen();
list.addEventListener("pointerleave", () => requestAnimationFrame(arrange));
setInterval(count, 1_000);
