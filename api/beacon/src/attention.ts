import type { Guard } from "./guard";
import type { Props } from "./types";

/** Attention measures one page view: visible time, scroll depth, idleness, what was seen and the first wish to leave. */
export interface Attention {
  /** A new page view begins. */
  reset(): void;
  /** Milliseconds for which the page was really visible since `reset`. */
  visible(): number;
  /** Visible milliseconds since the last sign of life. */
  idle(): number;
  /** How much of the page has been reached, in percent; 100 for a page without anything to scroll. */
  depth(): number;
  /** Notes when something first happened. */
  first(name: string): void;
  /** What `omo_engagement` says, or nothing where there is nothing new. */
  report(): Props | undefined;
}

// Touch devices have no pointer that leaves the window. A fast way back up after reading down and a look into
// another tab are the best signs there are, and no more than that: reports label them "scroll" and "tab". The
// way back is nobody's to take: nothing here touches the history.
const touch = () => matchMedia("(pointer: coarse)").matches;
const FLICK_TIME = 400; // ms
const FLICK_SHARE = 0.4; // of the window's height

const LEAST = 50; // ms; a tab that is hidden and shown at once has nothing to report

// A page that is still being built is short, and all of it would count as reached.
const SETTLED = 1_000; // visible ms of a loaded page
const SETTLED_ANYHOW = 3_000; // of one that is still loading something

/** makeAttention calls `tell` at exit intent and at each return to the tab, `moved` when the page is scrolled or shown. */
export function makeAttention(guard: Guard, tell: (trigger: string) => void, moved: () => void): Attention {
  let shown = 0; // visible ms up to `since`
  let since = 0;
  let told = 0; // visible ms already reported
  let lowest = 0; // px
  let deepest = 0; // percent
  let active = 0; // visible ms at the last sign of life
  let idle = 0; // longest silence, visible ms
  let firsts: Props = {}; // visible ms at which something first happened, by its name
  let anchor = { y: 0, at: 0 };

  const visible = () => shown + (document.hidden ? 0 : performance.now() - since);
  const live = () => {
    const now = visible();
    idle = Math.max(idle, now - active);
    active = now;
  };
  const first = (name: string) => {
    firsts = { [name]: Math.round(visible()), ...firsts };
  };
  const leaving = (by: string) => {
    first("exit");
    firsts = { exit_by: by, ...firsts };
    tell("exit_intent");
  };
  const depth = (settled = visible() > (document.readyState === "complete" ? SETTLED : SETTLED_ANYHOW)) => {
    lowest = Math.max(lowest, scrollY + innerHeight);
    if (settled) deepest = Math.max(deepest, Math.round(Math.min(1, lowest / document.documentElement.scrollHeight) * 100));
    return deepest;
  };

  const listen = (target: EventTarget, name: string, fn: (event: any) => void) =>
    target.addEventListener(name, guard(name, fn), { passive: true, capture: true });

  for (const name of ["pointermove", "pointerdown", "keydown"]) listen(document, name, live);
  listen(document, "visibilitychange", () => {
    const now = performance.now();
    if (document.hidden) {
      shown += now - since;
      return;
    }
    since = now;
    live();
    if (shown) {
      // Otherwise a page opened in the background is looked at for the first time.
      first("tab_return");
      tell("tab_return");
      if (touch()) leaving("tab"); // told now: nobody sees what opens in a tab that is away
    }
    moved();
  });
  listen(document, "mouseout", (event: MouseEvent) => {
    // No related target: the pointer left the window, and through its top edge.
    if (!event.relatedTarget && event.clientY <= 0) leaving("mouse");
  });
  listen(window, "scroll", () => {
    live();
    const y = scrollY;
    const at = performance.now();
    depth();
    if (y >= anchor.y || at - anchor.at > FLICK_TIME) anchor = { y, at };
    else if (anchor.y - y > innerHeight * FLICK_SHARE && touch()) leaving("scroll");
    moved();
  });

  return {
    reset() {
      shown = told = active = idle = lowest = deepest = 0;
      since = performance.now();
      firsts = {};
      anchor = { y: 0, at: since }; // to ask where the page stands would have the browser lay it out
    },
    visible,
    idle: () => visible() - active,
    depth,
    first,
    report() {
      const dwell = Math.round(visible()) - told;
      if (dwell < LEAST) return;
      live();
      told += dwell;
      return { scroll: depth(true), dwell_ms: dwell, idle_ms: Math.round(idle), ...firsts };
    },
  };
}
