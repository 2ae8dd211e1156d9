import type { Action } from "../types";

const JA = {
  notice: "お知らせ",
  close: "閉じる",
  why: "なぜ表示されているのですか？",
  more: "詳しく見る",
  copy: "コピー",
  copied: "コピーしました",
  code: "クーポンコード",
  until: (date: string) => `有効期限：${date}まで`,
  left: (days: number, hours: number, rest: string) => "あと" + (days ? `${days}日と${hours}時間` : rest),
  over: "有効期限が切れました",
  rank: (n: number) => `${n}位`,
  next: "次へ",
  send: "送信する",
  thanks: "ご回答ありがとうございました。",
  star: (n: number) => `星${n}つ`,
  low: "まったく思わない",
  high: "とても思う",
  step: (n: number, of: number) => `${of}問中${n}問目`,
  chat: "チャットで相談する",
  phone: "電話で相談する",
  line: "LINEで相談する",
  video: "ビデオ相談を予約する",
  form: "フォームで問い合わせる",
  faq: "よくあるご質問を見る",
};

const EN: typeof JA = {
  notice: "Notice",
  close: "Close",
  why: "Why do I see this?",
  more: "See more",
  copy: "Copy",
  copied: "Copied",
  code: "Coupon code",
  until: (date) => `Valid until ${date}`,
  left: (days, hours, rest) => (days ? `${days} d ${hours} h` : rest) + " left",
  over: "This has expired",
  rank: (n) => `No. ${n}`,
  next: "Next",
  send: "Send",
  thanks: "Thank you for your answers.",
  star: (n) => `${n} out of 5 stars`,
  low: "Not at all likely",
  high: "Very likely",
  step: (n, of) => `${n} of ${of}`,
  chat: "Chat with us",
  phone: "Call us",
  line: "Talk to us on LINE",
  video: "Book a video call",
  form: "Write to us",
  faq: "Questions and answers",
};

export type ChannelType = "chat" | "phone" | "line" | "video" | "form" | "faq";

/** pageLanguage is the page's own language, or the visitor's where the page says none. Pages write ja_JP as well, and words that Intl throws at. */
export function pageLanguage(): string {
  for (const said of [document.documentElement.lang, navigator.language]) {
    try {
      return Intl.getCanonicalLocales(said.replace(/_/g, "-"))[0];
    } catch {
      // no language: the next
    }
  }
  return "ja";
}

/** say gives our own words in the page's language. */
export function say(): typeof JA {
  return /^ja\b/.test(pageLanguage()) ? JA : EN;
}

/** endOf is when a coupon expires by the visitor's own clock, in ms since 1970; NaN for one that does not. */
export function endOf({ expires, expires_at, expires_in, came }: Action): number {
  if (expires_at && expires_in === undefined) return Date.parse(expires_at);
  return came! + (expires_in ?? expires ?? NaN) * 1000;
}

/** expiryText says when a coupon ends. */
export function expiryText(end: number): string {
  const date = new Date(end);
  const year = date.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
  const form = { year, month: "long", day: "numeric", weekday: "short", hour: "2-digit", minute: "2-digit" } as const;
  return say().until(new Intl.DateTimeFormat(pageLanguage(), form).format(date));
}

/** leftText says how long that is from now, where it is less than three days: days and hours, or hours, minutes and seconds. */
export function leftText(end: number): string {
  const seconds = Math.ceil((end - Date.now()) / 1000);
  if (seconds <= 0) return say().over;
  if (seconds > 3 * 86400) return "";
  const part = (unit: number, of: number) => Math.floor(seconds / unit) % of;
  const two = (n: number) => String(n).padStart(2, "0");
  return say().left(Math.floor(seconds / 86400), part(3600, 24), [part(3600, 24), part(60, 60), part(1, 60)].map(two).join(":"));
}

/** priceText writes a number as money, and leaves a text alone. */
export function priceText(price: number | string | undefined, currency: string): string {
  if (typeof price !== "number") return price || "";
  const style = { style: "currency", currency, currencyDisplay: "narrowSymbol" } as const;
  // Noto and Hiragino draw the full-width yen sign too wide between digits.
  return new Intl.NumberFormat(pageLanguage(), style).format(price).replace("￥", "¥");
}
