// Block Kit's elements in the browser: reading their values, pressing them, forms and questions.

import { leaveMenu } from "./menus.js";
import { chosenIn } from "./people.js";
import { act } from "./talk.js";

const fieldValue = (field) => {
  if (field.classList.contains("people")) return chosenIn(field);
  if (!field.classList.contains("options")) return field.value;
  const chosen = [...field.querySelectorAll("input:checked")].map((input) => input.value);
  return field.dataset.kind === "radio_buttons" ? (chosen[0] ?? null) : chosen;
};

const isField = (element) => element.matches("input, select, textarea, .options, .people");

const fieldsIn = (place) => [...place.querySelectorAll("[data-kind]")].filter(isField);

export const valuesIn = (place) => {
  const values = {};
  for (const field of fieldsIn(place)) {
    const { block, action } = field.dataset;
    values[block] = { ...values[block], [action]: fieldValue(field) };
  }
  return values;
};

// What was typed stays when the bot shows another content in the same form.
export const carryOver = (before, after) => {
  const old = new Map(fieldsIn(before).map((field) => [field.id, field]));
  for (const field of fieldsIn(after)) {
    const typed = old.get(field.id);
    if (!typed || typed.tagName !== field.tagName) continue;
    if (field.classList.contains("options")) {
      const checked = new Map([...typed.querySelectorAll("input")].map((i) => [i.value, i.checked]));
      for (const input of field.querySelectorAll("input"))
        input.checked = checked.get(input.value) ?? input.checked;
    } else if (field.classList.contains("people")) {
      field.querySelector(".chosen").replaceWith(typed.querySelector(".chosen"));
    } else {
      field.value = typed.value;
    }
  }
};

const button = (text, style, value) => {
  const made = Object.assign(document.createElement("button"), { textContent: text, value });
  made.className = `button ${style}`;
  return made;
};

// The question that a button may ask before it acts.
const confirmed = (seat, question) =>
  new Promise((resolve) => {
    const dialog = seat.querySelector("dialog.confirm");
    const form = document.createElement("form");
    const title = Object.assign(document.createElement("h2"), { textContent: question.title.text });
    const text = Object.assign(document.createElement("p"), { textContent: question.text.text });
    const row = document.createElement("footer");
    form.method = "dialog";
    title.id = `${seat.id}-confirm-title`;
    row.append(
      button(question.deny.text, "", "no"),
      button(question.confirm.text, question.style ?? "primary", "yes"),
    );
    form.append(title, text, row);
    dialog.replaceChildren(form);
    dialog.returnValue = "no";
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    dialog.showModal();
  });

const orderOf = (element, place) => ({
  place: place.dataset.place,
  ts: place.dataset.ts,
  block: element.dataset.block,
  action: element.dataset.action,
  value: isField(element) ? fieldValue(element) : element.dataset.value || null,
  values: place.dataset.place === "modal" ? valuesIn(place) : {},
});

// What was chosen and then not confirmed: as the bot showed it.
const undo = (field) => {
  for (const option of field.options ?? []) option.selected = option.defaultSelected;
  for (const input of field.querySelectorAll("input")) input.checked = input.defaultChecked;
  if (field.matches("input, textarea")) field.value = field.defaultValue;
  if (field.classList.contains("people")) field.querySelector(".chosen").replaceChildren();
};

export const press = async (seat, element) => {
  const place = element.closest("[data-place]");
  const order = orderOf(element, place);
  if (element.dataset.confirm && !(await confirmed(seat, JSON.parse(element.dataset.confirm)))) {
    undo(element);
    return;
  }
  leaveMenu(element);
  element.setAttribute("aria-busy", "true");
  await act(seat, "click", order);
  element.removeAttribute("aria-busy");
};
