import type { Guard } from "./guard";
import type { Item, PageInfo } from "./types";

/** readPage says what this page is, as its head and its item element tell it. */
export function readPage(referrer: string): PageInfo {
  return {
    url: location.href,
    title: document.title + "", // an element named title would stand there instead
    referrer,
    type: document.querySelector<HTMLMetaElement>('meta[name="omo:type"]')?.content,
    lang: document.documentElement.lang,
    item: readItem(),
  };
}

/** readItem reads `<script type="application/json" data-omo-item>`; a page with a broken one has no item. */
function readItem(): Item | undefined {
  const text = document.querySelector("script[data-omo-item]")?.textContent;
  try {
    const told = JSON.parse(text!);
    const item: Item = { price: Number(told.price) || undefined };
    // Shops write ids as numbers and prices as text; the server takes neither.
    for (const name of ["id", "name", "category", "brand"] as const) if (told[name] != null) item[name] = String(told[name]);
    return item;
  } catch {
  }
}

/** whenReady waits until the page is really looked at (not prerendered) and its head is read. */
export function whenReady(start: () => void): void {
  const page = document as Document & { prerendering?: boolean };
  if (page.prerendering) page.addEventListener("prerenderingchange", () => whenReady(start), { once: true });
  else if (page.readyState === "loading") {
    // Whoever leaves before the page is whole has seen it as well.
    for (const name of ["DOMContentLoaded", "pagehide"])
      addEventListener(name, () => {
        start();
        start = () => {};
      });
  } else start();
}

/** whenVisible runs at once, or when the visitor comes to this tab. */
export function whenVisible(run: () => void): void {
  if (document.hidden) addEventListener("visibilitychange", () => whenVisible(run), { once: true });
  else run();
}

/**
 * watchNavigation calls `next` for every page view after the first: a new path by the history API, and a
 * page that comes back whole from the back/forward cache. `moving` hears when the history API was used and
 * when that has settled.
 */
export function watchNavigation(guard: Guard, next: (referrer: string) => void, moving: (yes: boolean) => void): void {
  let path = location.pathname;
  let url = location.href;
  let timer = 0;
  const look = guard("navigation", () => {
    timer = 0;
    const before = url;
    url = location.href;
    if (path !== location.pathname) {
      path = location.pathname;
      next(before);
    }
    moving(false);
  });
  // Frameworks push first and set the title after, and some push and replace in one go. Some never rest: the first
  // of many is waited for.
  const later = guard("navigation", () => {
    moving(true);
    timer ||= setTimeout(look, 50) as unknown as number;
  });
  for (const name of ["pushState", "replaceState"] as const) {
    const real = history[name];
    // Not by assignment, which throws where the page has frozen its history. A router's own may give something back.
    Reflect.set(history, name, function (this: History, ...args: Parameters<History["pushState"]>) {
      const given = real.apply(this, args);
      later();
      return given;
    });
  }
  addEventListener("popstate", later);
  addEventListener("pageshow", (event) => {
    if (event.persisted) guard("pageshow", next)(document.referrer);
  });
}
