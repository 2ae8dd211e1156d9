// The editor of the playground: line numbers, the lines that findings are about,
// words put in by a click. Without it the text area is whole.
const text = document.querySelector<HTMLTextAreaElement>(".editor textarea")!;
const gutter = document.createElement("div");
gutter.className = "gutter";
gutter.setAttribute("aria-hidden", "true");
text.before(gutter);

/** number writes the lines' numbers, and marks those with a finding. */
function number(): void {
  const marks = new Map<number, string>();
  for (const button of document.querySelectorAll<HTMLElement>("#findings [data-line]")) {
    const line = Number(button.dataset.line);
    const kind = button.closest("li")!.className;
    if (marks.get(line) !== "error") marks.set(line, kind);
  }
  const lines = text.value.split("\n").map((_, i) => {
    const row = document.createElement("div");
    row.textContent = String(i + 1);
    row.className = marks.get(i + 1) || "";
    return row;
  });
  gutter.replaceChildren(...lines);
  gutter.scrollTop = text.scrollTop;
}

/** go puts the cursor at a line and column, both from 1. */
function go(line: number, column: number): void {
  const before = text.value.split("\n").slice(0, line - 1).join("\n");
  const at = before.length + (line > 1 ? 1 : 0) + Math.max(0, column - 1);
  text.focus();
  text.setSelectionRange(at, at);
}

text.addEventListener("input", number);
text.addEventListener("scroll", () => (gutter.scrollTop = text.scrollTop));
text.addEventListener("keydown", (event) => {
  // Enter keeps the indentation; Tab stays the way out of the field.
  if (event.key !== "Enter" || event.isComposing || event.shiftKey || event.ctrlKey || event.metaKey) return;
  const line = text.value.slice(text.value.lastIndexOf("\n", text.selectionStart - 1) + 1, text.selectionStart);
  const indent = /^ *(?:- )?/.exec(line)![0].replace("-", " ");
  if (!indent) return;
  event.preventDefault();
  text.setRangeText("\n" + indent, text.selectionStart, text.selectionEnd, "end");
  text.dispatchEvent(new Event("input", { bubbles: true }));
});

document.addEventListener("click", async (event) => {
  const button = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-insert], [data-line], [data-copy]") : null;
  if (!button) return;
  const { insert, line, column, copy, done } = button.dataset;
  if (insert) {
    text.setRangeText(insert, text.selectionStart, text.selectionEnd, "end");
    text.dispatchEvent(new Event("input", { bubbles: true }));
    text.focus();
  } else if (line) {
    go(Number(line), Number(column));
  } else if (copy) {
    await navigator.clipboard.writeText(document.getElementById(copy)!.textContent || "");
    button.textContent = done || button.textContent;
  }
});
document.addEventListener("htmx:afterSettle", number);
number();
