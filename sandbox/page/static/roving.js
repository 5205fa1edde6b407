// One tab stop for a conversation, however long it is: the arrow keys go from message to message,
// and Tab goes into the buttons of the one that they are at. App Home goes by rows of buttons.

const CONTROLS = "a[href], button, summary";
const TYPED = "input, select, textarea";

const isSeen = (element) => element.checkVisibility();

const controlsIn = (item) => (item.matches("summary") ? [item] : [...item.querySelectorAll(CONTROLS)]);

const itemsIn = (stream) => {
  const rows = [...stream.querySelectorAll(".home > *")].filter((row) => row.querySelector(CONTROLS));
  return rows.length ? rows : [...stream.querySelectorAll(".message, .thread > summary")].filter(isSeen);
};

const isRow = (item) => !item.matches(".message, summary");

const currentOf = (stream, items) =>
  items.find((item) => item.id && item.id === stream.dataset.current) ??
  items[Number(stream.dataset.row)] ??
  (items[0] && isRow(items[0]) ? items[0] : items.at(-1));

const setStops = (stream) => {
  const items = itemsIn(stream);
  const current = currentOf(stream, items);
  for (const item of items) {
    if (item.matches(".message")) item.tabIndex = item === current ? 0 : -1;
    for (const control of controlsIn(item)) control.tabIndex = item === current ? 0 : -1;
  }
  stream.tabIndex = items.length ? -1 : 0;
};

const remember = (stream, item, items) => {
  if (isRow(item)) stream.dataset.row = items.indexOf(item);
  else stream.dataset.current = item.id;
};

const goTo = (stream, item, items) => {
  remember(stream, item, items);
  setStops(stream);
  (isRow(item) ? controlsIn(item)[0] : item).focus();
  item.scrollIntoView({ block: "nearest" });
};

const onKey = (event) => {
  const stream = event.currentTarget;
  const items = itemsIn(stream);
  const here = items.findIndex((item) => item.contains(event.target));
  if (here < 0 || event.target.matches(TYPED) || event.target.closest("details[open]:not(.thread)")) return;
  const there = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: items.length - 1 }[event.key];
  if (there === undefined) return;
  event.preventDefault();
  if (items[there]) goTo(stream, items[there], items);
};

const onFocus = (event) => {
  const stream = event.currentTarget;
  const items = itemsIn(stream);
  const item = items.find((each) => each.contains(event.target));
  if (!item) return;
  remember(stream, item, items);
  setStops(stream);
};

export const rove = (stream) => {
  if (!stream.dataset.roves) {
    stream.dataset.roves = "yes";
    stream.addEventListener("keydown", onKey);
    stream.addEventListener("focusin", onFocus);
    stream.addEventListener("toggle", () => setStops(stream), true);
  }
  setStops(stream);
};

// Another tab is another list.
export const startAtTheEnd = (stream) => {
  delete stream.dataset.current;
  delete stream.dataset.row;
};

// Where the keyboard goes in a seat when the place that it came from is gone.
export const standIn = (seat) => {
  const box = seat.querySelector("[data-composer] [role=combobox]");
  const stream = seat.querySelector(".stream");
  return box.checkVisibility() ? box : (stream.querySelector("[tabindex='0']") ?? stream);
};
