import type { Attention } from "./attention";
import type { Config } from "./config";
import type { Guard } from "./guard";
import type { Decision, Load, OmoEvent } from "./types";
import type { Visitor } from "./visitor";
import type { Fire, Seen, Watch } from "./watch";

/** Armed holds the campaigns that wait for a browser trigger on this page view. */
export interface Armed {
  /** Takes the answer to the page view: armed campaigns wait from now on. */
  arm(decisions: Decision[]): void;
  /** A trigger happened; with `event` if it is the name of one. */
  happened(trigger: string, event?: OmoEvent): void;
  /** Time has passed, or the page was scrolled or shown. */
  look(): void;
  /** Takes the answer to a trigger, or to the page view, for which nothing waits yet: gives what may open, and those campaigns wait no more. */
  answered(decisions: Decision[], trigger?: string): Decision[];
  clear(): void;
}

/** TRIGGERS is the path of the built watch.ts; the bundler puts it in. */
declare const TRIGGERS: string;

/**
 * makeArmed remembers what happens on a page view until something waits for it: most pages have no armed
 * campaign, and only those that have one load what watches for triggers.
 */
export function makeArmed(load: Load, attention: Attention, guard: Guard, fire: Fire, visitor: Visitor, config: Config): Armed {
  let seen: Seen = new Map(); // of this page view and no other
  let watch: Watch | undefined;
  return {
    arm: guard("triggers", async (decisions: Decision[]) => {
      const mine = seen;
      if (!decisions.some(({ armed }) => armed)) return;
      const { makeWatch } = (await load(TRIGGERS)) as typeof import("./watch");
      if (mine === seen && !watch) watch = makeWatch(decisions, seen, attention, guard, fire, visitor, config);
    }),
    happened(trigger, event) {
      if (watch) watch.happened(trigger, event);
      else if (event || !seen.has(trigger)) seen.set(trigger, event);
    },
    look: () => watch?.look(),
    answered: (decisions, trigger) => (watch ? watch.answered(decisions, trigger!) : decisions),
    clear() {
      watch?.stop();
      watch = undefined;
      seen = new Map();
    },
  };
}
