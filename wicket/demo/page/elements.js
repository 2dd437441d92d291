// Small helps for finding, making and moving what is on the page.

export const find = (selector, root = document) => root.querySelector(selector);
export const byId = (id) => document.getElementById(id);
export const grow = (template) => byId(template).content.firstElementChild.cloneNode(true);
export const words = (name) => String(name ?? "").replaceAll("_", " ");
export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
export const counted = (count, one, many) => `${count} ${count === 1 ? one : many}`;
export const calm = matchMedia("(prefers-reduced-motion: reduce)");

export function flash(element, frames, duration) {
  if (!calm.matches) element.animate(frames, { duration, easing: "ease-out" });
}

export function note(text) {
  byId("note").textContent = text;
}
