import type { Report } from "./types";

/** A Guard wraps an entry from the page, so that no error of ours ever reaches it. */
export type Guard = <A extends unknown[]>(place: string, fn: (...args: A) => unknown) => (...args: A) => Promise<void>;

export function makeGuard(report: Report): Guard {
  // Async, so that what fails later is caught as well, whatever the page has put in the place of Promise. Up to
  // its first await fn runs at once.
  return (place, fn) =>
    async (...args) => {
      try {
        await fn(...args);
      } catch (problem) {
        try {
          report(place, String(problem));
        } catch {
          // Reporting is the last resort; there is nobody left to tell.
        }
      }
    };
}
