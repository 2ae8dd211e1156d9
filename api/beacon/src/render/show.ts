import type { Guard } from "../guard";
import type { Action, Props, Record, Report } from "../types";
import css from "./style.css";
import { dress, el } from "./dom";
import { closeButton, goButton, picture, rankedList, type Tell, ticket, words } from "./parts";

/** A Stage is what the core lends to an action while it is open. */
export interface Stage {
  guard: Guard;
  record: Record;
  report: Report;
  open: boolean; // an open shadow root, for tests
  gone(): void; // the visitor closed it
}

export interface Shown {
  /** Is it really on the screen, whatever the page's styles and scripts do? */
  visible(): boolean;
  remove(): void;
}

/** show opens an action above the page, and records under `about` what the visitor does with it. Nothing for a type that this version does not know. */
export function show(action: Action, about: Props, { guard, record, report, open, gone }: Stage): Shown | undefined {
  const draw = drawers[action.type];
  if (!draw) return void report("action_unknown", action.type);

  // Outside of the body: pages replace, transform and hide theirs.
  const host = document.createElement("omo-action");
  const root = host.attachShadow({ mode: open ? "open" : "closed" });
  let away = false;
  const remove = () => {
    away = true;
    host.remove();
    removeEventListener("keydown", onKey);
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
    broken: guard("image", (what: string) => report("action_" + what, String(about.campaign))),
  };
  const onKey = guard("escape", (event: KeyboardEvent) => {
    if (event.key === "Escape" && !event.defaultPrevented) close("escape");
  });

  const box = draw(action, tell, guard("close", () => close("button")));
  const { theme } = action;
  if (theme === "dark" || (theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches)) box.classList.add("dark");
  if (action.title) box.setAttribute("aria-label", action.title);
  dress(root, css);
  root.append(box);
  document.documentElement.append(host);
  if (box instanceof HTMLDialogElement) {
    // The top layer: focus stays inside and the page behind is inert, by the browser's own rules.
    box.addEventListener("cancel", guard("escape", (event: Event) => {
      event.preventDefault();
      close("escape");
    }));
    box.addEventListener("click", guard("outside", (event: Event) => {
      if (event.target === box) close("outside");
    }));
    box.showModal();
    box.focus(); // the dialog itself: a button that lights up unasked would look chosen
  } else addEventListener("keydown", onKey);

  return {
    remove,
    visible: () => {
      const { width, height } = box.getBoundingClientRect();
      const there = host.isConnected && width > 0 && height > 0 && getComputedStyle(box).visibility === "visible";
      if (!there) report("action_not_displayed", String(about.campaign)); // the page's own styles or scripts took it away
      return there;
    },
  };
}

type Draw = (action: Action, tell: Tell, close: () => void) => HTMLElement;

/** edge is where a bar lies: along the bottom, unless the campaign says top. */
const edge = (action: Action): string => (/^top/.test(action.position || "") ? "top" : "bottom");

const drawers: { [type: string]: Draw | undefined } = {
  banner: (action, tell, close) =>
    el(
      "section",
      "box bar " + edge(action),
      [picture(action.image, "icon", tell), words(action), goButton(action, tell), closeButton(close)],
      { role: "region" },
    ),

  ranking: (action, tell, close) =>
    el(
      "section",
      "box shelf " + edge(action),
      [
        el("div", "head", [words(action), goButton(action, tell)]),
        rankedList(action.items || [], action.currency || "JPY", tell),
        closeButton(close),
      ],
      { role: "region" },
    ),

  coupon: (action, tell, close) => {
    const top = el("div", "half", [picture(action.image, "hero", tell), words(action)]);
    const parts = [ticket(action, tell), goButton(action, tell)];
    const bottom = parts.some(Boolean) ? el("div", "half tear", parts) : undefined;
    const inner = el("div", "sheet", [top, bottom, closeButton(close)]);
    const corner = /^(top|bottom)(-left|-right)?$/.exec(action.position || "");
    if (!corner) return el("dialog", "box card", [inner], { tabindex: "-1" });
    return el("section", `box card corner at-${corner[1]} at${corner[2] || "-right"}`, [inner], { role: "region" });
  },
};
