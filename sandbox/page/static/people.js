// Choosing people in a form: one search field, as in Slack; who is chosen stands before it.

const MOST_SHOWN = 8;
const ALL = JSON.parse(document.getElementById("people").textContent);

const searchOf = (field) => field.querySelector("[role=combobox]");
const listOf = (field) => field.querySelector("[role=listbox]");
const isSingle = (field) => field.dataset.kind === "users_select";

export const chosenIn = (field) => {
  const ids = [...field.querySelectorAll("[data-person]")].map((each) => each.dataset.person);
  return isSingle(field) ? (ids[0] ?? null) : ids;
};

const isFull = (field, count) => !isSingle(field) && count >= Number(field.dataset.most || Infinity);

const found = (field) => {
  const words = searchOf(field).value.trim().toLowerCase().split(/\s+/);
  const taken = [chosenIn(field)].flat();
  if (isFull(field, taken.length)) return [];
  return ALL.filter(
    (person) =>
      !taken.includes(person.id) &&
      words.every((word) => `${person.name} ${person.note}`.toLowerCase().includes(word)),
  ).slice(0, MOST_SHOWN);
};

const optionFor = (person, id) => {
  const option = document.createElement("div");
  const name = Object.assign(document.createElement("strong"), { textContent: person.name });
  const note = Object.assign(document.createElement("span"), { textContent: person.note });
  option.setAttribute("role", "option");
  Object.assign(option, { id, person });
  option.append(name, note);
  return option;
};

const mark = (field, place) => {
  const options = [...listOf(field).children];
  options.forEach((option, n) => option.setAttribute("aria-selected", String(n === place)));
  const search = searchOf(field);
  if (options[place]) search.setAttribute("aria-activedescendant", options[place].id);
  else search.removeAttribute("aria-activedescendant");
  options[place]?.scrollIntoView({ block: "nearest" });
};

const marked = (field) => [...listOf(field).children].findIndex((each) => each.ariaSelected === "true");

const hide = (field) => {
  listOf(field).hidden = true;
  searchOf(field).setAttribute("aria-expanded", "false");
  mark(field, -1);
};

const offer = (field) => {
  const list = listOf(field);
  const people = found(field);
  list.replaceChildren(...people.map((each, n) => optionFor(each, `${list.id}-${n}`)));
  list.hidden = !people.length;
  searchOf(field).setAttribute("aria-expanded", String(!!people.length));
  mark(field, people.length ? 0 : -1);
};

const entryFor = (person) => {
  const entry = document.createElement("li");
  const away = document.createElement("button");
  entry.dataset.person = person.id;
  Object.assign(away, { type: "button", textContent: "×" });
  away.setAttribute("aria-label", `Remove ${person.name}`);
  entry.append(person.name, away);
  return entry;
};

const changed = (field) => field.dispatchEvent(new Event("change", { bubbles: true }));

const choose = (field, person) => {
  const chosen = field.querySelector(".chosen");
  if (isSingle(field)) chosen.replaceChildren();
  chosen.append(entryFor(person));
  searchOf(field).value = "";
  hide(field);
  changed(field);
};

const remove = (field, entry) => {
  entry.remove();
  searchOf(field).focus();
  changed(field);
};

const keys = {
  ArrowDown: (field, count) => (count ? mark(field, (marked(field) + 1) % count) : offer(field)),
  ArrowUp: (field, count) => count && mark(field, (marked(field) - 1 + count) % count),
  Enter: (field, count) => count && choose(field, listOf(field).children[marked(field)].person),
  Escape: (field, count) => count && hide(field),
};

const onKey = (event) => {
  const field = event.target.closest?.(".people");
  if (!field || event.target !== searchOf(field)) return;
  const count = listOf(field).hidden ? 0 : listOf(field).children.length;
  if (event.key === "Backspace" && !event.target.value) {
    const last = field.querySelector(".chosen").lastElementChild;
    if (last) remove(field, last);
  } else if (event.key in keys && (count || event.key === "ArrowDown")) {
    event.preventDefault();
    event.stopPropagation(); // Escape closes the list and not the form
    keys[event.key](field, count);
  }
};

const inField = (run) => (event) => {
  const field = event.target.closest?.(".people");
  if (field) run(field, event);
};

export const findPeople = () => {
  document.addEventListener("keydown", onKey, true);
  document.addEventListener("input", inField((field, event) => event.target === searchOf(field) && offer(field)));
  document.addEventListener("focusout", inField((field, event) => !field.contains(event.relatedTarget) && hide(field)));
  document.addEventListener("mousedown", inField((field, event) => {
    const option = event.target.closest("[role=option]");
    if (!option) return;
    event.preventDefault();
    choose(field, option.person);
  }));
  document.addEventListener("click", inField((field, event) => {
    if (event.target === searchOf(field) && listOf(field).hidden) offer(field);
    const entry = event.target.closest(".chosen button")?.parentElement;
    if (entry) remove(field, entry);
  }));
};
