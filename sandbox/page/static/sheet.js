// One person's modal: it covers their own half only, so that the other person can go on.

import { carryOver } from "./forms.js";
import { goOn } from "./patch.js";
import { standIn } from "./roving.js";

const WRONG = ".wrong :is(input, select, textarea)";

const rest = (seat) => [...seat.children].filter((part) => !part.matches(".sheet, .toast, dialog"));

const firstFocus = (dialog) =>
  dialog.querySelector(WRONG) ??
  dialog.querySelector("[data-focus]") ??
  dialog.querySelector(".fields :is(input, select, textarea, button)") ??
  dialog.querySelector("footer button");

const close = (seat, sheet) => {
  sheet.replaceChildren();
  sheet.hidden = true;
  for (const part of rest(seat)) part.inert = false;
  const from = document.getElementById(seat.dataset.cameFrom ?? "");
  if (!document.activeElement || document.activeElement === document.body)
    (from?.checkVisibility() ? from : standIn(seat)).focus();
};

export const showSheet = (seat, html) => {
  const sheet = seat.querySelector(".sheet");
  const before = sheet.querySelector("dialog");
  if (!html) {
    if (before) close(seat, sheet);
    return;
  }
  if (!before) seat.dataset.cameFrom = seat.contains(document.activeElement) ? document.activeElement.id : "";
  const focused = sheet.contains(document.activeElement) ? document.activeElement : null;
  const template = document.createElement("template");
  template.innerHTML = html;
  const dialog = template.content.querySelector("dialog");
  const isSame = before?.dataset.view === dialog.dataset.view;
  if (isSame) carryOver(before, dialog);
  sheet.replaceChildren(dialog);
  sheet.hidden = false;
  dialog.setAttribute("open", "");
  for (const part of rest(seat)) part.inert = true;
  const again = isSame && !dialog.querySelector(WRONG) && document.getElementById(focused?.id ?? "");
  if (again) goOn(again, focused);
  else firstFocus(dialog)?.focus();
};
