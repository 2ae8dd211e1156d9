// The playground's text: written with completion, findings shown in their place,
// words put in by a click. Without this the text area is whole.
import type { Word } from "./complete";
import { copied } from "./copy";
import { edit, mark, offset } from "./editor";
import { keep } from "./keep";

const words = [...document.querySelectorAll<HTMLElement>(".words [data-insert]")].map((button): Word => ({
  chapter: button.closest<HTMLElement>("[data-chapter]")!.dataset.chapter!,
  name: button.dataset.name!,
  written: button.dataset.insert!,
  example: button.title,
  kind: button.dataset.kind || "",
  values: (button.dataset.values || "").split(" ").filter(Boolean),
  text: button.closest("div")!.querySelector("dd")!.textContent!,
}));
const area = document.querySelector<HTMLTextAreaElement>(".editor textarea")!;
const view = edit(area, words);
const found = (): void => mark(view, document.querySelectorAll<HTMLElement>("#findings [data-line]"));

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-insert], [data-line], [data-copy]") : null;
  if (!button) return;
  const { insert, line, column } = button.dataset;
  if (insert) {
    view.dispatch(view.state.replaceSelection(insert));
    view.focus();
  } else if (line) {
    const at = offset(view, Number(line), Number(column));
    view.dispatch({ selection: { anchor: at }, scrollIntoView: true });
    view.focus();
  } else {
    void copied(button);
  }
});
document.addEventListener("htmx:afterSettle", found);
found();
document.addEventListener("DOMContentLoaded", () => keep(area)); // when htmx listens, so that what is put back is checked
