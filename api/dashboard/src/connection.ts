// Whether the server answers is said in one place of every screen. What asks by
// itself (hx-trigger="every …", the live screen's stream) goes on asking, so that
// the screen comes back when the server does.

const worst = ["lost", "gone", "shut", "denied", "unsent"] as const;
type Trouble = typeof worst[number];

const place = document.getElementById("connection") as HTMLElement;
const [said, last, login] = place.children as unknown as HTMLElement[];
const troubles = new Map<Element, Trouble>(); // of who asked
let answered = Date.now();

function tell(): void {
  for (const who of troubles.keys()) if (!who.isConnected) troubles.delete(who);
  const all = new Set(troubles.values());
  const one = worst.find((trouble) => all.has(trouble));
  const seconds = Math.max(0, Math.floor((Date.now() - answered) / 1000));
  const [unit, n] = seconds < 60 ? ["seconds", seconds] : ["minutes", Math.floor(seconds / 60)];
  put(said, one && place.dataset[one]);
  put(last, one === "lost" ? place.dataset[unit]?.replace("@", String(n)) : ""); // no status: a reader is told once
  login.hidden = one !== "shut";
  place.classList.toggle("said", !!one);
}

function put(where: HTMLElement, text = ""): void {
  if (where.textContent !== text) where.textContent = text;
}

/** good notes that who asked was answered, by itself or because a person did something. */
function good(who: Element, byItself: boolean): void {
  answered = Date.now();
  troubles.delete(who);
  // What is asked by itself does not say that what a person did has come to anything.
  if (!byItself) for (const [other, trouble] of troubles) if (trouble !== "lost" && trouble !== "gone") troubles.delete(other);
  tell();
}

const asksAgain = (who: Element): boolean => who.matches('[hx-trigger*="every"]');

/**
 * bad notes that who asked got no answer, or one that says no. What a person did and
 * may not, or no longer, stays on the page with all that is written there.
 */
function bad(who: Element, status: number): void {
  const refused = status >= 400 && status < 500 && status !== 429;
  if (asksAgain(who)) troubles.set(who, refused ? "gone" : "lost");
  else troubles.set(who, status === 401 ? "shut" : status === 403 ? "denied" : "unsent");
  tell();
}

const detail = (event: Event) => (event as CustomEvent).detail;

export function watchConnection(): void {
  for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
    document.addEventListener(name, (event) => bad(detail(event).elt, detail(event).xhr.status));
  }
  document.addEventListener("htmx:afterRequest", (event) => {
    if (detail(event).successful) good(detail(event).elt, asksAgain(detail(event).elt));
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (troubles.get(detail(event).elt) === "gone") event.preventDefault();
  });
  // By who asks without htmx: "answered", or "lost".
  document.addEventListener("omo:connection", (event) => {
    const who = event.target as Element;
    if (detail(event) === "answered") return good(who, true);
    troubles.set(who, "lost");
    tell();
  });
  setInterval(tell, 1_000);
}
