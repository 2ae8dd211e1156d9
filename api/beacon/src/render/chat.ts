import type { Action, Channel } from "../types";
import { CALLS, el, key, safeLink } from "./dom";
import type { Tell } from "./parts";
import { type ChannelType, say } from "./words";

type Hook = (of: unknown) => void;

/** wayList are the ways to reach the shop; nothing if there is none. A function of the page may come late: it is looked for at the click. */
export function wayList({ channels = [], title }: Action, about: unknown, tell: Tell): HTMLElement | undefined {
  const rows = channels.map((channel: Channel) => {
    const { type } = channel;
    const href = safeLink(channel.link, CALLS);
    if (!href && !channel.hook) return void tell.broken("channel");
    const label = channel.label || say()[type as ChannelType] || type;
    const away = href && /^http/.test(href) && new URL(href).origin !== location.origin;
    const node = key("way", label, href, away ? { target: "_blank", rel: "noopener" } : {});
    node.onclick = () => {
      const hook = href ? undefined : hookOf(channel.hook);
      if (!href && !hook) return tell.broken("channel");
      tell.record("omo_chat", { state: "accepted", channel: type, topic: title });
      tell.click("channel:" + type, !!hook);
      if (hook) tell.hook(() => hook(about));
    };
    return el("li", "", [node]);
  });
  return rows.some(Boolean) ? el("ul", "ways", rows) : undefined;
}

/** reached are the kinds of ways that wayList shows: chat,form. */
export const reached = ({ channels = [] }: Action): string =>
  channels.filter(({ link, hook }) => safeLink(link, CALLS) || hook).map(({ type }) => type).join();

/** hookOf finds a function of the page by its name, such as openChat or Chat.open. */
function hookOf(name: string | undefined): Hook | undefined {
  const path = (name || "").split(".");
  const last = path.pop()!;
  const of = path.reduce((object: any, key) => object?.[key], window);
  return typeof of?.[last] === "function" ? (about) => of[last](about) : undefined;
}
