import type { Action, Branch, RankedItem } from "../types";
import { CALLS, el, key, safeImage, safeLink } from "./dom";
import { endOf, expiryText, leftText, priceText, say } from "./words";

/** What the parts of an action tell: a click on something, or what is wrong with it. */
export interface Tell {
  click(target: string, closes: boolean): void;
  broken(what: string): void;
  record(name: string, properties: { [name: string]: unknown }): void;
  close(by: string): void;
  hook(call: () => void): void; // into the page's own script
  why(): void;
}

/** closeButton comes with the question that every visitor may ask. */
export function closeButton(tell: Tell): Node[] {
  const { close, why } = say();
  const button = key("x", "", "", { "aria-label": close });
  button.onclick = () => tell.close("button");
  const ask = key("y", "?", "", { "aria-label": why, title: why });
  ask.onclick = tell.why;
  return [ask, button];
}

export function picture(src: string | undefined, className: string, tell: Tell, more: { [name: string]: string } = {}): HTMLElement | undefined {
  const url = safeImage(src);
  if (!url) return;
  const image = el("img", className, [], { alt: "", decoding: "async", ...more });
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
  const node = key("go", action.button || say().more, href);
  node.onclick = () => tell.click(href ? "link" : "button", !href);
  return node;
}

/** words are the title and what is under it. A text that no loader lets in is cut: the page stays usable. */
export function words(action: Action, tell: Tell): HTMLElement | undefined {
  const cut = (text: string | undefined, most: number) => {
    if (!text || text.length <= most) return text;
    tell.broken("too_long");
    return text.slice(0, most) + "…";
  };
  const { html } = action;
  if (!action.title && !action.body && !html) return;
  return el("div", "words", [
    action.title ? el("h2", "", cut(action.title, 400)) : undefined,
    action.body ? el("p", "", cut(action.body, 4000)) : undefined,
    html ? el("div", "rich", grow(html, tell)) : undefined,
  ]);
}

const ALLOWED = /^(a|b|blockquote|br|em|h[34]|hr|i|img|li|mark|ol|p|s|small|span|strong|sub|sup|u|ul)$/;

/** grow builds the tree of nodes that the server made of sanitised HTML: known elements, known attributes, and text. */
function grow(branches: Branch[], tell: Tell): (Node | string | undefined)[] {
  return branches.map((branch) => {
    if (typeof branch === "string") return branch;
    const [name, ...rest] = branch as [string, ...Branch[]];
    if (!ALLOWED.test(name)) return void tell.broken("html");
    const own = rest[0] && typeof rest[0] === "object" && !Array.isArray(rest[0]) ? (rest.shift() as { [name: string]: string }) : {};
    if (name === "img") {
      const { alt = "", width, height } = own;
      return picture(own.src, "", tell, { alt, ...(width && height ? { width, height } : {}) });
    }
    const href = name === "a" && safeLink(own.href, CALLS);
    const node = el(name as "a", "", grow(rest, tell), href ? { href } : {});
    if (href) node.onclick = () => tell.click("link", false);
    return node;
  });
}

/** ticket is the torn-off half of a coupon: its code, a way to copy it, and how long it holds. */
export function ticket(action: Action, tell: Tell): HTMLElement | undefined {
  const end = endOf(action);
  const said = say();
  if (!action.code && isNaN(end)) return;
  let row: HTMLElement | undefined;
  if (action.code) {
    const code = el("input", "code", [], { readonly: "", value: action.code, "aria-label": said.code });
    const copy = key("copy", said.copy, "", { "aria-live": "polite" });
    code.onclick = () => code.select();
    copy.onclick = () => {
      tell.click("copy", false);
      copyText(code).then(() => (copy.textContent = said.copied));
    };
    row = el("div", "row", [code, copy]);
  }
  return el("div", "ticket", [row, isNaN(end) ? undefined : el("p", "expiry", [expiryText(action.expires_at ? Date.parse(action.expires_at) : end), countdown(end)])]);
}

/** countdown goes on while it is on the page, to the real end and not beyond. */
function countdown(end: number): HTMLElement {
  const node = el("span", "left", "", { role: "timer" });
  const tick = () => {
    node.textContent = leftText(end);
    if (end > Date.now()) setTimeout(() => node.isConnected && tick(), 1000);
  };
  tick();
  return node;
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

/** itemList is a row of items, with their ranks if that is what they are in order of. */
export function itemList({ items, currency, type }: Action, tell: Tell): HTMLElement | undefined {
  if (!items?.length) return;
  const rows = items.slice(0, 10).map((item: RankedItem, index) => {
    const href = safeLink(item.url);
    const n = index + 1;
    const image = picture(item.image, "thumb", tell);
    const rank = type === "ranking" ? el("b", "rank r" + n, String(n), { role: "img", "aria-label": say().rank(n) }) : undefined;
    const face = [
      image ? el("span", "face", [image, rank]) : rank,
      el("span", "name", item.name),
      el("span", "price", priceText(item.price, currency || "JPY")),
    ];
    const node = href ? el("a", "item", face, { href }) : el("span", "item", face);
    if (href) node.onclick = () => tell.click("item:" + n, false);
    return el("li", image ? "" : "plain", [node]);
  });
  return el("ol", "ranking", rows);
}
