// The shapes that travel between the beacon and the server, as the HTTP contract names them.

export type Consent = "granted" | "denied" | "unknown";
export type Props = { [name: string]: unknown };

/** Record queues an event; an urgent one goes at once. */
export type Record = (name: string, properties: Props, urgent?: boolean) => void;
/** Report tells the server of our own trouble, and with which offer, if it was with one. */
export type Report = (kind: string, message: string, about?: Props) => void;

/** Load imports a module of ours that few page views need. */
export type Load = (path: string) => Promise<unknown>;

export interface Item {
  id?: string;
  name?: string;
  category?: string;
  brand?: string;
  price?: number;
}

export interface PageInfo {
  url: string;
  title?: string;
  referrer?: string;
  type?: string;
  lang?: string;
  item?: Item;
}

/** A fact about the visitor. `id` is made once and kept over every retry. */
export interface OmoEvent {
  id: string;
  name: string;
  time: string;
  page: PageInfo;
  properties: Props;
  preview?: string; // the token of a preview link, while nobody knew whether it is one
}

export interface RankedItem {
  name: string;
  url?: string;
  image?: string;
  price?: number | string;
}

/** A part of sanitised HTML: a text, or an element's name, its attributes if it has some, and its children. */
export type Branch = string | { [name: string]: string } | Branch[];

export interface Question {
  id: string;
  type: "stars" | "nps" | "choice" | "text";
  text: string;
  options?: string[];
  required?: boolean;
}

export interface Channel {
  type: string;
  label?: string;
  link?: string;
  hook?: string; // the name of a function of the page
}

/** What a variant shows. Every field but `type` may be missing. */
export interface Action {
  type: string;
  title?: string;
  body?: string;
  image?: string;
  link?: string;
  button?: string;
  theme?: "light" | "dark" | "auto";
  position?: string;
  code?: string;
  expires?: number; // seconds from now
  expires_at?: string; // RFC 3339
  expires_in?: number; // seconds from the answer to expires_at; wins, for a visitor's clock may be wrong
  came?: number; // when the answer was there, by that clock, in ms since 1970; not of the server
  items?: RankedItem[];
  currency?: string;
  selector?: string; // of an inline action
  height?: number | { mobile: number; desktop: number }; // px
  html?: Branch[];
  questions?: Question[];
  thanks?: string;
  channels?: Channel[];
}

export interface Decision {
  campaign: string;
  variant?: string;
  control?: boolean;
  slot: string;
  selector?: string; // the place in the page that it needs, in every arm
  on?: string[];
  armed?: boolean;
  action?: Action | null;
  token?: string;
  phase?: string;
}

/** What a preview link shows, or why it shows nothing any more. */
export interface Preview {
  problem?: string; // expired, gone
  campaign?: string;
  name?: string;
  status?: string;
  variant?: string;
  variants?: { id: string; control: boolean; token: string }[];
  on?: string[];
  reason?: string; // the gate that would have stopped it here; nothing where this visitor would get it
  code?: boolean; // its coupon code is made up
  expires_at?: string;
}

export interface Answer {
  decision_id: string;
  preview?: Preview;
  visitor?: { id?: string };
  decisions?: Decision[];
  degraded?: string[];
}
