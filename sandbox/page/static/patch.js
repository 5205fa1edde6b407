// Puts fresh HTML into the page and leaves alone what looks the same: focus, scroll position,
// open menus and what a screen reader has read already.

const parsed = (html) => {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
};

const focusKept = (change) => {
  const id = document.activeElement?.id;
  change();
  const again = id && document.getElementById(id);
  if (again && again !== document.activeElement) again.focus({ preventScroll: true });
};

const byId = (parent) =>
  new Map([...parent.children].filter((child) => child.id).map((child) => [child.id, child]));

// The HTML that each element was last made from; the DOM's own may differ by then (an open menu).
const madeFrom = new WeakMap();

const sameOrNew = (fresh, old) => {
  const html = fresh.outerHTML;
  if (old && (madeFrom.get(old) ?? old.outerHTML) === html) return old;
  madeFrom.set(fresh, html);
  return fresh;
};

// Children are told apart by their ids; equal ones stay the very same elements.
export const patch = (target, html) => {
  const fresh = parsed(html);
  const old = byId(target);
  const next = [...fresh.children].map((child) => sameOrNew(child, old.get(child.id)));
  focusKept(() => {
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
