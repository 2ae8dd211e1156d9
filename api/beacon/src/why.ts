import type { Config } from "./config";
import type { Guard } from "./guard";
import type { Offers } from "./offers";
import type { Visitor } from "./visitor";
import type { Wire } from "./wire";
import { dress, el } from "./render/dom";
import { pageLanguage } from "./render/words";
import css from "./why.css";

/** What the server answers to "why do I see this?": words, in the language that was asked for. */
interface Reasons {
  lead: string;
  campaigns: { campaign: string; name?: string; reason: string }[];
  data: string[]; // kinds of what was used
}

const JA = {
  title: "なぜ表示されているのですか？",
  away: "いまは理由をお伝えできません。時間をおいてもう一度お試しください。",
  data: "使われている情報",
  out: "おすすめの表示と記録をやめる",
  back: "おすすめの表示を再開する",
  stopped: "このブラウザでは、おすすめの表示と行動の記録を止めています。",
  close: "閉じる",
};

const EN: typeof JA = {
  title: "Why do I see this?",
  away: "The reason cannot be told right now. Please try again later.",
  data: "What is used for it",
  out: "Stop recommendations and recording",
  back: "Allow recommendations again",
  stopped: "Recommendations and the recording of what you do are off in this browser.",
  close: "Close",
};

let open = false; // one at a time

/** Beacon is what the dialog needs of it. */
interface Beacon {
  wire: Wire;
  visitor: Visitor;
  guard: Guard;
  omo(...call: unknown[]): void;
  config: Config;
  offers: Offers;
}

const PATIENCE = 5_000; // ms

/** why shows in a dialog why a campaign is shown, or all that are open, what is used for it, and the way out. */
export async function why(campaign: string | undefined, { wire, visitor, guard, omo, config, offers }: Beacon): Promise<void> {
  if (open) return;
  open = true;
  const language = /^ja\b/.test(pageLanguage()) ? "ja" : "en";
  const words = language === "ja" ? JA : EN;
  const denied = visitor.consent() === "denied";
  const campaigns = campaign ? [campaign] : offers.shown();
  const body = { visitor: { id: visitor.id() }, consent: visitor.consent(), campaigns, language };
  const reply = await wire.post("/v1/why", body, PATIENCE, visitor.cookies());
  const reasons = reply.status === 200 ? (reply.body as Reasons) : undefined;

  const host = document.createElement("omo-why");
  const root = host.attachShadow({ mode: config.open ? "open" : "closed" });
  const button = (name: string, label: string, act?: () => void) => {
    const node = el("button", name, label, { type: "button" });
    node.onclick = guard("why", () => {
      act?.();
      dialog.close();
    });
    return node;
  };
  const dialog = el("dialog", "", [
    el("h2", "", words.title, { id: "title" }),
    el("p", "", denied ? words.stopped : reasons ? reasons.lead : words.away),
    ...(reasons?.campaigns || []).flatMap(({ name, reason }) => [name ? el("h3", "", name) : undefined, el("p", "", reason)]),
    reasons?.data.length ? el("h3", "", words.data) : undefined,
    reasons?.data.length ? el("ul", "", reasons.data.map((kind) => el("li", "", kind))) : undefined,
    el("div", "keys", [
      button("main", words.close),
      denied ? button("back", words.back, () => omo("optout", false)) : button("out", words.out, () => omo("optout")),
    ]),
  ], { "aria-labelledby": "title" });
  // What is open beneath listens to the same key, and is not meant.
  dialog.addEventListener("keydown", (event) => event.key === "Escape" && event.stopPropagation());
  dialog.addEventListener("close", () => {
    open = false;
    host.remove();
  });
  dress(root, css);
  root.append(dialog);
  document.documentElement.append(host);
  dialog.showModal();
}
