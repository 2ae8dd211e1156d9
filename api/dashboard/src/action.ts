// Shows one action on a page of its own, with the renderer that the shop's pages
// load. The page has no origin, and nothing of what is done here is told anybody.
type Renderer = typeof import("../../beacon/src/render/show");

const { shows, renderer, failed, stand } = document.body.dataset;
const trouble = (what: string) => {
  document.getElementById("trouble")!.textContent = `${failed} ${what}`;
};

import(new URL(renderer!, location.href).href) // the script itself is another origin's
  .then(({ show }: Renderer) => {
    const what = JSON.parse(shows!);
    // The shop's own pictures are not here: something stands in for them.
    for (const pictured of [what, ...(what.items || [])]) {
      if (pictured.image && !/^https?:/i.test(pictured.image)) pictured.image = stand;
    }
    if (what.selector) what.selector = "#place";
    show(what, { campaign: "", variant: "" }, {
      guard: (_, fn) => async (...args) => void (await fn(...args)),
      record: () => undefined,
      report: (kind, message) => trouble(`${kind}: ${message}`),
      open: true, // so that a link's click is seen, and stays here
      gone: () => undefined,
      why: () => undefined,
    });
    document.body.dataset.shown = "on";
  })
  .catch((problem: unknown) => trouble(String(problem)));

addEventListener(
  "click",
  (event) => {
    if (event.composedPath().some((node) => node instanceof HTMLAnchorElement)) event.preventDefault();
  },
  true,
);
