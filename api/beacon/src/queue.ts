import type { Store } from "./store";
import type { OmoEvent } from "./types";
import { bytesOf, textOf } from "./wire";

const PREFIX = "omo_e:";
const MAX_EVENTS = 100;
const MAX_BYTES = 60_000;
const MAX_EVENT = 30_000; // the server takes 32 KiB
// The server remembers event ids for 8 days: an older event, sent again, could be counted twice.
const MAX_AGE = 6_048e5;

/**
 * A Queue holds events until the server has acknowledged them.
 *
 * Each event is a localStorage key of its own, so tabs never overwrite each other's events and an event
 * outlives its page. A page takes up what earlier pages left behind; another tab's events may so be sent
 * twice, under one id, and the server drops the second.
 */
export interface Queue {
  /** One that is `sent` is under way by other means. */
  add(event: OmoEvent, sent?: boolean): void;
  /** Takes up events left behind in storage, and writes there what was held in memory. */
  adopt(): void;
  /** Events that are not under way; they then are, until `done` or `back`. Those of a preview `but` stay. */
  take(but?: string): OmoEvent[];
  done(events: OmoEvent[]): void;
  back(events: OmoEvent[]): void;
  /** Forgets all events, or those of a preview. */
  clear(preview?: string): void;
}

interface Held {
  event: OmoEvent;
  bytes: number;
}

export function makeQueue(store: Store, mayKeep: () => boolean, dropped: (kind: string) => void): Queue {
  const held = new Map<string, Held>();
  const away = new Set<string>(); // ids of those under way
  let total = 0;

  const forget = (id: string) => {
    total -= held.get(id)?.bytes || 0;
    held.delete(id);
    away.delete(id);
    store.remove(PREFIX + id);
  };
  const enter = (event: OmoEvent, json: string) => {
    const bytes = bytesOf(json);
    if (bytes > MAX_EVENT) {
      const { items } = event.properties as { items?: unknown[] };
      dropped("event_too_large");
      if (!items?.length) return;
      event.properties = { ...event.properties, items: items.slice(0, items.length >> 1) };
      return enter(event, textOf(event));
    }
    held.set(event.id, { event, bytes });
    total += bytes;
    if (mayKeep()) store.set(PREFIX + event.id, json);
    for (const id of held.keys()) {
      if (held.size <= MAX_EVENTS && total <= MAX_BYTES) break;
      forget(id); // the oldest first
      dropped("queue_full");
    }
  };

  return {
    add(event, sent) {
      if (sent) away.add(event.id);
      enter(event, textOf(event));
    },
    adopt() {
      if (!mayKeep()) return;
      held.forEach(({ event }, id) => store.set(PREFIX + id, textOf(event)));
      for (const key of store.keys(PREFIX).sort()) {
        const id = key.slice(PREFIX.length);
        if (held.has(id)) continue;
        const json = store.get(key);
        try {
          const event = JSON.parse(json!) as OmoEvent;
          if (event.id !== id || !(Date.now() - Date.parse(event.time) < MAX_AGE)) throw 0;
          enter(event, json!);
        } catch {
          store.remove(key); // too old, or not ours
        }
      }
    },
    take(but) {
      const events: OmoEvent[] = [];
      held.forEach(({ event }, id) => {
        if (away.has(id) || (but && event.preview === but)) return;
        away.add(id);
        events.push(event);
      });
      return events;
    },
    done: (events) => events.forEach((event) => forget(event.id)),
    back: (events) => events.forEach((event) => away.delete(event.id)),
    clear(preview) {
      held.forEach(({ event }, id) => {
        if (!preview || event.preview === preview) forget(id);
      });
      if (!preview) store.keys(PREFIX).forEach(store.remove);
    },
  };
}
