import type { Report } from "./types";

/** A Guard wraps an entry from the page, so that no error of ours ever reaches it. */
export type Guard = <A extends unknown[]>(place: string, fn: (...args: A) => unknown) => (...args: A) => void;

export function makeGuard(report: Report): Guard {
  return (place, fn) =>
    (...args) => {
      const failed = (problem: unknown) => {
        try {
          report(place, String(problem));
        } catch {
          // Reporting is the last resort; there is nobody left to tell.
        }
      };
      try {
        const result = fn(...args);
        if (result instanceof Promise) result.catch(failed);
      } catch (problem) {
        failed(problem);
      }
    };
}
