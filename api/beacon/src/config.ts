import type { Consent } from "./types";

export interface Config {
  base: string; // origin of the script, where /v1/… is
  key: string;
  consent: Consent;
  identify?: string; // the shop's signed token
  open: boolean; // an open shadow root, for tests
}

/** readConfig reads the script tag. Nothing without a key: a page that forgot it must not be harmed. */
export function readConfig(): Config | undefined {
  const script = (document.currentScript ||
    document.querySelector("script[data-key][src]")) as HTMLScriptElement | null;
  const data = script?.dataset;
  if (!script || !data?.key) return;
  return {
    base: new URL(script.src, location.href).origin,
    key: data.key,
    consent: consentOf(data.consent),
    identify: data.identify || undefined,
    open: data.shadow === "open",
  };
}

/** consentOf takes nothing but the two clear words for an answer. */
export function consentOf(word: unknown): Consent {
  return word === "granted" || word === "denied" ? word : "unknown";
}
