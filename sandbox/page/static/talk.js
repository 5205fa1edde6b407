// Requests to the page's server, and telling a person what went wrong.

const TOAST_MILLISECONDS = 7000;

export const post = async (address, order = {}) => {
  try {
    const response = await fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(order),
      keepalive: true,
    });
    return (await response.json()).problem;
  } catch {
    return "The sandbox does not answer.";
  }
};

export const toast = (seat, problem) => {
  const box = seat.querySelector(".toast");
  box.textContent = problem;
  box.hidden = false;
  clearTimeout(box.timer);
  box.timer = setTimeout(() => { box.hidden = true; }, TOAST_MILLISECONDS);
};

// Somebody in a seat does something; what goes wrong is shown in that seat only.
export const act = async (seat, what, order) => {
  const problem = await post(`/people/${seat.dataset.handle}/${what}`, { tab: seat.dataset.tab, ...order });
  if (problem) toast(seat, problem);
  return !problem;
};
