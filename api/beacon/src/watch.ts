import type { Attention } from "./attention";
import type { Config } from "./config";
import type { Guard } from "./guard";
import type { Decision, OmoEvent } from "./types";
import type { Visitor } from "./visitor";
import { makeSight } from "./sight";

/** What has happened on a page view, in its order, with the latest event by each name. */
export type Seen = Map<string, OmoEvent | undefined>;
/** Fire is called with the trigger that came last of a campaign's `on` list, and with the events of the list. */
export type Fire = (trigger: string, events: OmoEvent[]) => void;

/** A Watch looks out for the triggers of one page view's armed campaigns. */
export interface Watch {
  /** A trigger happened; with `event` if it is the name of one. */
  happened(trigger: string, event?: OmoEvent): void;
  /** Time has passed, or the page was scrolled or shown: tells what is due, and waits for the next. */
  look(): void;
  /** Takes the answer to a trigger: gives what may open, and those campaigns wait no more. */
  answered(decisions: Decision[], trigger: string): Decision[];
  stop(): void;
}

/** HEART is the address of the built heart.ts; the bundler puts it in. */
declare const HEART: string;

const POLL = 500; // ms between looks at what no event tells: a page that grew shorter, an element that came

// Whatever is none of ours is the name of an event; a name has no colon.
const isEvent = (trigger: string) => !/:|^(exit_intent|tab_return)$/.test(trigger);

/** amount reads what a trigger asks for: `dwell:30s` in ms, `scroll:50%` in percent; NaN where there is nothing to read. */
function amount(trigger: string): number {
  const parts = /:([\d.]+)(\D+)$/.exec(trigger);
  const unit: { [name: string]: number } = { "%": 1, ms: 1, s: 1e3, m: 6e4, h: 36e5 };
  return parts ? +parts[1] * unit[parts[2]] : NaN;
}

/**
 * makeWatch calls `fire` for what has come already and for what comes. A campaign asks once. One that waits
 * for an event asks at each such event until an answer names it: only the server can tell which of them its
 * `where` means.
 */
export function makeWatch(waiting: Decision[], seen: Seen, attention: Attention, guard: Guard, fire: Fire, visitor: Visitor, config: Config): Watch {
  let timer = 0;
  waiting = waiting.filter(({ armed, on }) => armed && on);

  const complete = ({ on }: Decision) => on!.every((name) => seen.has(name));
  const happened = (trigger: string, event?: OmoEvent) => {
    if (event ? !isEvent(trigger) : seen.has(trigger)) return;
    seen.set(trigger, event);
    const due = waiting.filter((one) => one.on!.includes(trigger) && complete(one));
    waiting = waiting.filter((one) => !due.includes(one) || one.on!.some(isEvent));
    if (due.length) fire(trigger, due.flatMap(({ on }) => on!.flatMap((name) => seen.get(name) || [])));
  };

  const open = (kind: string) => new Set(waiting.flatMap(({ on }) => on!).filter((name) => name.startsWith(kind) && !seen.has(name)));
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

  // What came before the answer counts as well: an event told while the page was loading, say. Each trigger
  // is the last of those that came with it, so that a list fires once, under the name of its last.
  const before = [...seen];
  seen.clear();
  before.forEach(([trigger, event]) => happened(trigger, event));
  look();
  // The server asks for heartbeats while somebody of the shop is on duty.
  let stopped = false;
  const hearts: (() => void)[] = [];
  const listen = guard("heart", async (name: string) => {
    const { makeHeart } = (await import(new URL(HEART, import.meta.url).href)) as typeof import("./heart");
    if (!stopped) hearts.push(makeHeart(amount(name), config, guard, visitor, () => stopped || fire(name, [])));
  });
  open("invited:").forEach((name) => void listen(name));

  return {
    happened,
    look,
    answered(decisions, trigger) {
      // The same trigger may be a part of another campaign's list, whose time has not come. Whom a person
      // invites to a campaign waits for nothing.
      const due = decisions.filter(({ campaign }) => trigger.startsWith("invited:") || !waiting.some((other) => other.campaign === campaign && !complete(other)));
      waiting = waiting.filter((other) => !due.some(({ campaign }) => campaign === other.campaign));
      return due;
    },
    stop() {
      clearTimeout(timer);
      waiting = [];
      stopped = true;
      hearts.forEach((stop) => stop());
      sight.disconnect();
    },
  };
}
