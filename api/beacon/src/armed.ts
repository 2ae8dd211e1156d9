import type { Attention } from "./attention";
import type { Guard } from "./guard";
import type { Decision } from "./types";
import { millis } from "./ids";

/** Armed holds the campaigns that wait for a browser trigger on this page view. */
export interface Armed {
  arm(decisions: Decision[]): void;
  /** A trigger happened; calls `fire` once if it was the last that some campaign waited for. */
  happened(trigger: string): void;
  clear(): void;
}

/** makeArmed calls `fire` with the trigger that completed one or more campaigns' `on` lists. */
export function makeArmed(attention: Attention, guard: Guard, fire: (trigger: string) => void): Armed {
  let waiting: Decision[] = [];
  let seen = new Set<string>();
  let asked = new Set<string>(); // campaigns that have had their one call
  let timer = 0;

  const happened = (trigger: string) => {
    if (seen.has(trigger)) return;
    seen.add(trigger);
    const complete = (decision: Decision) => (decision.on || []).every((name) => seen.has(name));
    const due = waiting.filter(complete);
    waiting = waiting.filter((decision) => !complete(decision));
    due.forEach((decision) => asked.add(decision.campaign));
    if (due.length) fire(trigger);
  };

  /** Visible time has passed, or the page was shown or hidden: tell what is due, and wait for the next. */
  const tick = guard("dwell", () => {
    clearTimeout(timer);
    let next = Infinity;
    for (const trigger of new Set(waiting.flatMap((decision) => decision.on || []))) {
      if (!trigger.startsWith("dwell:") || seen.has(trigger)) continue;
      const rest = millis(trigger.slice(6)) - attention.visible();
      if (rest <= 0) happened(trigger);
      else if (rest < next) next = rest; // not for NaN: an unreadable duration never comes
    }
    if (next < Infinity && !document.hidden) timer = setTimeout(tick, Math.ceil(next)) as unknown as number;
  });
  document.addEventListener("visibilitychange", () => tick());

  return {
    arm(decisions) {
      waiting.push(
        ...decisions.filter(
          (decision) => decision.on?.length && !asked.has(decision.campaign) && !waiting.some((other) => other.campaign === decision.campaign),
        ),
      );
      tick();
    },
    happened,
    clear() {
      clearTimeout(timer);
      waiting = [];
      seen = new Set();
      asked = new Set();
    },
  };
}
