import { safeLink } from "./dom";

const APART = 30_000; // ms between two redirects of one campaign in one tab

/** redirectTo gives the way to another page; nothing where it is this one, or where the visitor has just been led there: "loop". */
export function redirectTo(link: string | undefined, campaign: string): (() => void) | "loop" | undefined {
  const to = safeLink(link);
  const plain = (url: string) => url.replace(/#.*/, "");
  if (!to || plain(to) === plain(location.href)) return;
  const key = "omo_redirect:" + campaign;
  try {
    if (Date.now() - +(sessionStorage.getItem(key) || 0) < APART) return "loop";
    sessionStorage.setItem(key, String(Date.now()));
  } catch {
    if (plain(document.referrer) === plain(to)) return "loop"; // no storage: look where the visitor comes from
  }
  return () => location.replace(to); // not a step of the history: back leads out of here, and not into a circle
}
