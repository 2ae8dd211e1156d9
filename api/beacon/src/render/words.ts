import type { Action } from "../types";

const JA = {
  close: "閉じる",
  copy: "コピー",
  copied: "コピーしました",
  code: "クーポンコード",
  until: (date: string) => `有効期限：${date}まで`,
  rank: (n: number) => `${n}位`,
};

const EN: typeof JA = {
  close: "Close",
  copy: "Copy",
  copied: "Copied",
  code: "Coupon code",
  until: (date) => `Valid until ${date}`,
  rank: (n) => `No. ${n}`,
};

/** pageLanguage is the page's own language, or the visitor's where the page does not say. */
export function pageLanguage(): string {
  return document.documentElement.lang || navigator.language || "ja";
}

export function wordsFor(language: string): typeof JA {
  return /^ja\b/i.test(language) ? JA : EN;
}

/** expiryText says when a coupon ends; nothing for one that does not. */
export function expiryText({ expires, expires_at }: Action, language: string): string {
  const end = new Date(expires_at || (expires ? Date.now() + expires * 1000 : NaN));
  if (isNaN(+end)) return "";
  const date = new Intl.DateTimeFormat(language, {
    year: end.getFullYear() === new Date().getFullYear() ? undefined : "numeric",
    month: "long",
    day: "numeric",
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
  }).format(end);
  return wordsFor(language).until(date);
}

/** priceText writes a number as money, and leaves a text alone. */
export function priceText(price: number | string | undefined, currency: string, language: string): string {
  if (typeof price !== "number") return price || "";
  const style = { style: "currency", currency, currencyDisplay: "narrowSymbol" } as const;
  // Noto and Hiragino draw the full-width yen sign too wide between digits.
  return new Intl.NumberFormat(language, style).format(price).replace("￥", "¥");
}
