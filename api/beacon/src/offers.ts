import type { Guard } from "./guard";
import type { Shown } from "./render/show";
import type { Decision, Load, Record, Report } from "./types";

/** Offers opens what a decision says, one in each slot, and reports what the visitor did with it. */
export interface Offers {
  /** `took` is how long the answer was on its way, in ms, `came` when it was there; `current` says whether its page view still is. */
  open(decisions: Decision[], decisionId: string, took: number, came: number, current: () => boolean): void;
  /** The page view is over: whatever is open goes, without a word. */
  clear(): void;
  /** The campaigns of which something is open. */
  shown(): string[];
}

type Renderer = typeof import("./render/show");

/** RENDERER is the path of the built renderer, with the name of its content; the bundler puts it in. */
declare const RENDERER: string;

const pause = (wait: number): Promise<any> => new Promise((done) => setTimeout(done, wait));

export function makeOffers(load: Load, inOpen: boolean, guard: Guard, record: Record, report: Report, why: (campaign: string) => void): Offers {
  const slots = new Map<string, { campaign: string; shown: Shown }>();
  let renderer: Promise<Renderer> | undefined; // one for all, so that they open in order

  /**
   * The control of an experiment is exposed when an action would have opened. Fetching the renderer is one
   * more request to the server that has just answered, so where no action has asked for the renderer yet,
   * control waits as long as that answer took; whoever leaves meanwhile is exposed in neither arm.
   */
  const openOne = async (decision: Decision, decisionId: string, took: number, came: number, current: () => boolean) => {
    const { campaign, variant, phase, token, slot, selector, action } = decision;
    if (action) renderer ||= load(RENDERER) as Promise<Renderer>;
    const ready = await (renderer || pause(took));
    for (let tries = 30; selector && !document.querySelector(selector) && tries--; ) await pause(100);

    const place = slot || "/" + campaign; // without a slot it competes with nobody
    if (!current() || slots.has(place)) return;
    if (selector && !document.querySelector(selector)) return report("action_place", campaign); // control as well
    const about = { campaign, variant, phase, decision_id: decisionId, token, slot };
    const shown = action && ready!.show({ ...action, came }, about, { guard, record, report, open: inOpen, gone: () => slots.delete(place), why: () => why(campaign) });
    if (shown) slots.set(place, { campaign, shown });
    else if (action) return; // the renderer has told why
    requestAnimationFrame(
      guard("exposure", () => {
        if (current() && (!shown || shown.visible())) record("omo_exposure", about, true);
      }),
    );
  };

  return {
    open(decisions, ...rest) {
      decisions.forEach((decision) => guard("open", openOne)(decision, ...rest));
    },
    clear() {
      slots.forEach(({ shown }) => shown.remove());
      slots.clear();
    },
    shown: () => [...slots.values()].map(({ campaign }) => campaign),
  };
}
