"""Whether a page can be read and used by everybody: axe-core's rules, and nothing over another."""

from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

# What of each text line and each control can be seen, with what scrolls it away taken off; then
# every two that lie over each other although neither is inside the other.
_OVERLAPS = """
() => {
  const CONTROLS = "button, a[href], summary, select, input, textarea";
  const isThere = (e) =>
    e.checkVisibility({ opacityProperty: true }) && !e.closest("[inert], .unseen, .skip, .toast");
  const floating = (e) => e.closest(".choices, .suggestions");
  const visible = (rect, element) => {
    let { left, right, top, bottom } = rect;
    for (let box = element; box; box = box.parentElement) {
      if (getComputedStyle(box).overflowY === "visible") continue;
      const edge = box.getBoundingClientRect();
      left = Math.max(left, edge.left); right = Math.min(right, edge.right);
      top = Math.max(top, edge.top); bottom = Math.min(bottom, edge.bottom);
    }
    return { left, right, top, bottom };
  };
  const seen = [];
  const add = (element, rect, words) => {
    const part = visible(rect, element);
    const isLarge = part.right - part.left > 1 && part.bottom - part.top > 1;
    if (isLarge) seen.push({ element, words, ...part });
  };
  for (const element of [...document.querySelectorAll(CONTROLS)].filter(isThere))
    add(element, element.getBoundingClientRect(), element.id || element.outerHTML);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const around = node.parentElement;
    if (!node.data.trim() || around.matches("script, option") || !isThere(around)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const rect of range.getClientRects()) add(around, rect, node.data.trim());
  }
  const far = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const deep = (a, b) => Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  const related = (a, b) => a.contains(b) || b.contains(a) || !!a.closest("label")?.contains(b);
  const found = new Set();
  seen.forEach((one, n) => {
    for (const two of seen.slice(n + 1)) {
      if (floating(one.element) !== floating(two.element)) continue;
      if (related(one.element, two.element) || far(one, two) <= 2 || deep(one, two) <= 4) continue;
      found.add(`${one.words.slice(0, 60)} | ${two.words.slice(0, 60)}`);
    }
  });
  const width = document.documentElement.scrollWidth;
  if (width > innerWidth) found.add(`the page is ${width} wide and the window ${innerWidth}`);
  return [...found];
}
"""


async def problems(page: Page) -> list[str]:
    """Violations of axe-core's rules with their places, and what lies over each other."""
    overlaps: list[str] = await page.evaluate(_OVERLAPS)
    return await violations(page) + overlaps


async def violations(page: Page) -> list[str]:
    """Violations of axe-core's rules with their places."""
    results = await Axe().run(page)
    return [_told(rule, node) for rule in results.response["violations"] for node in rule["nodes"]]


def _told(rule: dict[str, Any], node: dict[str, Any]) -> str:
    return f"{rule['id']}: {node['target']}: {node.get('failureSummary', '')}"
