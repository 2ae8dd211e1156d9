// What every screen loads: htmx, told never to evaluate a text and to write no
// style of its own, so that it works under the screens' policy.
import htmx from "htmx.org";
import { watchConnection } from "./connection";
import { renewQuietly } from "./quiet";

htmx.config.allowEval = false;
htmx.config.includeIndicatorStyles = false;
htmx.config.selfRequestsOnly = true;
htmx.config.historyCacheSize = 0;
htmx.config.timeout = 70_000; // the server gives up after 60 s: nothing comes any more
watchConnection();
renewQuietly();

// A switch that goes as soon as it is chosen; without script its form has a button.
document.addEventListener("change", (event) => {
  const chosen = event.target;
  if (chosen instanceof HTMLSelectElement && chosen.hasAttribute("data-go")) {
    chosen.form?.requestSubmit();
  }
});

// Back as the browser's own button goes, to what was typed; without script, or in
// a tab of its own, the link opens the page anew.
document.addEventListener("click", (event) => {
  const link = event.target instanceof Element && event.target.closest("a[data-back]");
  if (link && history.length > 1 && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    history.back();
  }
});

document.documentElement.dataset.script = "on";

// On a phone the screens' names are a row that is pushed: the present one is seen.
document.querySelector(".top nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
