import type { Attention } from "./attention";
import type { Guard } from "./guard";
import type { Decision, OmoEvent } from "./types";
import { amount } from "./ids";
import { makeSight } from "./sight";

/** Armed holds the campaigns that wait for a browser trigger on this page view. */
export interface Armed {
  /** Takes the answer to the page view: armed campaigns wait from now on. */
  arm(decisions: Decision[]): void;
  /** A trigger happened; with `event` if it is the name of one. */
  happened(trigger: string, event?: OmoEvent): void;
  /** Time has passed, or the page was scrolled or shown: tells what is due, and waits for the next. */
  look(): void;
  /** Takes the answer to a trigger: gives what may open, and those campaigns wait no more. */
  answered(decisions: Decision[]): Decision[];
  clear(): void;
}

type Waiting = Decision & { on: string[] };

const POLL = 500; // ms between looks at what no event tells: a page that grew shorter, an element that came

// Whatever is none of ours is the name of an event; a name has no colon.
const isEvent = (trigger: string) => !/:|^(exit_intent|tab_return)$/.test(trigger);

/**
 * makeArmed calls `fire` with the trigger that came last of one or more campaigns' `on` lists, and with the
 * events of those lists. A campaign asks once. One that waits for an event asks at each such event until an
 * answer names it: only the server can tell which of them its `where` means.
 */
export function makeArmed(attention: Attention, guard: Guard, fire: (trigger: string, events: OmoEvent[]) => void): Armed {
  let waiting: Waiting[] = [];
  const seen = new Map<string, OmoEvent | undefined>();
  let timer = 0;

  const complete = ({ on }: Waiting) => on.every((name) => seen.has(name));
  const happened = (trigger: string, event?: OmoEvent) => {
    if (event ? !isEvent(trigger) : seen.has(trigger)) return;
    seen.set(trigger, event);
    const due = waiting.filter((one) => one.on.includes(trigger) && complete(one));
    waiting = waiting.filter((one) => !due.includes(one) || one.on.some(isEvent));
    if (due.length) fire(trigger, due.flatMap(({ on }) => on.flatMap((name) => seen.get(name) || [])));
  };

  const open = (kind: string) => new Set(waiting.flatMap(({ on }) => on).filter((name) => name.startsWith(kind) && !seen.has(name)));
  /** reach tells the triggers of a kind that have been come to, and gives the way to the next. */
  const reach = (kind: string, value: number): number => {
    let way = Infinity;
    for (const name of open(kind)) {
      const rest = amount(name) - value;
      if (rest <= 0) happened(name);
      else if (rest < way) way = rest; // not for NaN: what cannot be read never comes
    }
    return way;
  };
  const sight = makeSight(guard, (element) => {
    for (const name of open("in_view:")) {
      if (!element.matches(name.slice(8))) continue;
      attention.first(name);
      happened(name);
    }
  });

  // Observing again is cheap, and takes up elements that came since. A selector that is none is told once.
  const watch = guard("in_view", (selector: string) => document.querySelectorAll(selector).forEach((element) => sight.observe(element)));

  const look = guard("look", () => {
    clearTimeout(timer);
    if (document.hidden) return;
    let next = Math.min(reach("dwell:", attention.visible()), reach("idle:", attention.idle()));
    if (reach("scroll:", attention.depth()) < Infinity) next = Math.min(next, POLL);
    for (const name of open("in_view:")) {
      next = Math.min(next, POLL);
      watch(name.slice(8));
    }
    if (next < Infinity) timer = setTimeout(look, next) as unknown as number;
  });

  return {
    look,
    happened,
    arm(decisions) {
      waiting = decisions.filter((decision): decision is Waiting => !!(decision.armed && decision.on));
      // What came before the answer counts as well: an event told while the page was loading, say.
      const before = [...seen];
      seen.clear();
      before.forEach(([trigger, event]) => happened(trigger, event));
      look();
    },
    answered(decisions) {
      // The same trigger may be a part of another campaign's list, whose time has not come.
      const due = decisions.filter(({ campaign }) => !waiting.some((other) => other.campaign === campaign && !complete(other)));
      waiting = waiting.filter((other) => !due.some(({ campaign }) => campaign === other.campaign));
      return due;
    },
    clear() {
      waiting = [];
      seen.clear();
      sight.disconnect();
    },
  };
}
