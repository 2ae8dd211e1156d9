import type { Config } from "./config";
import type { Guard } from "./guard";
import type { Queue } from "./queue";
import type { OmoEvent } from "./types";
import type { Visitor } from "./visitor";
import type { Wire } from "./wire";

const PATH = "/v1/events";
const FIRST_WAIT = 500;
const LONGEST_WAIT = 60_000;

/** A Sender brings the queue to the server, one request at a time, until each event is acknowledged. */
export interface Sender {
  flush(): void;
  /** Flushes after a moment, so that events of one gesture share a request. */
  soon(): void;
  /** The network is back. Waits that the server asked for still hold. */
  online(): void;
  /** The page may be going away: what is not under way is handed to the browser. */
  leave(): void;
}

export function makeSender(config: Config, wire: Wire, queue: Queue, visitor: Visitor, guard: Guard): Sender {
  let busy = false;
  let failures = 0;
  let notBefore = 0;
  let timer = 0;
  let offline = false;
  let most = 100; // events a request; less where something on the way finds the body too large
  let refused = false; // the key is wrong: asking again on this page cannot help
  let handed = new Set<string>(); // ids given to the browser, which tells nobody what became of them

  const bodyOf = (events: OmoEvent[]) => ({ ...visitor.told(), events });

  // The first that asks is waited for, and no later one: a page that always has something to tell still sends it.
  const wake = (wait: number) => {
    timer ||= setTimeout(flush, wait) as unknown as number;
  };

  /** settle says what an answer means for the events that it answers. */
  const settle = (status: number, wait: number | undefined, events: OmoEvent[]) => {
    if (status === 200 || status === 400 || (status === 413 && !events[1])) {
      failures = 0;
      return queue.done(events); // 400: not one of them is valid, today or tomorrow
    }
    queue.back(events);
    offline = !status;
    if (status === 413) most = events.length >> 1;
    refused = status === 401 || status === 403;
    if (refused) return;
    const backOff = Math.min(FIRST_WAIT * 2 ** failures++, LONGEST_WAIT);
    // Half of the wait is drawn, so that a thousand pages do not come back together.
    notBefore = Date.now() + (wait || backOff * (0.5 + Math.random() / 2));
  };

  const send = async () => {
    const events = queue.take(config.preview);
    if (!events.length) return;
    const part = events.slice(0, most);
    queue.back(events.slice(most));
    busy = true;
    const reply = await wire.post(PATH, bodyOf(part), 10_000);
    busy = false;
    settle(reply.status, reply.wait, part);
    flush(); // what came meanwhile, or this again
  };

  const flush = guard("send", () => {
    clearTimeout(timer);
    timer = 0;
    if (refused || busy || !visitor.id()) return;
    const wait = notBefore - Date.now();
    return wait > 0 ? wake(wait) : send();
  });

  return {
    flush,
    soon: () => wake(400),
    online() {
      if (offline) notBefore = 0;
      flush();
    },
    leave() {
      if (refused || !visitor.id()) return;
      // Those too of which nobody knows yet whether they are of a preview: each carries the token, and the server,
      // which alone can read it, drops the event of a real one. So junk in an address loses nothing.
      const events = queue.take();
      // No answer will come. They stay in storage, and the next page sends them again under the same ids;
      // a page that stays (a tab switched away and back) sends them again itself.
      queue.back(events);
      const fresh = events.filter((event) => !handed.has(event.id));
      if (fresh.length && wire.beacon(PATH, bodyOf(fresh))) handed = new Set(events.map(({ id }) => id));
    },
  };
}
