import type { Config } from "./config";
import type { Guard } from "./guard";
import type { Props } from "./types";

// What GA4 calls e-commerce, and its neighbours that rules can count. A page view is our own.
const EVENTS =
  /^(view_item_list|select_item|view_item|add_to_cart|remove_from_cart|view_cart|begin_checkout|add_shipping_info|add_payment_info|add_to_wishlist|purchase|refund|select_promotion|view_promotion|search|login|sign_up)$/;

// These go along and nothing else: a data layer also holds what is nobody's business.
const FIELDS = "value currency transaction_id coupon tax shipping affiliation payment_type shipping_tier item_list_id item_list_name promotion_id promotion_name creative_name search_term method".split(" ");
const ITEM = "item_id item_name item_brand item_category item_category2 item_category3 item_variant item_list_name coupon discount index price quantity".split(" ");
const NUMBERS = /^(value|tax|shipping|price|quantity|discount|index)$/;
const MAX_ITEMS = 200; // GA4's own bound

const LONGEST_WAIT = 2_000; // ms that Consent Mode's own wait_for_update is believed

/** pick takes the named fields that are texts, numbers or truths; numbers may be written as text. */
function pick(from: Props, names: string[]): Props {
  const out: Props = {};
  for (const name of names) {
    const value = from[name];
    if (typeof value === "string" && NUMBERS.test(name)) {
      if (value.trim() && isFinite(+value)) out[name] = +value;
    } else if (/^(string|number|boolean)$/.test(typeof value)) out[name] = value;
  }
  return out;
}

// A page may put another array in the place of its dataLayer, with or without what was in the first.
const seen = new WeakMap<object, unknown[]>(); // layers, and entries with the one that they were heard from
const said: { [storage: string]: unknown } = {};
const updated = new Set<string>(); // a default that comes after the visitor's word does not undo it

const isObject = (value: unknown): value is Props => typeof value === "object" && !!value;

function propertiesOf(told: unknown): Props {
  if (!isObject(told)) return {};
  const out = pick(told, FIELDS);
  if (Array.isArray(told.items)) out.items = told.items.filter(isObject).slice(0, MAX_ITEMS).map((item) => pick(item, ITEM));
  return out;
}

/**
 * tap listens to a dataLayer: to what is in it already and to what is pushed from now on, each once, as
 * `dataLayer.push({event, ecommerce})` and as `gtag("event", name, parameters)`. The page's own push does what
 * it did. It resolves when Consent Mode has answered or need not be waited for.
 */
export async function tap(layer: unknown[], config: Config, guard: Guard, choose: (word: string) => void, omo: (...call: unknown[]) => void): Promise<void> {
  if (seen.has(layer)) return; // a page may put back what it had before
  seen.set(layer, layer);
  const follows = config.consent === "gcm";
  let wait = 0; // for an answer of the visitor's that is on its way
  let answered = () => {};

  const follow = (command: unknown, told: Props) => {
    // A default for some regions is for all if it is a no: where the visitor is, nobody knows here.
    for (const name of ["personalization_storage", "analytics_storage"]) {
      if (!(name in told) || (told.region && told[name] !== "denied")) continue;
      if (command === "update") updated.add(name);
      else if (updated.has(name)) continue;
      said[name] = told[name];
    }
    const decides = said.personalization_storage == null ? "analytics_storage" : "personalization_storage";
    const granted = said[decides] === "granted";
    const final = granted || updated.has(decides); // a no by default is no answer yet, nor is one about advertising
    wait = final ? 0 : Math.min(Number(told.wait_for_update) || wait, LONGEST_WAIT);
    choose(granted ? "granted" : final ? "denied" : "gcm");
    if (final) answered();
  };
  const take = guard("datalayer", (entry: unknown) => {
    // Its push may forward to the one before, or an entry of that one be put into this: it happened once.
    if (!isObject(entry) || (seen.get(entry) || layer) !== layer) return;
    seen.set(entry, layer);
    const { 0: command, 1: name, 2: parameters } = entry as { [index: number]: unknown };
    if (command === "consent" && follows && isObject(parameters)) return follow(name, parameters);
    const event = command === "event" ? name : entry.event;
    if (!config.layer || typeof event !== "string" || !EVENTS.test(event)) return;
    const told = command === "event" ? parameters : isObject(entry.ecommerce) ? { ...entry, ...entry.ecommerce } : entry;
    omo("track", event, propertiesOf(told));
  });

  const push = layer.push;
  layer.push = function (this: unknown[], ...entries: unknown[]) {
    const length = push.apply(this, entries);
    entries.forEach(take);
    return length;
  };
  layer.forEach(take);
  if (wait) await new Promise<void>((done) => setTimeout((answered = done), wait));
}
