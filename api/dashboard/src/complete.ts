// What can stand where the cursor is, by the rules language's reference: keys and
// their values as the file's indentation says, and within a rule what it can see.
import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import type { Text } from "@codemirror/state";

/** Word is one of the reference's, from the list beside the editor. */
export interface Word {
  chapter: string; // campaign (keys, as variants.action.type), trigger, value, function, window or operator
  name: string;
  written: string; // with its arguments
  example: string;
  text: string;
  kind: string; // of a key: rule, if a rule stands there
  values: string[]; // all it can be, where they are few
}

/** Place is where a cursor stands: below which key, and after which one on its line. */
interface Place {
  below: string; // "", or variants.action
  key: string; // "": a key is about to be written
}

const keyed = /^(\s*)((?:-\s+)*)(?:([a-z_]+):(.*)|(?=\{)(.*))$/;

/** placeOf reads upwards from a line's beginning to the keys that it is within. */
function placeOf(doc: Text, line: number, before: string): Place {
  const path: string[] = [];
  const own = keyed.exec(before);
  let depth = (own ? own[1] + own[2] : /^\s*(?:-\s+)*/.exec(before)![0]).length;
  for (let n = line - 1; n > 0 && depth > 0; n--) {
    const above = keyed.exec(doc.line(n).text);
    const at = above?.[3] ? (above[1] + above[2]).length : depth;
    if (at < depth) {
      path.unshift(above![3]);
      depth = at;
    }
  }
  if (!own) return { below: path.join("."), key: "" };
  // Within braces: {type: banner, ti
  const open: string[] = [];
  let key = own[3] || "", word = "";
  for (const c of own[4] ?? own[5]) {
    if (c === "{") { open.push(key); key = ""; }
    else if (c === "}") key = open.pop() || "";
    else if (c === "," && open.length) key = "";
    else if (c === ":" && word) key = word;
    word = /[a-z_]/.test(c) ? word + c : "";
  }
  return { below: [...path, ...open.filter(Boolean)].join("."), key };
}

const last = (path: string): string => path.slice(path.lastIndexOf(".") + 1);

/** completer answers the editor from the reference's words. */
export function completer(words: Word[]): (context: CompletionContext) => CompletionResult | null {
  const keys = new Map(words.filter((w) => w.chapter === "campaign").map((w) => [w.name, w]));
  const option = (w: Word, label: string, type: string, apply = label): Completion => ({ label, type, info: w.text, apply, detail: w.written === label ? undefined : w.written });
  const seen = words.filter((w) => /^(value|function|window|operator)$/.test(w.chapter) && /^[a-z]/.test(w.name)).map((w) =>
    option(w, w.name, w.chapter === "function" ? "function" : w.chapter === "value" ? "variable" : "keyword", w.chapter === "function" ? w.name + "(" : w.name));
  const triggers = words.filter((w) => w.chapter === "trigger").map((w) => option(w, w.name, "enum", w.example.replace(/^on: /, "") || w.name));
  return (context) => {
    const line = context.state.doc.lineAt(context.pos);
    const before = line.text.slice(0, context.pos - line.from);
    if (/^\s*#/.test(before)) return null;
    const place = placeOf(context.state.doc, line.number, before);
    const name = [place.below, place.key].filter(Boolean).join(".");
    const entry = keys.get(name);
    const ruled = entry?.kind === "rule" || (!place.key && keys.get(place.below)?.kind === "rule");
    const typed = context.matchBefore(ruled ? /[\w.]+/ : /[\w-]+/);
    if (!typed && !context.explicit && !/[:{,]\s$/.test(before)) return null;
    const from = typed ? typed.from : context.pos;
    let options: Completion[];
    if (ruled) options = typed || context.explicit ? seen : [];
    else if (name === "on") options = triggers;
    else if (place.key) options = (entry?.values || []).map((v) => option(entry!, v, "enum"));
    else {
      const within = place.below ? place.below + "." : "";
      options = [...keys.values()].filter((w) => w.name.startsWith(within) && !w.name.slice(within.length).includes(".")).map((w) => option(w, last(w.name), "property", last(w.name) + ": "));
    }
    return options.length ? { from, options, validFor: ruled ? /^[\w.]*$/ : /^[\w-]*$/ } : null;
  };
}
