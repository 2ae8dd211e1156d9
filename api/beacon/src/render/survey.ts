import type { Action, Question } from "../types";
import { el } from "./dom";
import type { Tell } from "./parts";
import { say } from "./words";

/** surveyForm asks one question at a time and records each answer as it is given. */
export function surveyForm({ questions = [], thanks, button }: Action, tell: Tell): HTMLElement {
  const form = el("form", "survey");
  const said = say();
  let at = 0;
  let since = 0; // when the question came, by the clock of events
  const draw = () => {
    const question = questions[at];
    if (!question) return form.replaceChildren(el("p", "thanks", thanks || said.thanks, { role: "status" }));
    const last = at === questions.length - 1;
    form.replaceChildren(
      fields(question),
      el("div", "foot", [
        questions.length > 1 ? el("small", "", said.step(at + 1, questions.length)) : undefined,
        el("button", "go", last ? button || said.send : said.next),
      ]),
    );
  };
  form.onsubmit = (event) => {
    event.preventDefault();
    const { id, type } = questions[at];
    const given = String(new FormData(form).get("answer") ?? "").trim();
    if (!given && event.timeStamp - since < 500) return; // the second half of a double click: nobody has read it
    since = event.timeStamp;
    if (given) tell.record("omo_answer", { question: id, answer: /stars|nps/.test(type) ? +given : given.slice(0, 1000) });
    at++;
    draw();
    (form.firstChild as HTMLElement).focus(); // who goes on goes on from here
  };
  draw();
  return form;
}

function fields({ type, text, options = [], required }: Question): HTMLElement {
  const must: { [name: string]: string } = required ? { required: "" } : {};
  const radio = (value: string, label = value) =>
    el("label", "", [
      el("input", "", [], { type: "radio", name: "answer", value, "aria-label": label, ...must }),
      el("span", "", type === "stars" ? "" : label, { "aria-hidden": "true" }),
    ]);
  const said = say();
  const choices =
    type === "stars" ? [..."12345"].map((n) => radio(n, said.star(+n)))
    : type === "nps" ? [..."0123456789", "10"].map((n) => radio(n))
    : options.map((option) => radio(option));
  return el(
    "fieldset",
    type,
    [
      el("legend", "", text),
      type === "text"
        ? el("textarea", "", [], { name: "answer", rows: "4", maxlength: "1000", "aria-label": text, ...must })
        : el("div", "choices", choices),
      type === "nps" ? el("div", "ends", [el("small", "", said.low), el("small", "", said.high)]) : undefined,
    ],
    { tabindex: "-1" },
  );
}
