// Newer figures come into a page that somebody reads (data-quiet) without being
// noticed: not while a form is filled in, and what was open, chosen or scrolled to
// stays so.

const detail = (event: Event) => (event as CustomEvent).detail;
const main = () => document.getElementById("main");

function fillingIn(): boolean {
  const at = document.activeElement;
  return !!at && !!main()?.contains(at) && at.matches("input, select, textarea, [contenteditable]");
}

/** path finds an element again in the page that comes: what it stands in, and which of these it is there. */
function path(at: Element): () => HTMLElement | undefined {
  const id = at.parentElement?.closest("[id]")?.id ?? "main";
  const alike = () => [...(document.getElementById(id)?.querySelectorAll<HTMLElement>(at.tagName) ?? [])];
  const place = alike().indexOf(at as HTMLElement);
  return () => alike()[place];
}

export function renewQuietly(): void {
  let back = () => {};
  const quiet = (event: Event) => (detail(event).elt as Element | undefined)?.matches("[data-quiet]");
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (quiet(event) && fillingIn()) event.preventDefault();
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const asked = detail(event).requestConfig?.elt as Element | undefined;
    if (!asked?.matches("[data-quiet]") || detail(event).xhr.status !== 200) return;
    if (fillingIn()) {
      detail(event).shouldSwap = false;
      return;
    }
    const [x, y] = [scrollX, scrollY];
    const open = [...document.querySelectorAll("main details[open]")].map(path);
    const at = document.activeElement;
    const focus = at && at !== main() && main()?.contains(at) ? path(at) : null;
    back = () => {
      for (const details of open) details()?.setAttribute("open", "");
      focus?.()?.focus({ preventScroll: true });
      scrollTo({ left: x, top: y, behavior: "instant" });
      back = () => {};
    };
  });
  document.addEventListener("htmx:afterSwap", () => back());
}
