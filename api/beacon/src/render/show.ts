import type { Guard } from "../guard";
import type { Action, Props, Record, Report } from "../types";
import css from "./style.css";
import { reached, wayList } from "./chat";
import { dress, el } from "./dom";
import { closeButton, goButton, itemList, picture, type Tell, ticket, words } from "./parts";
import { boxes, escape } from "./escape";
import { redirectTo } from "./redirect";
import { surveyForm } from "./survey";
import { endOf, pageLanguage, say } from "./words";

/** A Stage is what the core lends to an action while it is open. */
export interface Stage {
  guard: Guard;
  record: Record;
  report: Report;
  open: boolean; // an open shadow root, for tests
  gone(): void; // the visitor closed it
  why(): void; // the visitor asks why it is there
}

export interface Shown {
  /** Is it really on the screen, whatever the page's styles and scripts do? Asked once, before the exposure. */
  visible(): boolean;
  remove(): void;
}

/** show opens an action above the page or in its place, and records under `about` what the visitor does with it. Nothing where it cannot be shown; report has told why. */
export function show(action: Action, about: Props, { guard, record, report, open, gone, why }: Stage): Shown | undefined {
  const campaign = String(about.campaign);
  const trouble = (what: string) => void report("action_" + what, campaign, about);
  const { type, selector, title } = action;
  if (type === "redirect") {
    const go = redirectTo(action.link, campaign);
    if (go === "loop") return trouble(go);
    // The exposure goes first: what is asked now is told before the page goes.
    return go && { remove() {}, visible: () => !!setTimeout(guard("redirect", go)) };
  }
  const draw = drawers[type];
  if (!draw) return void report("action_unknown", type, about);
  if (endOf(action) <= Date.now()) return trouble("expired");
  // Outside of the body, but for inline actions: pages replace, transform and hide theirs.
  const place = selector ? document.querySelector(selector) : document.documentElement;
  if (!place) return trouble("place");

  const host = document.createElement("omo-action");
  const root = host.attachShadow({ mode: open ? "open" : "closed" });
  let away = false;
  let before: HTMLElement | undefined; // where the focus came from
  const remove = () => {
    away = true;
    if (box instanceof HTMLDialogElement) box.close(); // gives the focus back
    else if (root.activeElement) before?.focus();
    host.remove();
    removeEventListener("keydown", onKey);
    boxes.splice(boxes.indexOf(box!), 1);
  };
  const close = (by: string) => {
    if (away) return;
    remove();
    gone();
    record("omo_close", { ...about, by });
  };
  const tell: Tell = {
    click: guard("click", (target: string, closes: boolean) => {
      record("omo_click", { ...about, target }, true);
      if (closes) close("click");
    }),
    broken: trouble,
    record: (name, properties) => record(name, { ...about, ...properties }, true),
    close: guard("close", close),
    hook: guard("hook", (call: () => void) => call()),
    why,
  };
  const box = draw(action, tell, about);
  if (!box) return; // the drawer has told why
  const onKey = guard("escape", escape(box, () => close("escape")));
  const { theme } = action;
  if (theme === "dark" || (theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches)) box.classList.add("dark");
  box.setAttribute("aria-label", title || say().notice);
  box.lang = pageLanguage(); // the host's reset takes the page's away, and with it where Japanese breaks its lines
  dress(root, css + heightRule(action));
  root.append(box);
  const room = place.clientHeight;
  place.append(host);
  if (selector && place.clientHeight > room && host.getBoundingClientRect().top < innerHeight) trouble("unreserved"); // the page has moved
  if (box instanceof HTMLDialogElement) {
    // The top layer: focus stays inside and the page behind is inert, by the browser's own rules.
    box.oncancel = guard("escape", (event: Event) => {
      event.preventDefault();
      close("escape");
    });
    // Outside is where a press began as well, and not one of those that opened it.
    let out = false;
    box.onpointerdown = (event) => {
      out = event.target === box && event.timeStamp > shown + 500;
    };
    box.onclick = guard("outside", (event: Event) => {
      if (out && event.target === box) close("outside");
    });
    box.showModal();
    const shown = performance.now();
    box.focus(); // the dialog itself: a button that lights up unasked would look chosen
    box.scrollTop = 0; // which may be below
  } else {
    box.addEventListener("focusin", (event) => (before ||= (event.relatedTarget as HTMLElement) || undefined));
  }
  boxes.unshift(box);
  addEventListener("keydown", onKey);

  return {
    remove,
    visible: () => {
      const { width, height } = box.getBoundingClientRect();
      const there = host.isConnected && width > 0 && height > 0 && getComputedStyle(box).visibility === "visible";
      if (!there) trouble("not_displayed"); // the page's own styles or scripts took it away
      else if (type === "chat") tell.record("omo_chat", { state: "offered", topic: title, channels: reached(action) });
      return there;
    },
  };
}

/** heightRule keeps an inline action's room free before its content is there, and holds it whatever comes. */
function heightRule({ height }: Action): string {
  if (!height) return "";
  const rule = (px: number) => `:host{height:${+px}px!important}`;
  return typeof height === "number" ? rule(height) : `${rule(height.desktop)}@media(max-width:600px){${rule(height.mobile)}}`;
}

type Draw = (action: Action, tell: Tell, about: Props) => HTMLElement | undefined;

/** edge is where a bar lies: along the bottom, unless the campaign says top. */
const edge = (action: Action): string => (/^top/.test(action.position || "") ? "top" : "bottom");

const section = (className: string, parts: (Node | undefined)[]) => el("section", "box " + className, parts, { role: "region" });

/** strip is a sheet whose content scrolls where it has no room, beside its cross. */
const strip = (className: string, inner: string, parts: (Node | undefined)[], tell: Tell) =>
  section("strip " + className, [el("div", inner, parts), ...closeButton(tell)]);

/** card is a window over the page, or a small one in a corner of it. */
function card(action: Action, tell: Tell, parts: (Node | undefined)[], usual?: string): HTMLElement {
  const inner = el("div", "sheet", [...parts, ...closeButton(tell)]);
  const corner = /^(top|bottom)(-left|-right)?$/.exec(action.position || usual || "");
  if (!corner) return el("dialog", "box card", [inner], { tabindex: "-1" });
  return section(`card corner at-${corner[1]} at${corner[2] || "-right"}`, [inner]);
}

const CORNER = "bottom-right";

/** half is one sheet of paper of a card. */
const half = (parts: (Node | undefined)[], more = "") => (parts.some(Boolean) ? el("div", "half" + more, parts) : undefined);

/** notice draws words, and under them the answer that they ask for, in the middle or in a corner. */
const notice = (action: Action, tell: Tell, answer?: Node, usual?: string): HTMLElement =>
  card(action, tell, [half([picture(action.image, "hero", tell), words(action, tell), answer])], usual);

const going = (usual?: string): Draw => (action, tell) => {
  const go = goButton(action, tell);
  return notice(action, tell, go && el("div", "foot", [go]), usual);
};

const drawers: { [type: string]: Draw | undefined } = {
  banner: (action, tell) => strip(edge(action), "bar", [picture(action.image, "icon", tell), words(action, tell), goButton(action, tell)], tell),

  ranking: (action, tell) =>
    strip(edge(action) + " wide", "shelf", [el("div", "head", [words(action, tell), goButton(action, tell)]), itemList(action, tell)], tell),

  inline: (action, tell) => {
    const items = itemList(action, tell);
    const parts = [words(action, tell), goButton(action, tell)];
    const icon = picture(action.image, "icon", tell);
    return items
      ? strip("inline", "shelf", [icon, el("div", "head", parts), items], tell)
      : strip("inline", "bar", [icon, ...parts], tell);
  },

  coupon: (action, tell) =>
    card(action, tell, [
      half([picture(action.image, "hero", tell), words(action, tell)]),
      half([ticket(action, tell), goButton(action, tell)], " tear"),
    ]),

  modal: going(),
  slide_in: going(CORNER),
  html: going(CORNER),

  survey: (action, tell) => notice(action, tell, surveyForm(action, tell), CORNER),

  chat: (action, tell, about) => {
    const ways = wayList(action, { campaign: about.campaign, variant: about.variant }, tell);
    return ways && notice(action, tell, ways, CORNER);
  },
};
