// The playground's editor: CodeMirror in a shadow root, where its style sheets need
// no leave of the page's policy. The form's own text area stays what is sent.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { HighlightStyle, bracketMatching, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, lintGutter, setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { EditorView, drawSelection, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { type Word, completer } from "./complete";

const look = EditorView.theme({
  "&": { color: "var(--ink)", backgroundColor: "var(--paper)", font: '.84rem/1.65 ui-monospace, "SFMono-Regular", Menlo, Consolas, "Noto Sans Mono CJK JP", monospace', position: "absolute !important", inset: "0" },
  "&.cm-focused": { outline: "2px solid var(--lead)", outlineOffset: "-2px" },
  ".cm-scroller": { font: "inherit", overflow: "auto" },
  ".cm-content": { caretColor: "var(--ink)" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-gutters": { color: "var(--soft)", backgroundColor: "var(--sunk)", border: "0" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--lead) 7%, transparent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "color-mix(in srgb, var(--lead) 28%, transparent)" },
  ".cm-tooltip": { color: "var(--ink)", backgroundColor: "var(--card)", border: "1px solid var(--zero)", borderRadius: ".4rem", boxShadow: "0 .4rem 1.4rem rgb(0 0 0 / .18)" },
  ".cm-tooltip-autocomplete > ul": { font: "inherit", fontFamily: "inherit" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { color: "var(--card)", backgroundColor: "var(--lead)" },
  ".cm-completionDetail": { fontStyle: "normal", opacity: ".75" },
  ".cm-completionInfo": { maxWidth: "24rem", fontFamily: "system-ui, sans-serif", fontSize: ".82rem", whiteSpace: "pre-line" },
  ".cm-diagnostic": { fontFamily: "system-ui, sans-serif", whiteSpace: "pre-line" },
});

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--lead)" },
  { tag: [tags.comment, tags.lineComment], color: "var(--soft)", fontStyle: "italic" },
  { tag: [tags.string, tags.attributeValue], color: "var(--up)" },
  { tag: [tags.punctuation, tags.separator, tags.bracket], color: "var(--soft)" },
]);

/** edit puts an editor in a text area's place; both hold the same text from then on. */
export function edit(area: HTMLTextAreaElement, words: Word[]): EditorView {
  const host = document.createElement("div");
  host.className = "code-editor";
  area.before(host);
  area.hidden = true;
  const root = host.attachShadow({ mode: "open" });
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: area.value,
      extensions: [
        lineNumbers(), lintGutter(), history(), drawSelection(), indentOnInput(), bracketMatching(), closeBrackets(), highlightActiveLine(),
        yaml(), syntaxHighlighting(colours), look,
        autocompletion({ override: [completer(words)], icons: false }),
        keymap.of([...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap]), // Tab stays the way out of the field
        EditorState.readOnly.of(area.readOnly),
        EditorView.contentAttributes.of({ "aria-label": area.getAttribute("aria-label")!, tabindex: "0", spellcheck: "false", autocapitalize: "none" }),
        EditorView.updateListener.of((update) => {
          if (!update.docChanged) return;
          area.value = update.state.doc.toString();
          area.dispatchEvent(new Event("input", { bubbles: true })); // it is checked half a second later
        }),
      ],
    }),
  });
  area.addEventListener("input", () => {
    if (area.value !== view.state.doc.toString()) view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: area.value } });
  });
  return view;
}

/** offset is a place of the text by line and column, both from 1. */
export function offset(view: EditorView, line: number, column: number): number {
  const at = view.state.doc.line(Math.max(1, Math.min(line, view.state.doc.lines)));
  return Math.min(at.from + Math.max(0, column - 1), at.to);
}

/** mark underlines what the list of findings tells of. */
export function mark(view: EditorView, findings: Iterable<HTMLElement>): void {
  const all: Diagnostic[] = [];
  for (const button of findings) {
    const item = button.closest("li")!;
    const from = offset(view, Number(button.dataset.line), Number(button.dataset.column));
    const line = view.state.doc.lineAt(from);
    const word = /^[\w.]+/.exec(view.state.doc.sliceString(from, line.to));
    all.push({ from, to: word ? from + word[0].length : line.to, severity: item.className === "error" ? "error" : "warning", message: item.querySelector(".means")!.textContent + "\n" + item.querySelector(".said")!.textContent });
  }
  view.dispatch(setDiagnostics(view.state, all));
}
