// Brings the page to life: the stream of changes, tabs, seats, clicks and the clock.

import { compose } from "./composer.js";
import { press, valuesIn } from "./forms.js";
import { patch, patchGrowing } from "./patch.js";
import { showSheet } from "./sheet.js";
import { act, post, toast } from "./talk.js";

const seats = [...document.querySelectorAll(".seat")];
const composers = new Map(seats.map((seat) => [seat, compose(seat)]));
let stream;

// --- what is shown -------------------------------------------------------------------------

const address = () => {
  const query = new URLSearchParams();
  for (const seat of seats) {
    query.set(seat.dataset.side, seat.dataset.handle);
    if (seat.dataset.tab !== "messages") query.set(`${seat.dataset.side}_tab`, seat.dataset.tab);
  }
  if (seats.length === 1) query.set("right", "nobody");
  return query;
};

// Conversations and the log grow at their end; App Home is read from its top.
const isGrowing = (name, target) =>
  name === "journal" || (name.endsWith("-stream") && target.closest(".seat").dataset.tab !== "home");

const show = (name, html) => {
  const target = document.getElementById(name);
  if (name.endsWith("-modal")) showSheet(target.closest(".seat"), html);
  else if (isGrowing(name, target)) patchGrowing(target, html);
  else patch(target, html);
};

const listen = () => {
  stream?.close();
  stream = new EventSource(`/live?${address()}`);
  stream.addEventListener("parts", (event) => {
    for (const [name, html] of Object.entries(JSON.parse(event.data))) show(name, html);
    tick();
    document.documentElement.dataset.live = "yes";
  });
  stream.onopen = () => { document.querySelector(".offline").hidden = true; };
  stream.onerror = () => { document.querySelector(".offline").hidden = false; };
};

// --- tabs and seats ------------------------------------------------------------------------

const openTab = (seat, tab) => {
  seat.dataset.tab = tab;
  for (const each of seat.querySelectorAll("[role=tab]")) {
    const isOpen = each.dataset.opens === tab;
    each.setAttribute("aria-selected", String(isOpen));
    each.tabIndex = isOpen ? 0 : -1;
    if (isOpen) seat.querySelector("[role=tabpanel]").setAttribute("aria-labelledby", each.id);
  }
  seat.querySelector(".stream").replaceChildren();
  history.replaceState(null, "", `?${address()}`);
  listen();
  act(seat, "open", { tab });
};

const moveAmongTabs = (event) => {
  const tabs = [...event.target.parentElement.children];
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const next = tabs[(tabs.indexOf(event.target) + step + tabs.length) % tabs.length];
  next.focus();
  next.click();
};

const seatAnew = (change) => {
  const query = address();
  change(query);
  location.search = query;
};

// --- clicks --------------------------------------------------------------------------------

const inSeat = {
  "[data-opens]": (seat, element) => openTab(seat, element.dataset.opens),
  "[data-types]": (seat, element) => composers.get(seat).type(element.dataset.types),
  "[data-shortcut]": (seat, element) => {
    element.closest("details").open = false;
    act(seat, "shortcut", { shortcut: element.dataset.shortcut });
  },
  "[data-message-shortcut]": (seat, element) => {
    element.closest("details").open = false;
    const { ts } = element.closest("[data-ts]").dataset;
    act(seat, "message-shortcut", { shortcut: element.dataset.messageShortcut, ts });
  },
  "[data-closes]": (seat, element) => act(seat, "close", { everything: element.dataset.closes === "everything" }),
  "[data-seats=both]": () => seatAnew((query) => query.delete("right")),
  "[data-seats=one]": () => seatAnew((query) => query.set("right", "nobody")),
  ":is(button, a)[data-acts]": (seat, element) => press(seat, element),
};

const behind = async (address, order) => {
  const problem = await post(address, order);
  if (problem) toast(seats[0], problem);
};

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details[open]"))
    if (!menu.contains(event.target)) menu.open = false;
  const seat = event.target.closest(".seat");
  for (const [selector, run] of Object.entries(seat ? inSeat : {})) {
    const element = event.target.closest(selector);
    if (element) return run(seat, element);
  }
  const posts = event.target.closest("[data-posts]");
  if (posts) behind(posts.dataset.posts);
  const knob = event.target.closest("[data-switch]");
  if (knob) behind(`/trouble/${knob.dataset.switch}`, { on: knob.getAttribute("aria-checked") !== "true" });
});

document.addEventListener("change", (event) => {
  if (event.target.dataset.picks) {
    seatAnew((query) => query.set(event.target.dataset.picks, event.target.value));
    return;
  }
  const field = event.target.closest("[data-acts]");
  if (field) press(field.closest(".seat"), field);
});

document.addEventListener("submit", (event) => {
  if (!("modal" in event.target.dataset)) return;
  event.preventDefault();
  act(event.target.closest(".seat"), "submit", { values: valuesIn(event.target) });
});

document.addEventListener("keydown", (event) => {
  if (event.target.matches("[role=tab]")) moveAmongTabs(event);
  if (event.key !== "Escape") return;
  const menu = event.target.closest("details[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  } else if (event.target.closest(".sheet")) {
    act(event.target.closest(".seat"), "close", { everything: false });
  }
});

// --- the clock -----------------------------------------------------------------------------

const time = (moment, options) => new Intl.DateTimeFormat("en-GB", options).format(moment);

const tick = () => {
  const ahead = Number(document.querySelector("[data-ahead]").dataset.ahead);
  const moment = new Date(Date.now() + ahead * 1000);
  const now = document.querySelector(".time .now");
  now.textContent = time(moment, { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  for (const local of document.querySelectorAll(".local")) {
    const { zone } = local.dataset;
    const there = time(moment, { timeZone: zone, hour: "2-digit", minute: "2-digit" });
    local.textContent = `${there} in ${zone.split("/").at(-1).replaceAll("_", " ")}`;
  }
};

for (const box of document.querySelectorAll(".seat:not([data-tab=home]) .stream, .journal")) box.scrollTop = box.scrollHeight;
for (const seat of seats) {
  const waiting = seat.querySelector(".sheet").innerHTML.trim();
  seat.querySelector(".sheet").replaceChildren();
  showSheet(seat, waiting);
}
setInterval(tick, 1000);
tick();
listen();
