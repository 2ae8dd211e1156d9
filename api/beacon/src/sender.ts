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

export function makeSender(wire: Wire, queue: Queue, visitor: Visitor, guard: Guard): Sender {
  let busy = false;
  let again = false;
  let failures = 0;
  let notBefore = 0;
  let timer = 0;
  let offline = false;
  let most = 100; // events a request; less where something on the way finds the body too large
  let refused = false; // the key is wrong: asking again on this page cannot help
  const handed = new Set<string>(); // ids given to the browser, which tells nobody what became of them

  const bodyOf = (events: OmoEvent[]) => ({
    visitor: { id: visitor.id() },
    consent: visitor.consent(),
    sent_at: new Date().toISOString(),
    events,
  });

  const wake = (wait: number) => {
    clearTimeout(timer);
    timer = setTimeout(flush, wait) as unknown as number;
  };

  /** settle says what an answer means for the events that it answers. */
  const settle = (status: number, wait: number, events: OmoEvent[]) => {
    if (status === 200 || status === 400 || (status === 413 && events.length === 1)) {
      failures = 0;
      queue.done(events); // 400: not one of them is valid, today or tomorrow
      return;
    }
    queue.back(events);
    offline = !status;
    if (status === 413) most = events.length >> 1;
    if (status === 401 || status === 403) {
      refused = true;
      return;
    }
    const backOff = Math.min(FIRST_WAIT * 2 ** failures++, LONGEST_WAIT);
    // Half of the wait is drawn, so that a thousand pages do not come back together.
    notBefore = Date.now() + (wait || backOff * (0.5 + Math.random() / 2));
    wake(notBefore - Date.now());
  };

  const send = async () => {
    const events = queue.take();
    if (!events.length) return;
    const part = events.slice(0, most);
    queue.back(events.slice(most));
    busy = true;
    const reply = await wire.post(PATH, bodyOf(part), 10_000);
    busy = false;
    settle(reply.status, reply.wait, part);
    if (reply.status === 200 && (again || part.length < events.length)) flush();
  };

  const flush = guard("send", () => {
    if (refused || !visitor.id()) return;
    if (busy) {
      again = true;
      return;
    }
    const wait = notBefore - Date.now();
    if (wait > 0) return wake(wait);
    again = false;
    return send();
  });

  return {
    flush,
    soon: () => {
      if (!busy && Date.now() >= notBefore) wake(400);
      else again = true;
    },
    online() {
      if (offline) notBefore = 0;
      flush();
    },
    leave() {
      if (refused || !visitor.id()) return;
      const events = queue.take();
      // No answer will come. They stay in storage, and the next page sends them again under the same ids;
      // a page that stays (a tab switched away and back) sends them again itself.
      queue.back(events);
      const fresh = events.filter((event) => !handed.has(event.id));
      if (fresh.length && wire.beacon(PATH, bodyOf(fresh))) fresh.forEach((event) => handed.add(event.id));
    },
  };
}
