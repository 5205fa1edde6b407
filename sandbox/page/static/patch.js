// Puts fresh HTML into the page and leaves alone what looks the same: focus, scroll position,
// open menus and what a screen reader has read already.

const parsed = (html) => {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
};

// Where the keyboard is: the element, and the message or App Home around it.
const trail = (target) => {
  const at = document.activeElement;
  if (!at || !target.contains(at)) return null;
  const place = at.closest("[data-place]");
  const { action, value } = at.closest("[data-action]")?.dataset ?? {};
  return { at, id: at.id, place: place?.id, kin: place?.dataset.kin, action, value };
};

const named = (id) => (id ? document.getElementById(id) : null);

// A card that moved is another message with the same kin; one that vanished leaves the last.
const placeAgain = (target, was) => {
  const messages = [...target.querySelectorAll(".message")];
  const kin = was.kin && messages.findLast((each) => each.dataset.kin === was.kin);
  return named(was.place) ?? (kin || messages.at(-1) || target.querySelector("[data-place]"));
};

const controlAgain = (place, was) => {
  const found = [...place.querySelectorAll("[data-action]")].find(
    (each) => each.dataset.action === was.action && each.dataset.value === was.value,
  );
  return found?.matches(".people, .options") ? found.querySelector("input") : found;
};

// Where somebody was typing, the words come along, and what is selected of them.
export const goOn = (again, old) => {
  again.focus({ preventScroll: true });
  if (!again.matches("input, textarea") || !old.value) return;
  if (again.value && again.value !== old.value) return;
  again.value = old.value;
  if (old.selectionStart !== null) again.setSelectionRange(old.selectionStart, old.selectionEnd);
  again.dispatchEvent(new Event("input", { bubbles: true }));
};

const focusKept = (target, change) => {
  const was = trail(target);
  change();
  if (!was || document.activeElement === was.at) return;
  const again = named(was.id);
  if (again) {
    goOn(again, was.at);
    return;
  }
  const place = was.place && placeAgain(target, was);
  const control = place && controlAgain(place, was);
  if (control) goOn(control, was.at);
  else if (place) place.focus();
};

const byId = (parent) =>
  new Map([...parent.children].filter((child) => child.id).map((child) => [child.id, child]));

// The HTML that each element was last made from; the DOM's own may differ by then (an open menu).
const madeFrom = new WeakMap();

// What the server sent with the page itself.
export const remember = (target) => {
  for (const child of target.children) madeFrom.set(child, child.outerHTML);
};

const keepOpen = (fresh, old) => {
  if (old.matches("details")) fresh.open = old.open;
  for (const summary of old.querySelectorAll("details[open] > summary[id]")) {
    const again = fresh.querySelector(`#${CSS.escape(summary.id)}`);
    if (again) again.parentElement.open = true;
  }
};

const sameOrNew = (fresh, old) => {
  const html = fresh.outerHTML;
  if (old && (madeFrom.get(old) ?? old.outerHTML) === html) return old;
  if (old) keepOpen(fresh, old);
  madeFrom.set(fresh, html);
  return fresh;
};

// Children are told apart by their ids; equal ones stay the very same elements.
export const patch = (target, html) => {
  const fresh = parsed(html);
  const old = byId(target);
  const next = [...fresh.children].map((child) => sameOrNew(child, old.get(child.id)));
  focusKept(target, () => {
    const keep = new Set(next);
    for (const child of [...target.childNodes]) if (!keep.has(child)) child.remove();
    next.forEach((child, place) => {
      if (target.children[place] !== child) target.insertBefore(child, target.children[place] ?? null);
    });
  });
};

const isAtEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < 80;

// The same, for what grows at its end: stays at the end when it was there.
export const patchGrowing = (box, html) => {
  const wasAtEnd = isAtEnd(box);
  patch(box, html);
  if (wasAtEnd) box.scrollTop = box.scrollHeight;
};
