import type { Store } from "./store";
import type { Consent } from "./types";
import { uuidv7 } from "./ids";

const KEY = "omo_vid";

/** A Visitor is this browser's first-party id, which exists only as far as consent goes. */
export interface Visitor {
  consent(): Consent;
  choose(consent: Consent): void;
  /** May anything be kept about this visitor? */
  known(): boolean;
  id(): string | undefined;
  /** The server's answer has the last word on the id: its signed cookie wins over ours. */
  learn(id: string | undefined): void;
  /** The first answer never came: events need an owner, so the browser makes the id itself. */
  ensure(): void;
}

export function makeVisitor(store: Store, consent: Consent): Visitor {
  let id: string | undefined;
  // Where the site's policy is opt-out, "unknown" is enough for the server, and it says so by giving an id.
  let given = false;
  const known = () => consent === "granted" || (consent === "unknown" && given);
  const keep = (value: string) => {
    id = value;
    store.set(KEY, value);
  };
  return {
    consent: () => consent,
    choose(next) {
      consent = next;
      if (next === "denied") {
        id = undefined;
        given = false;
        store.remove(KEY);
      }
    },
    known,
    id: () => (known() ? (id ||= store.get(KEY) || undefined) : undefined),
    learn(answered) {
      if (!answered || consent === "denied") return;
      given = true;
      keep(answered);
    },
    ensure() {
      if (consent === "granted" && !id && !store.get(KEY)) keep(uuidv7());
    },
  };
}
