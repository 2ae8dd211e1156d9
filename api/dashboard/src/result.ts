// What the result screen does with script beside what it is without: a text is
// copied, and a drawing kept as a picture of points. Parts come and go, so that
// the page listens for them.
import { copied } from "./copy";

document.addEventListener("click", (event) => {
  const at = event.target instanceof Element ? event.target : null;
  const copy = at?.closest<HTMLElement>("[data-copy]");
  const draw = at?.closest<HTMLAnchorElement>("a[data-png]");
  if (copy) {
    void copied(copy);
  } else if (draw) {
    event.preventDefault();
    void painted(draw);
  }
});

// The SVG that the server draws, at twice its size.
async function painted(link: HTMLAnchorElement): Promise<void> {
  const answer = await fetch(link.href);
  if (!answer.ok) return location.assign(link.href); // which says what is wrong
  const drawing = new Image();
  drawing.src = "data:image/svg+xml," + encodeURIComponent(await answer.text());
  await drawing.decode();
  const canvas = document.createElement("canvas");
  canvas.width = 2 * drawing.naturalWidth;
  canvas.height = 2 * drawing.naturalHeight;
  canvas.getContext("2d")?.drawImage(drawing, 0, 0, canvas.width, canvas.height);
  const kept = document.createElement("a");
  kept.href = canvas.toDataURL();
  kept.download = link.dataset.png ?? "";
  kept.click();
}
