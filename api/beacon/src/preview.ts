import type { Preview } from "./types";
import { dress, el } from "./render/dom";
import { type Config, PREVIEW } from "./config";
import css from "./preview.css";
import { makeStore } from "./store";

const JA = {
  label: "プレビュー",
  note: "この表示と、このタブでの行動は記録されません。",
  code: "クーポンコードは見本です。",
  control: "未実施：何も表示しません。",
  on: (on: string) => `実際には ${on} を待って表示します。`,
  reason: (why: string) => `いまの条件では表示されません：${why}。`,
  reasons: {
    consent: "同意がまだです", bot: "ボットとみなされました", not_live: "公開されていません（下書き・一時停止・終了）", backfilling: "過去の集計中です",
    out_of_schedule: "期間・曜日・時間の外です", page: "対象のページではありません", rule_false: "配信条件に当てはまりません", holdout: "全体の未実施群です",
    frequency: "表示回数の上限です", stopped: "以前の反応により止まっています", budget: "表示の予算を使い切りました", layer: "同じレイヤーの別の接客の対象です",
    traffic: "配信割合の外です", coupon_out: "クーポンの在庫がありません", slot_taken: "場所がふさがっています", error: "条件の計算に失敗しました",
  } as { [reason: string]: string },
  problems: {
    expired: "このプレビューリンクは有効期限（1時間）が切れました。新しいリンクを発行してください。",
    gone: "この接客またはバリアントは、いまのルールにありません。",
  } as { [problem: string]: string },
  end: "プレビューを終える",
};

const EN: typeof JA = {
  label: "Preview",
  note: "What is shown here and what you do in this tab is not recorded.",
  code: "The coupon code is a sample.",
  control: "Control: nothing is shown.",
  on: (on) => `For visitors it waits for ${on}.`,
  reason: (why) => `It would not be shown right now: ${why}.`,
  reasons: {
    consent: "no consent yet", bot: "taken for a bot", not_live: "it is not live (draft, paused or ended)", backfilling: "its counters are being filled",
    out_of_schedule: "outside of its schedule", page: "not one of its pages", rule_false: "its rule is false", holdout: "in the holdout",
    frequency: "its frequency is used up", stopped: "stopped by earlier closes, clicks or conversions", budget: "the attention budget is used up", layer: "another campaign of the layer has this visitor",
    traffic: "outside of its traffic", coupon_out: "no coupon code is left", slot_taken: "its slot is taken", error: "its rule failed",
  },
  problems: {
    expired: "This preview link has expired: links hold for an hour. Make a new one.",
    gone: "The campaign or variant of this preview is not in the rules any more.",
  },
  end: "End the preview",
};

let host: HTMLElement | undefined;

/**
 * overlay labels the page as a preview, says what visitors would get, and lets the marketer go to other variants
 * and out. The tab keeps the token from page to page.
 */
export function overlay(preview: Preview, config: Config): void {
  host?.remove();
  const session = makeStore("sessionStorage");
  const url = new URL(location.href);
  const go = (to?: string) => {
    if (to) url.searchParams.set(PREVIEW, to);
    session.remove(PREVIEW);
    if (url.href === location.href) location.reload(); // the same address with a # would not load again
    else location.assign(url);
  };
  // The address without the token: it goes into no link, referrer or bookmark.
  if (!preview.problem) session.set(PREVIEW, config.preview!);
  if (url.searchParams.has(PREVIEW)) {
    url.searchParams.delete(PREVIEW);
    history.replaceState(history.state, "", url);
  }

  const ja = /^ja\b/i.test(document.documentElement.lang || navigator.language);
  const words = ja ? JA : EN;
  const { problem, reason, on } = preview;
  const variants = (preview.variants || []).map(({ id, token }) => {
    const node = el("button", "", id, { type: "button", "aria-pressed": String(id === preview.variant) });
    node.onclick = () => go(token);
    return node;
  });
  const leave = el("button", "end", words.end, { type: "button" });
  leave.onclick = () => go();
  const shows = preview.variants?.find(({ id }) => id === preview.variant);
  const says = problem
    ? [words.problems[problem] || problem]
    : [
        words.note,
        shows?.control ? words.control : "",
        on?.length && on[0] !== "page_view" ? words.on(on.join(" + ")) : "",
        preview.code ? words.code : "",
        reason ? words.reason(words.reasons[reason] || reason) : "",
      ];

  host = document.createElement("omo-preview");
  const root = host.attachShadow({ mode: config.open ? "open" : "closed" });
  dress(root, css);
  root.append(
    el("section", "", [
      el("b", "", words.label + (preview.name ? (ja ? "：" : ": ") + preview.name : "")),
      el("p", "", says.filter(Boolean).join(ja ? "" : " ")),
      variants.length ? el("div", "", variants, { role: "group", "aria-label": words.label }) : undefined,
      leave,
    ], { "aria-label": words.label }),
  );
  const page = document.documentElement;
  page.append(host);
  // The page and what is shown at its top make room: neither covers the other.
  const label = root.lastElementChild as HTMLElement;
  new ResizeObserver(() => {
    const high = `${label.offsetHeight}px`;
    page.style.setProperty("--omo-top", high);
    page.style.marginTop = high;
  }).observe(label);
}
