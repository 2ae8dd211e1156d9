import type { Choice } from "./config";
import type { Store } from "./store";
import type { Answer, Consent, Props } from "./types";
import { now, uuidv7 } from "./ids";

const KEY = "omo_vid";
const OUT = "omo_out";

/** A Visitor is this browser's first-party id, which exists only as far as consent goes. */
export interface Visitor {
  consent(): Consent;
  /** The page tells what the visitor chose. It does not undo an opt-out. */
  choose(choice: Choice): void;
  /** The visitor's own word, kept over pages: nothing, or again as the page has it. */
  out(yes: boolean): void;
  /** Nothing is kept of a visitor who said no. */
  forget(): void;
  /** May the server see its cookie? Not while Consent Mode waits for an answer, which may be a no or the yes of before. */
  cookies(): boolean;
  /** May anything be kept about this visitor? */
  known(): boolean;
  /** How a request begins that tells something of this visitor. */
  told(): Props & { consent: Consent };
  id(): string | null | undefined;
  /**
   * The server's answer has the last word on the id: its signed cookie wins over ours. Where the first one
   * never came the browser makes the id itself, for events need an owner.
   */
  learn(answer: Answer | undefined): void;
}

export function makeVisitor(store: Store, choice: Choice): Visitor {
  let id: string | null | undefined;
  let out = false;
  // Where the site's policy is opt-out, "unknown" is enough for the server, and it says so by giving an id.
  let given: boolean | undefined;
  // Asked anew each time: the visitor may have said it in another tab.
  const isOut = () => out || !!store.get(OUT);
  const consent = () => (isOut() || choice === "gcm" ? "denied" : choice);
  const known = () => consent() === "granted" || (consent() === "unknown" && !!given);
  const forget = () => {
    id = given = undefined;
    store.remove(KEY);
  };
  // The no may be of another tab: what is in memory is no more either.
  const kept = () => (id = consent() === "denied" ? null : id || store.get(KEY));
  return {
    consent,
    choose(next) {
      choice = next;
    },
    out(yes) {
      out = yes;
      if (yes) {
        forget();
        store.set(OUT, "1");
      } else store.remove(OUT);
    },
    forget,
    cookies: () => isOut() || choice !== "gcm",
    known,
    // Where nobody said a word, the server knows whether an id of before may be used.
    told: () => ({ visitor: { id: kept() }, consent: consent(), sent_at: now() }),
    id: () => (known() ? kept() : null),
    learn(answer) {
      const name = answer ? answer.visitor?.id : consent() === "granted" && !kept() && uuidv7();
      if (!name || consent() === "denied") return;
      given = true;
      id = name;
      store.set(KEY, name);
    },
  };
}
