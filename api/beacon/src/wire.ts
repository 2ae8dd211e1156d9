import type { Props } from "./types";

/** A Reply is what came back. `status` 0 is a network error; `wait` is Retry-After in ms, nothing or NaN where it is none or a date. */
export interface Reply {
  status: number;
  wait?: number;
  body?: unknown;
}

export interface Wire {
  /** Without `cookies` the server's own are neither sent nor changed. */
  post(path: string, body: unknown, timeout: number, cookies?: boolean): Promise<Reply>;
  /** Hands the body to the browser, which sends it even while the page goes away. No answer. */
  beacon(path: string, body: unknown): boolean;
}

// The browser refuses keepalive bodies that together exceed 64 KiB.
const KEEPALIVE = 60_000;

export const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

/** textOf is told as JSON. Old libraries give every array of the page a toJSON, which makes a text of it. */
export const textOf = (told: unknown): string =>
  JSON.stringify(told, function (this: Props, key, value) {
    return Array.isArray(this[key]) ? this[key] : value;
  });

/** makeWire talks to one server. A string body is `text/plain`, which needs no CORS preflight. */
export function makeWire(base: string, key: string): Wire {
  const url = (path: string) => base + path + "?k=" + key; // a key has no character that means something here
  return {
    async post(path, told, timeout, cookies = true) {
      const body = textOf(told);
      const limit = new AbortController();
      const timer = setTimeout(() => limit.abort(), timeout);
      try {
        const response = await fetch(url(path), {
          method: "POST",
          body,
          credentials: cookies ? "include" : "omit",
          keepalive: bytesOf(body) < KEEPALIVE,
          signal: limit.signal,
        });
        const status = response.status;
        return {
          status,
          wait: +response.headers.get("retry-after")! * 1000,
          body: response.ok ? await response.json() : undefined,
        };
      } catch {
        return { status: 0 };
      } finally {
        clearTimeout(timer);
      }
    },
    beacon: (path, body) => navigator.sendBeacon(url(path), textOf(body)),
  };
}
