import type { Answer, OmoEvent, PageInfo, Props } from "./types";
import { makeArmed } from "./armed";
import { makeAttention } from "./attention";
import { choiceOf, type Config, readConfig } from "./config";
import { makeGuard } from "./guard";
import { now, uuidv7 } from "./ids";
import { makeOffers } from "./offers";
import { readPage, watchNavigation, whenReady, whenVisible } from "./page";
import { makeQueue } from "./queue";
import { makeSender } from "./sender";
import { makeStore } from "./store";
import { makeVisitor } from "./visitor";
import { makeWire } from "./wire";

/** Paths of what is loaded only where it is needed; the bundler puts them in. */
declare const LAYER: string, WHY: string, OVERLAY: string;

type Call = ArrayLike<unknown>;
interface Omo {
  (...call: unknown[]): void;
  q?: Call[]; // what the page said before this script was there
  on?: boolean; // a beacon is here already
}

/** A View is one page view. Answers that come after it is over are not shown. */
interface View {
  event: OmoEvent;
  page: PageInfo;
  asked: boolean; // the server has been asked about it, and it is not over
}

// The server answers within 50 ms. What comes seconds later would surprise the visitor.
const PATIENCE = 5_000;
// It keeps what it has answered free for 60 s. A tab that is looked at later asks again.
const HELD = 50_000;

function run(config: Config, stub: Omo | undefined): Omo {
  const told = new Set<string>();
  /** report tells the server of our own trouble, once for each kind and campaign, and never the page. */
  const report = (kind: string, message: string, about?: Props) => {
    const once = kind + about?.campaign;
    if (told.has(once)) return;
    told.add(once);
    record("omo_error", { kind, message: message.slice(0, 300), ...about });
  };
  const guard = makeGuard(report);
  const load = (path: string): Promise<unknown> => import(config.base + path);
  const store = makeStore("localStorage");
  const visitor = makeVisitor(store, config.consent);
  const decide = guard("decide", ask);
  const wire = makeWire(config.base, config.key);
  const queue = makeQueue(store, visitor.known, (kind) => report(kind, ""));
  const sender = makeSender(config, wire, queue, visitor, guard);
  const attention = makeAttention(guard, (trigger) => armed.happened(trigger), () => armed.look());
  const armed = makeArmed(load, attention, guard, decide, visitor, config);
  const offers = makeOffers(load, config.open, guard, record, report, (campaign) => omo("why", campaign));
  let view: View | undefined;
  // While a preview's token is unproved events are kept, with the token, and not sent; once it has proved real
  // they are gone and nothing is recorded any more.
  let previewed = false;
  const muted = () => previewed || visitor.consent() === "denied";

  function makeEvent(name: string, properties: Props, page: PageInfo = { url: view?.page.url || location.href }): OmoEvent {
    return { id: uuidv7(), name, time: now(), page, properties, preview: config.preview };
  }

  /** record queues an event about the page view at hand; what happens before the first waits in memory. */
  function record(name: string, properties: Props, urgent = false): OmoEvent | undefined {
    if (muted()) return;
    const event = makeEvent(name, properties);
    queue.add(event);
    if (urgent) sender.flush();
    else sender.soon();
    return event;
  }

  /**
   * ask makes the decide call: the page view itself, or, with a trigger, what has become of it. Queued
   * events ride along, and those that are the trigger, even if the server has them already: it knows an id
   * that comes twice. The page view is queued as well, under the id that the call carries, and counts as
   * under way: should no answer come, it goes by /v1/events like any other.
   */
  async function ask(trigger?: string, causes: OmoEvent[] = []): Promise<void> {
    const asking = view;
    if (!asking) return;
    asking.asked = true;
    const events = visitor.known() && !config.preview ? [...new Set([...queue.take(), ...causes])] : [];
    const body = {
      ...visitor.told(),
      page: asking.page,
      page_view: !trigger && undefined,
      page_view_id: asking.event.id,
      trigger,
      events,
      identify: config.identify,
      preview: config.preview,
    };
    const start = Date.now();
    const answer = (await wire.post("/v1/decide", body, PATIENCE, visitor.cookies())).body as Answer | undefined;
    visitor.learn(answer);
    // A degraded answer does not say that the events are safe; the server drops what it has already.
    queue[!answer || answer.degraded?.length ? "back" : "done"](events);
    if (!trigger) queue[answer ? "done" : "back"]([asking.event]);
    if (answer?.preview) {
      previewed = true;
      queue.clear(config.preview);
    } else if (answer) config.preview = undefined; // not the server's own: a visit like any other
    queue.adopt();
    sender.flush();
    const came = Date.now();
    const current = () => view === asking && body.consent === visitor.consent();
    if (!answer || !current()) return;
    if (answer.preview) {
      // First, for it keeps the token: a redirect would otherwise lead out of the preview and be recorded.
      const { overlay } = (await load(OVERLAY)) as typeof import("./preview");
      overlay(answer.preview, config);
    }
    const decisions = answer.decisions || [];
    const open = armed.answered(decisions.filter((decision) => !decision.armed), trigger);
    whenVisible(() => {
      if (Date.now() - came < HELD) offers.open(open, answer.decision_id, came - start, came, current);
      else if (open[0] && current()) decide(trigger, causes);
    });
    // Campaigns are armed by the page view's answer only, so that each fires at most once.
    if (!trigger) armed.arm(decisions);
  }

  /** leave closes the books on the page view: it may be the last moment that anything can be sent. */
  function leave(): void {
    const seen = view?.asked && attention.report();
    if (seen && !muted()) queue.add(makeEvent("omo_engagement", { view: view!.event.id, ...seen }));
  }

  function pageView(referrer: string): void {
    leave();
    offers.clear();
    if (view) armed.clear(); // what was called before the first page view belongs to it
    attention.reset();
    const page = readPage(referrer);
    view = { page, event: makeEvent("page_view", {}, page), asked: false };
    if (muted()) chosen();
    else queue.add(view.event, true);
    void tapIn();
    void decide();
  }

  /** chosen follows a change of what the visitor allows, and what a page view begins with. */
  function chosen(change?: () => void): void {
    const before = visitor.consent();
    change?.();
    const consent = visitor.consent();
    // While Consent Mode waits nobody has said no: what earlier pages left behind waits as well.
    if (consent === "denied") visitor.cookies() && (queue.clear(), visitor.forget());
    else if (consent === "granted" && before !== consent && view) {
      // Nothing of this page view was recorded so far: it counts from now, once.
      queue.done([view.event]);
      view.asked = false;
      pageView(document.referrer);
    }
  }
  const choose = (word: unknown) => chosen(() => visitor.choose(choiceOf(word)));

  const commands: { [name: string]: (...args: any[]) => unknown } = {
    track(name: string, properties?: Props) {
      const event = record(name, properties || {});
      if (event) armed.happened(name, event);
    },
    page: () => view && pageView(view.page.url),
    consent: choose,
    optout(yes = true) {
      chosen(() => visitor.out(yes));
      if (yes) decide("optout"); // the server takes its cookie away, for other hosts of the shop
    },
    identify(token: string) {
      config.identify = token;
      if (view?.asked) decide("identify");
    },
    async why(campaign?: string) {
      const { why } = (await load(WHY)) as typeof import("./why");
      await why(campaign, { offers, config, wire, visitor, guard, omo });
    },
  };
  // Calls wait until the page is really looked at: a prerendered page has no visitor yet. They wait as well
  // while a navigation settles: what a framework tells of its new view is not of the old one.
  const early: unknown[] = Array.from(stub?.q || []);
  let busy = true;
  const obey = guard("call", (call: unknown) => {
    const [name, ...args] = Array.from(call as Call);
    return commands[name as string]?.(...args);
  });
  const settle = (moving: boolean) => {
    busy = moving;
    if (!busy) early.splice(0).forEach(obey);
  };
  const omo: Omo = (...call) => (busy ? void early.push(call) : obey(call));
  omo.on = true;

  const hide = guard("leave", () => {
    settle(false);
    leave();
    sender.leave();
  });
  let tapped: unknown;
  /** tapIn listens to the page's dataLayer, once it is there, or another. Consent Mode needs one from the beginning. */
  const tapIn = guard("datalayer", async () => {
    const page = window as unknown as { dataLayer?: unknown };
    const layer = config.consent === "gcm" ? (page.dataLayer ||= []) : config.layer && page.dataLayer;
    if (tapped === layer || !Array.isArray((tapped = layer))) return;
    const { tap } = (await load(LAYER)) as typeof import("./layer");
    await tap(layer as unknown[], config, guard, choose, omo);
  });
  whenReady(
    guard("start", async () => {
      const tapping = tapIn();
      addEventListener("load", tapIn);
      if (config.consent === "gcm") await tapping;
      settle(false);
      queue.adopt();
      pageView(document.referrer);
      watchNavigation(guard, pageView, settle);
      addEventListener("visibilitychange", () => document.hidden && hide());
      addEventListener("pagehide", () => {
        hide();
        // The page view is over, reported, and nothing waits for it: back from the cache is another one.
        armed.clear();
        if (view) view.asked = false;
      });
      addEventListener("online", sender.online);
    }),
  );
  return omo;
}

try {
  const page = window as unknown as { omo?: Omo };
  const config = readConfig();
  if (config && !page.omo?.on) page.omo = run(config, page.omo);
} catch {
  // A browser that lacks what we need shows its page as it was.
}
