import type { Action, RankedItem } from "../types";
import { el, safeImage, safeLink } from "./dom";
import { expiryText, pageLanguage, priceText, wordsFor } from "./words";

/** What the parts of an action tell: a click on something, or an image that did not load. */
export interface Tell {
  click(target: string, leaves: boolean): void;
  broken(what: string): void;
}

export function closeButton(close: () => void): HTMLElement {
  const button = el("button", "x", [], { type: "button", "aria-label": wordsFor(pageLanguage()).close });
  button.onclick = close;
  return button;
}

export function picture(src: string | undefined, className: string, tell: Tell): HTMLElement | undefined {
  const url = safeImage(src);
  if (!url) return;
  const image = el("img", className, [], { alt: "", decoding: "async" });
  image.onerror = () => {
    image.remove(); // the words stand without it
    tell.broken("image");
  };
  image.src = url;
  return image;
}

/** goButton is where the action leads: a link, or a button that only closes. */
export function goButton(action: Action, tell: Tell): HTMLElement | undefined {
  const href = safeLink(action.link);
  if (!action.button && !href) return;
  const label = action.button || (wordsFor(pageLanguage()).close === "Close" ? "See more" : "詳しく見る");
  const node = href ? el("a", "go", label, { href }) : el("button", "go", label, { type: "button" });
  node.onclick = () => tell.click(href ? "link" : "button", !href);
  return node;
}

export function words(action: Action): HTMLElement {
  return el("div", "words", [
    action.title ? el("h2", "", action.title) : undefined,
    action.body ? el("p", "", action.body) : undefined,
  ]);
}

/** ticket is the torn-off half of a coupon: its code, a way to copy it, and how long it holds. */
export function ticket(action: Action, tell: Tell): HTMLElement | undefined {
  const language = pageLanguage();
  const say = wordsFor(language);
  const expiry = expiryText(action, language);
  if (!action.code && !expiry) return;
  let row: HTMLElement | undefined;
  if (action.code) {
    const code = el("input", "code", [], { readonly: "", value: action.code, "aria-label": say.code });
    const copy = el("button", "copy", say.copy, { type: "button", "aria-live": "polite" });
    code.onclick = () => code.select();
    copy.onclick = () => {
      tell.click("copy", false);
      copyText(code).then(() => (copy.textContent = say.copied));
    };
    row = el("div", "row", [code, copy]);
  }
  return el("div", "ticket", [row, expiry ? el("p", "expiry", expiry) : undefined]);
}

/** copyText leaves the code selected where the browser gives no clipboard (plain http, old browsers). */
async function copyText(code: HTMLInputElement): Promise<void> {
  code.select();
  try {
    await navigator.clipboard.writeText(code.value);
  } catch {
    document.execCommand("copy");
  }
}

export function rankedList(items: RankedItem[], currency: string, tell: Tell): HTMLElement {
  const language = pageLanguage();
  const rows = items.slice(0, 10).map((item, index) => {
    const href = safeLink(item.url);
    const face = [
      el("span", "face", [
        picture(item.image, "thumb", tell),
        el("b", "rank r" + (index + 1), String(index + 1), { "aria-label": wordsFor(language).rank(index + 1) }),
      ]),
      el("span", "name", item.name),
      el("span", "price", priceText(item.price, currency, language)),
    ];
    const node = href ? el("a", "item", face, { href }) : el("span", "item", face);
    if (href) node.onclick = () => tell.click("item:" + (index + 1), false);
    return el("li", "", [node]);
  });
  return el("ol", "ranking", rows);
}
