import type { Guard } from "./guard";

// Small steps as well: a long element fills the window with a small part of itself.
const STEPS = [0.03, 0.06, 0.1, 0.2, 0.3, 0.5];

/** makeSight calls `seen` for an observed element of which half is in the window, or which takes up half of the window. */
export function makeSight(guard: Guard, seen: (element: Element) => void): IntersectionObserver {
  const look = (entries: IntersectionObserverEntry[]) => {
    for (const { target, intersectionRatio, intersectionRect } of entries) {
      if (intersectionRatio >= 0.5 || intersectionRect.height >= innerHeight / 2) seen(target);
    }
  };
  return new IntersectionObserver(guard("in_view", look), { threshold: STEPS });
}
