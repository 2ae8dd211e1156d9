import type { Guard } from "./guard";
import type { Visitor } from "./visitor";
import type { Config } from "./config";
import { makeWire } from "./wire";

/**
 * makeHeart tells the server every so often that the page is looked at, while somebody of the shop is on duty,
 * and calls `invited` whenever the answer says that an invitation waits: it does until the server has heard that
 * it was seen. Nothing is told of a visitor of whom nothing may be kept. Gives the way to stop.
 */
export function makeHeart(every: number, config: Config, guard: Guard, visitor: Visitor, invited: () => unknown): () => void {
  if (config.preview || !(every > 0)) return () => {};
  const wire = makeWire(config.base, config.key);
  let beating = false;
  const beat = guard("heartbeat", async () => {
    if (document.hidden || beating || !visitor.known()) return;
    beating = true;
    const { body } = await wire.post("/v1/heartbeat", { visitor: { id: visitor.id() } }, every, visitor.cookies());
    beating = false;
    if ((body as { invited?: boolean } | undefined)?.invited && visitor.known()) invited();
  });
  const timer = setInterval(beat, every);
  return () => clearInterval(timer);
}
