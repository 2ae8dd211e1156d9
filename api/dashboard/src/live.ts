// The live screen: rows that the server sends as HTML are put in, moved and let
// go, and times count on. What is under the pointer stays where it is.

import { draw, type Then } from "./series";

interface Push {
  now: number;
  order?: number[];
  none?: boolean;
  rows?: string[];
  tiles?: string;
  then?: Then;
  sum?: string;
  staff?: string;
}

const find = (id: string) => document.getElementById(id) as HTMLElement;
const list = find("live-rows");
const still = matchMedia("(prefers-reduced-motion: reduce)");
let ahead = Number(list.dataset.now) - Date.now(); // of the server's clock
let order: string[] | undefined; // that could not be taken yet
const fresh = new Set<Element>(); // rows that are not in their place yet

/** read makes rows of their HTML. */
function read(html: string[]): Element[] {
  const room = document.createElement("template");
  room.innerHTML = html.join("");
  return [...room.content.children];
}

function put(id: string, html?: string): void {
  if (html) find(id).innerHTML = html;
}

/** held says whether somebody is about to use a row. */
const held = () => list.matches(":hover") || list.contains(document.activeElement);

// Nobody can follow more than so many rows that move at once.
const FOLLOWED = 12;

/** arrange brings the rows into order; those that move glide to their place. */
function arrange(): void {
  if (!order || held()) return;
  const before = [...list.children];
  const wanted = order.map((id) => document.getElementById(id)).filter((row) => row !== null);
  order = undefined;
  const stays = new Set<Element>(wanted);
  const left = before.filter((row) => stays.has(row) && !fresh.has(row));
  const come = wanted.filter((row) => fresh.has(row));
  const rising = wanted.filter((row) => !fresh.has(row)).filter((row, at) => left[at] !== row);
  const glide = !still.matches && come.length <= FOLLOWED && rising.length <= FOLLOWED;
  const tops = new Map(glide ? rising.map((row) => [row, row.getBoundingClientRect().top]) : []);
  for (const row of before) if (!stays.has(row)) row.remove();
  let next = list.firstElementChild;
  for (const row of wanted) {
    if (row === next) next = row.nextElementSibling;
    else list.insertBefore(row, next);
  }
  fresh.clear();
  if (!glide) return;
  const moves = rising.map((row) => [row, (tops.get(row) as number) - row.getBoundingClientRect().top] as const);
  const motion = { duration: 350, easing: "ease-out" };
  come.forEach((row) => row.animate([{ opacity: 0, transform: "translateY(-.6rem)" }, { opacity: 1, transform: "none" }], motion));
  moves.forEach(([row, by]) => row.animate([{ transform: `translateY(${by}px)` }, { transform: "none" }], motion));
}

function take(push: Push): void {

  ahead = push.now - Date.now();
  for (const figure of read(push.tiles ? [push.tiles] : [])) find(figure.id).replaceWith(figure);
  if (push.then) draw(push.then);
  put("live-sum", push.sum);
  put("live-staff", push.staff);
  const rows = read(push.rows ?? []);
  for (const row of rows) {
    const old = document.getElementById(row.id);
    if (!old) {
      if (rows.length <= FOLLOWED) row.classList.add("came");
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
  state.textContent = on ? (state.dataset.live ?? "") : "";
  list.dispatchEvent(new CustomEvent("omo:connection", { bubbles: true, detail: on ? "answered" : "lost" }));
}

// The server ends each stream after a while, and the browser comes again within a
// second: only what takes longer is told.
const COMES_AGAIN = 4_000;
let gone: number | undefined;

/** listen hears the server out; a connection that is refused is tried again later. */
function listen(): void {
  const source = new EventSource("/ui/live/events" + location.search);
  source.addEventListener("live", (event) => {
    clearTimeout(gone);
    gone = undefined;
    take(JSON.parse(event.data));
    say(true); // not when it opens: what it shows is old until the first push
  });
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.OPEN) return;
    gone ??= setTimeout(say, COMES_AGAIN, false);
    if (source.readyState === EventSource.CLOSED) setTimeout(again, 5_000);
  });
}

/** again listens anew, unless the server wants to know first who looks: it forgets that when it starts. */
async function again(): Promise<void> {
  const seen = await fetch(location.href, { method: "HEAD" }).catch(() => undefined);
  if (seen?.redirected) location.reload();
  else listen();
}

listen();
list.addEventListener("pointerleave", () => requestAnimationFrame(arrange));
setInterval(count, 1_000);
