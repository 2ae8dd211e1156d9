import type { Guard } from "./guard";
import type { Props } from "./types";

/** Attention measures one page view: visible time, scroll depth, idleness and the first wish to leave. */
export interface Attention {
  /** A new page view begins. */
  reset(): void;
  /** Milliseconds for which the page was really visible since `reset`. */
  visible(): number;
  /** What `omo_engagement` says, or nothing where there is nothing new. */
  report(): Props | undefined;
}

// Touch devices have no pointer that leaves the window. A fast way back up after reading down is the best
// sign there is, and no more than that: reports label it "scroll".
const FLICK_TIME = 400; // ms
const FLICK_SHARE = 0.4; // of the window's height

const LEAST = 50; // ms; a page that goes away hears of it twice, and is reported once

export function makeAttention(guard: Guard, exit: () => void): Attention {
  let shown = 0; // visible ms up to `since`
  let since = 0;
  let told = 0; // visible ms already reported
  let deepest = 0; // px
  let active = 0; // visible ms at the last sign of life
  let idle = 0; // longest silence, visible ms
  let left: Props | undefined; // the first exit intent
  let anchor = { y: 0, at: 0 };

  const visible = () => shown + (document.hidden ? 0 : performance.now() - since);
  const live = () => {
    const now = visible();
    idle = Math.max(idle, now - active);
    active = now;
  };
  const leaving = (by: string) => {
    if (!left) left = { exit: Math.round(visible()), exit_by: by };
    exit();
  };

  const listen = (target: EventTarget, names: string[], fn: (event: any) => void) =>
    names.forEach((name) => target.addEventListener(name, guard(name, fn), { passive: true, capture: true }));

  listen(document, ["pointermove", "pointerdown", "keydown", "touchstart"], live);
  listen(document, ["visibilitychange"], () => {
    if (document.hidden) shown += performance.now() - since;
    else since = performance.now();
  });
  listen(document, ["mouseout"], (event: MouseEvent) => {
    // No related target: the pointer left the window, and through its top edge.
    if (!event.relatedTarget && event.clientY <= 0) leaving("mouse");
  });
  listen(document.documentElement, ["mouseleave"], (event: MouseEvent) => {
    if (event.target === document.documentElement && event.clientY <= 0) leaving("mouse");
  });
  listen(window, ["scroll"], () => {
    live();
    const y = scrollY;
    const at = performance.now();
    deepest = Math.max(deepest, y + innerHeight);
    if (y >= anchor.y || at - anchor.at > FLICK_TIME) anchor = { y, at };
    else if (anchor.y - y > innerHeight * FLICK_SHARE && matchMedia("(pointer: coarse)").matches) leaving("scroll");
  });

  return {
    reset() {
      shown = told = active = idle = 0;
      since = performance.now();
      deepest = scrollY + innerHeight;
      left = undefined;
      anchor = { y: scrollY, at: since };
    },
    visible,
    report() {
      const dwell = Math.round(visible()) - told;
      if (dwell < LEAST) return;
      live();
      told += dwell;
      const height = document.documentElement.scrollHeight || 1;
      return {
        scroll: Math.min(100, Math.round((deepest / height) * 100)),
        dwell_ms: dwell,
        idle_ms: Math.round(idle),
        ...left,
      };
    },
  };
}
