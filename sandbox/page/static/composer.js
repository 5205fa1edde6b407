// The message box: Enter sends; "/" and "@" open a list of what can follow.

import { act } from "./talk.js";

const MOST_SHOWN = 8;
const ALL = JSON.parse(document.getElementById("completions").textContent);

// The word at the cursor when it can be completed: a command at the start, a mention anywhere.
const openWord = (box) => {
  const before = box.value.slice(0, box.selectionStart);
  const found = /^\/[\w-]*$/.exec(before) ?? /(?<=^|\s)@[\w.-]*$/.exec(before);
  return found && { text: found[0], start: before.length - found[0].length };
};

const matches = (word) => {
  const wanted = word.text.toLowerCase();
  const name = wanted.slice(1);
  return ALL.filter(
    (each) =>
      each.insert[0] === wanted[0] &&
      (each.insert.toLowerCase().startsWith(wanted) ||
        each.name.toLowerCase().split(" ").some((part) => part.startsWith(name))),
  ).slice(0, MOST_SHOWN);
};

const optionFor = (each, id) => {
  const option = document.createElement("div");
  const name = Object.assign(document.createElement("strong"), { textContent: each.name });
  const note = Object.assign(document.createElement("span"), { textContent: each.note });
  option.setAttribute("role", "option");
  Object.assign(option, { id, each });
  option.append(name, note);
  return option;
};

class Composer {
  constructor(seat) {
    this.seat = seat;
    this.box = seat.querySelector("[data-composer] [role=combobox]");
    this.list = seat.querySelector("[data-composer] [role=listbox]");
    this.chosen = -1;
    this.sent = [];
    this.draft = `draft-${seat.dataset.handle}`;
    this.box.value = sessionStorage.getItem(this.draft) ?? "";
    this.box.addEventListener("input", () => {
      this.keep();
      this.offer();
    });
    this.box.addEventListener("keydown", (event) => this.key(event));
    this.box.addEventListener("blur", () => this.hide());
    this.list.addEventListener("mousedown", (event) => this.pick(event));
    seat.querySelector("[data-composer]").addEventListener("submit", (event) => this.send(event));
  }

  offer() {
    this.word = openWord(this.box);
    const found = this.word ? matches(this.word) : [];
    this.list.replaceChildren(...found.map((each, n) => optionFor(each, `${this.list.id}-${n}`)));
    this.list.hidden = !found.length;
    this.box.setAttribute("aria-expanded", String(!!found.length));
    this.choose(found.length ? 0 : -1);
  }

  choose(place) {
    this.chosen = place;
    [...this.list.children].forEach((option, n) => option.setAttribute("aria-selected", String(n === place)));
    const option = this.list.children[place];
    if (option) this.box.setAttribute("aria-activedescendant", option.id);
    else this.box.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  }

  // What is typed and not sent outlives a reload, and a sandbox that is gone.
  keep() {
    sessionStorage.setItem(this.draft, this.box.value);
  }

  hide() {
    this.list.hidden = true;
    this.box.setAttribute("aria-expanded", "false");
    this.choose(-1);
  }

  complete(each) {
    const { start, text } = this.word;
    const after = this.box.value.slice(start + text.length).replace(/^ /, "");
    const before = `${this.box.value.slice(0, start)}${each.insert} `;
    this.box.value = before + after;
    this.box.setSelectionRange(before.length, before.length);
    this.keep();
    this.hide();
  }

  // A word that is complete already is sent and not completed, as everywhere.
  isComplete() {
    return this.list.children[this.chosen]?.each.insert === this.word?.text;
  }

  key(event) {
    const count = this.list.children.length;
    if (this.list.hidden) {
      if (event.key === "ArrowUp" && !this.box.value && this.sent.length) this.type(this.sent.at(-1));
      return;
    }
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in steps) {
      event.preventDefault();
      this.choose((this.chosen + steps[event.key] + count) % count);
    } else if (event.key === "Tab" || (event.key === "Enter" && !this.isComplete())) {
      event.preventDefault();
      this.complete(this.list.children[this.chosen].each);
    } else if (event.key === "Escape") {
      event.preventDefault();
      this.hide();
    }
  }

  pick(event) {
    event.preventDefault();
    const option = event.target.closest("[role=option]");
    if (option) this.complete(option.each);
  }

  type(text) {
    this.box.value = text;
    this.keep();
    this.box.focus();
    this.box.setSelectionRange(text.length, text.length);
  }

  async send(event) {
    event.preventDefault();
    const text = this.box.value.trim();
    if (!text) return;
    this.hide();
    this.box.value = "";
    this.keep();
    this.sent.push(text);
    const isDone = await act(this.seat, "send", { text });
    if (!isDone && !this.box.value) {
      this.box.value = text;
      this.keep();
    }
  }
}

export const compose = (seat) => new Composer(seat);
