import { makeStore } from "./store";

/** Consent as the page or the visitor says it; `gcm` follows Google Consent Mode, and is a no until that says yes. */
export type Choice = "granted" | "denied" | "unknown" | "gcm";

export interface Config {
  base: string; // origin of the script, where /v1/… is
  key: string;
  consent: Choice;
  identify?: string; // the shop's signed token; the page may bring another one
  layer: boolean; // does the page's dataLayer tell events?
  preview?: string; // the token of a preview link
  open: boolean; // an open shadow root, for tests
}

/** Name of a preview's token, in the address of a link and then in the tab's storage. */
export const PREVIEW = "omo_preview";

/** readConfig reads the script tag. Nothing without a key: a page that forgot it must not be harmed. */
export function readConfig(): Config | undefined {
  // Markup that visitors write may have an element named currentScript, which then stands in its place.
  const current: unknown = document.currentScript;
  const script = current instanceof HTMLScriptElement ? current : document.querySelector<HTMLScriptElement>("script[data-key][src]");
  const data = script?.dataset;
  if (!data?.key) return;
  return {
    base: new URL(script!.src).origin,
    key: data.key,
    consent: choiceOf(data.consent),
    identify: data.identify,
    layer: data.datalayer !== "off",
    // Every event carries it: what is much longer than ours would push older events out of the queue.
    preview: /^.{1,300}$/.exec(new URLSearchParams(location.search).get(PREVIEW) || makeStore("sessionStorage").get(PREVIEW) || "")?.[0],
    open: data.shadow === "open",
  };
}

/** choiceOf takes nothing but the clear words for an answer. */
export function choiceOf(word: unknown): Choice {
  return /^(granted|denied|gcm)$/.test(word as string) ? (word as Choice) : "unknown";
}
