import type { Guard } from "./guard";
import { readConfig } from "./config";
import { makeStore } from "./store";
import { makeVisitor } from "./visitor";
import { makeWire } from "./wire";

/**
 * makeHeart tells the server every so often that the page is looked at, while somebody of the shop is on duty,
 * and calls `invited` once the answer says that an invitation waits. Gives the way to stop.
 */
export function makeHeart(every: number, guard: Guard, invited: () => void): () => void {
  const config = readConfig();
  if (!config || config.preview || !(every > 0)) return () => {};
  const visitor = makeVisitor(makeStore("localStorage"), config.consent);
  const wire = makeWire(config.base, config.key);
  const beat = guard("heartbeat", async () => {
    if (document.hidden) return;
    const { body } = await wire.post("/v1/heartbeat", { visitor: { id: visitor.id() } }, every, visitor.cookies());
    if ((body as { invited?: boolean } | undefined)?.invited) {
      stop();
      invited();
    }
  });
  const timer = setInterval(beat, every);
  const stop = () => clearInterval(timer);
  return stop;
}
