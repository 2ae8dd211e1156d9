/** boxes are what is open, of all actions, what opened last first. */
export const boxes: HTMLElement[] = [];

/** meant is the one that an Escape is for: a modal, else what has the focus, else what opened last. An inline action is a part of the page. */
const meant = () => ["dialog", ":focus-within", ":not(.inline)"].map((rank) => boxes.find((box) => box.isConnected && box.matches(rank))).find(Boolean);

/** ofPage says whether the key was pressed in a dialog of the page, or below one. Who does not know :modal has none. */
const ofPage = (event: Event): boolean =>
  !!document.querySelector("dialog:is(:modal)") || event.composedPath().some((node) => (node as Element).localName === "dialog");

/** escape closes the box at an Escape that is meant for it and for nothing else: not for the page, nor for what is being typed. */
export const escape = (box: HTMLElement, close: () => void) => (event: KeyboardEvent): void => {
  if (event.key !== "Escape" || event.defaultPrevented || meant() !== box) return;
  const within = box.matches(":focus-within");
  const typing = event.isComposing || event.keyCode === 229; // Safari knows by the code alone, after the composition
  if (!within && (typing || ofPage(event))) return;
  if (within || box.matches("dialog")) event.preventDefault(); // one key, one thing: the browser closes no other
  if (!typing) close();
};
