/** el makes one element. Text goes in as text: nothing here can become markup. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = "",
  content: string | (Node | string | undefined)[] = [],
  attributes: { [name: string]: string } = {},
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  if (className) node.className = className;
  for (const name in attributes) node.setAttribute(name, attributes[name]);
  if (typeof content === "string") node.textContent = content;
  else node.append(...content.filter((child): child is Node | string => !!child));
  return node;
}

/** key is what can be pressed: a link where there is somewhere to go, else a button. */
export const key = (className: string, label: string, href?: string, more: { [name: string]: string } = {}): HTMLElement =>
  href ? el("a", className, label, { href, ...more }) : el("button", className, label, { type: "button", ...more });

/** safeLink allows pages to go to, and nothing that runs. */
export function safeLink(link: string | undefined, others = /^$/): string | undefined {
  return checked(link, (url) => /^https?:$/.test(url.protocol) || others.test(url.protocol));
}

/** CALLS are links that a telephone or a mail program takes. */
export const CALLS = /^(tel|mailto):$/;

/** safeImage allows https, and whatever the page itself comes from. */
export function safeImage(image: string | undefined): string | undefined {
  return checked(image, (url) => url.protocol === "https:" || url.origin === location.origin);
}

function checked(text: string | undefined, allows: (url: URL) => boolean): string | undefined {
  if (!text) return;
  try {
    const url = new URL(text, location.href);
    return allows(url) ? url.href : undefined;
  } catch {
    return;
  }
}

/** dress gives the shadow root its style sheet, in a way that a strict style-src allows. */
export function dress(root: ShadowRoot, css: string): void {
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    root.adoptedStyleSheets = [sheet];
  } catch {
    root.append(el("style", "", css)); // browsers before constructable sheets
  }
}
