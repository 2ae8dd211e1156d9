import type { Guard } from "./guard";
import type { Decision, Props } from "./types";
import { whenVisible } from "./page";
import { show, type Shown } from "./render/show";

/** Offers opens what a decision says, one in each slot, and reports what the visitor did with it. */
export interface Offers {
  open(decisions: Decision[], decisionId: string): void;
  /** The page view is over: whatever is open goes, without a word. */
  clear(): void;
}

export type Record = (name: string, properties: Props, urgent: boolean) => void;

export function makeOffers(guard: Guard, record: Record, report: (kind: string, message: string) => void, openRoot: boolean): Offers {
  const slots = new Map<string, Shown>();
  let view = 0;

  const openOne = (decision: Decision, decisionId: string) => {
    const { campaign, variant, phase, token, slot, action } = decision;
    const place = slot || "/" + campaign; // without a slot it competes with nobody
    if (slots.has(place)) return;
    const about = { campaign, variant, phase, decision_id: decisionId, token, slot };
    const exposed = () => record("omo_exposure", about, true);
    // The control of an experiment is counted at the same moment, one frame from now, as an action would be.
    if (!action) return requestAnimationFrame(guard("exposure", exposed));

    const shown = show(action, openRoot, guard, {
      click: (target) => record("omo_click", { ...about, target }, true),
      close: (by) => {
        slots.delete(place);
        if (by) record("omo_close", { ...about, by }, false);
      },
      broken: (what) => report("action_" + what, campaign),
    });
    if (!shown) return report("action_unknown", action.type);
    slots.set(place, shown);
    requestAnimationFrame(
      guard("exposure", () => {
        if (shown.visible()) exposed();
        else report("action_not_displayed", campaign); // the page's own styles or scripts took it away
      }),
    );
  };

  return {
    open(decisions, decisionId) {
      const now = view;
      whenVisible(() => {
        if (now !== view) return;
        for (const decision of decisions) if (!decision.armed) guard("open", openOne)(decision, decisionId);
      });
    },
    clear() {
      view++;
      slots.forEach((shown) => shown.remove());
      slots.clear();
    },
  };
}
