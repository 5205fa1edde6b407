// Menus open where there is room: upwards near the lower edge, to the right near the left one.

const FRAMES = ".stream, .fields, .seat";

const place = (menu) => {
  const choices = menu.querySelector(".choices");
  menu.classList.remove("up", "rightwards");
  const frame = menu.closest(FRAMES).getBoundingClientRect();
  const button = menu.querySelector("summary").getBoundingClientRect();
  const { height, left } = choices.getBoundingClientRect();
  const below = frame.bottom - button.bottom;
  menu.classList.toggle("up", below < height + 8 && button.top - frame.top > below);
  menu.classList.toggle("rightwards", left < frame.left);
  choices.scrollIntoView({ block: "nearest" });
};

// Whatever was chosen in it, the keyboard goes back to its button.
export const leaveMenu = (element) => {
  const menu = element.closest("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
};

export const placeMenus = () =>
  document.addEventListener(
    "toggle",
    (event) => {
      if (event.target.matches("details.menu[open]:not(.above)")) place(event.target);
    },
    true,
  );
