// What is written in the playground is kept in its tab, by the campaign that it
// began with, until it is that campaign's text again: another choice, language or
// colours, Back or a reload take nothing away.

const prefix = "omo.playground.";

/** keep puts back what was written on this page before, and keeps what is written from now on. */
export function keep(area: HTMLTextAreaElement): void {
  let store: Storage;
  try {
    store = sessionStorage;
  } catch {
    return; // a browser that keeps nothing
  }
  const here = prefix + (new URLSearchParams(location.search).get("campaign") ?? "");
  const loaded = area.value;
  const write = (text: string): void => {
    area.value = text;
    area.dispatchEvent(new Event("input", { bubbles: true })); // to the editor, and to be checked
  };
  const before = store.getItem(here);
  area.addEventListener("input", () => {
    if (area.value === loaded) store.removeItem(here);
    else store.setItem(here, area.value);
  });

  const notice = document.getElementById("kept")!;
  notice.querySelector("button")!.addEventListener("click", () => {
    write(loaded);
    notice.hidden = true;
  });
  if (before !== null && before !== loaded) {
    notice.hidden = false;
    write(before);
  }

  // What began with other campaigns is a link away.
  const others = document.getElementById("kept-others")!;
  const names = [...document.querySelectorAll<HTMLOptionElement>(".pick option")];
  for (const key of Object.keys(store).filter((key) => key.startsWith(prefix) && key !== here).sort()) {
    const campaign = key.slice(prefix.length);
    const link = document.createElement("a");
    link.href = "/ui/playground" + (campaign && "?campaign=" + encodeURIComponent(campaign));
    link.textContent = names.find((one) => one.value === campaign)?.text ?? campaign;
    others.append(" ", link);
    others.hidden = false;
  }
}
