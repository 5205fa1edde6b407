// Brings the page to life: the stream of changes, tabs, seats, clicks and the clock.

import { compose } from "./composer.js";
import { press, valuesIn } from "./forms.js";
import { leaveMenu, placeMenus } from "./menus.js";
import { patch, patchGrowing, remember } from "./patch.js";
import { findPeople } from "./people.js";
import { rove, startAtTheEnd } from "./roving.js";
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

// Where something arrived that nobody has looked at: by person, and kept while the page stays open.
const seenBy = (seat) => {
  const key = `seen-${seat.dataset.handle}`;
  const read = () => JSON.parse(sessionStorage.getItem(key) ?? "null");
  return { read, write: (seen) => sessionStorage.setItem(key, JSON.stringify(seen)) };
};

const showNews = (seat, latest) => {
  const store = seenBy(seat);
  const seen = { ...(store.read() ?? latest), [seat.dataset.tab]: latest[seat.dataset.tab] };
  store.write(seen);
  for (const tab of seat.querySelectorAll("[role=tab]")) {
    const { opens } = tab.dataset;
    const isNew = opens !== seat.dataset.tab && (latest[opens] ?? "") > (seen[opens] ?? "");
    tab.querySelector(".news").hidden = !isNew;
  }
};

const show = (name, html) => {
  if (name.endsWith("-news")) {
    showNews(document.getElementById(name.replace("-news", "")), JSON.parse(html));
    return;
  }
  const target = document.getElementById(name);
  if (name.endsWith("-modal")) showSheet(target.closest(".seat"), html);
  else if (isGrowing(name, target)) patchGrowing(target, html);
  else patch(target, html);
  if (name.endsWith("-stream")) rove(target);
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
  const box = seat.querySelector(".stream");
  box.replaceChildren();
  startAtTheEnd(box);
  history.replaceState(null, "", `?${address()}`);
  listen();
  act(seat, "open", { tab });
};

const moveAmongTabs = (event) => {
  const tabs = [...event.target.parentElement.children];
  const here = tabs.indexOf(event.target);
  const there = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: tabs.length - 1 }[event.key];
  if (there === undefined) return;
  event.preventDefault();
  const next = tabs.at(there % tabs.length);
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
  "[data-types]": (seat, element) => {
    openTab(seat, element.dataset.into);
    composers.get(seat).type(element.dataset.types);
  },
  "[data-shortcut]": (seat, element) => {
    leaveMenu(element);
    act(seat, "shortcut", { shortcut: element.dataset.shortcut });
  },
  "[data-status]": (seat, element) => {
    leaveMenu(element);
    act(seat, "status", { status: element.dataset.status });
  },
  "[data-message-shortcut]": (seat, element) => {
    leaveMenu(element);
    const { ts } = element.closest("[data-ts]").dataset;
    act(seat, "message-shortcut", { shortcut: element.dataset.messageShortcut, ts });
  },
  "[data-closes]": (seat, element) => act(seat, "close", { everything: element.dataset.closes === "everything" }),
  "[data-seats=both]": () => seatAnew((query) => query.delete("right")),
  "[data-seats=one]": () => seatAnew((query) => query.set("right", "nobody")),
  ":is(button, a)[data-acts]": (seat, element) => press(seat, element),
};

// The next page answers as soon as everything is up again.
const startOver = async (button) => {
  button.disabled = true;
  button.textContent = "Starting over…";
  stream.close();
  sessionStorage.clear();
  if (!(await post("/start-over"))) location.href = "/";
  else listen();
};

const behind = async (address, order) => {
  const problem = await post(address, order);
  if (problem) toast(seats[0], problem);
};

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]"))
    if (!menu.contains(event.target)) menu.open = false;
  const seat = event.target.closest(".seat");
  for (const [selector, run] of Object.entries(seat ? inSeat : {})) {
    const element = event.target.closest(selector);
    if (element) return run(seat, element);
  }
  const posts = event.target.closest("[data-posts]");
  if (posts) behind(posts.dataset.posts);
  const seated = event.target.closest("[data-seats-person]");
  if (seated) seatAnew((query) => {
    query.set("right", seated.dataset.seatsPerson);
    query.set("right_tab", seated.dataset.at);
  });
  const over = event.target.closest("[data-starts-over]");
  if (over) startOver(over);
  const knob = event.target.closest("[data-switch]");
  if (knob) behind(`/trouble/${knob.dataset.switch}`, { on: knob.getAttribute("aria-checked") !== "true" });
});

document.addEventListener("change", (event) => {
  if (event.target.dataset.picks) {
    seatAnew((query) => query.set(event.target.dataset.picks, event.target.value));
    return;
  }
  const field = event.target.closest("[data-acts]");
  const isSearch = field?.matches(".people") && event.target !== field;
  if (field && !isSearch) press(field.closest(".seat"), field);
});

document.addEventListener("submit", (event) => {
  if (!("modal" in event.target.dataset)) return;
  event.preventDefault();
  act(event.target.closest(".seat"), "submit", { values: valuesIn(event.target) });
});

document.addEventListener("keydown", (event) => {
  if (event.target.matches("[role=tab]")) moveAmongTabs(event);
  if (event.key !== "Escape") return;
  if (event.target.closest("details.menu[open]")) {
    leaveMenu(event.target);
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

for (const part of document.querySelectorAll("#guide, #clock, #close, #trouble, #journal, .stream")) remember(part);
for (const box of document.querySelectorAll(".stream")) rove(box);
for (const box of document.querySelectorAll(".seat:not([data-tab=home]) .stream, .journal")) box.scrollTop = box.scrollHeight;
for (const seat of seats) {
  const waiting = seat.querySelector(".sheet").innerHTML.trim();
  seat.querySelector(".sheet").replaceChildren();
  showSheet(seat, waiting);
  if (seat.dataset.tab === "home") act(seat, "open", { tab: "home" });
}
placeMenus();
findPeople();
setInterval(tick, 1000);
tick();
listen();
