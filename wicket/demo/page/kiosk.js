// The kiosk: its live screen and the card terminal below.

import { find, byId, words, capital, flash } from "./elements.js";
import { cue } from "./line.js";
import { known, views } from "./stage.js";

const KEYS = {
  Enter: "Return", Tab: "Tab", Escape: "Escape", Backspace: "BackSpace", " ": "space",
  ArrowUp: "Up", ArrowDown: "Down", ArrowLeft: "Left", ArrowRight: "Right",
};
const RESTING = new Set(["", "idle", "approved", "declined", "charged", "reversed", "done"]);

const screen = byId("screen");

function showScreen(state) {
  byId("screen-veil").hidden = Boolean(state?.png);
  if (!state?.png) {
    delete screen.dataset.screen;
    delete screen.dataset.widgets;
    byId("screen-veil").textContent = "The kiosk is starting…";
    return;
  }
  screen.src = `data:image/png;base64,${state.png}`;
  screen.alt = state.spoken || words(state.screen);
  [screen.width, screen.height] = state.size;
  screen.dataset.screen = state.screen;
  screen.dataset.widgets = JSON.stringify(state.widgets);
  if (byId("spoken").textContent !== state.spoken) byId("spoken").textContent = state.spoken ?? "";
}

function pixel(event) {
  const box = screen.getBoundingClientRect();
  const [width, height] = known.kiosk.get("screen").size;
  const x = Math.floor(((event.clientX - box.left) / box.width) * width);
  const y = Math.floor(((event.clientY - box.top) / box.height) * height);
  return [Math.min(Math.max(x, 0), width - 1), Math.min(Math.max(y, 0), height - 1)];
}

screen.addEventListener("click", (event) => {
  if (!known.kiosk.get("screen")?.png) return;
  cue("kiosk", "screen", { touch: pixel(event) });
  const finger = find(".finger");
  const box = screen.parentElement.getBoundingClientRect();
  finger.style.left = `${event.clientX - box.left}px`;
  finger.style.top = `${event.clientY - box.top}px`;
  flash(finger, [{ opacity: 1, scale: 0.5 }, { opacity: 0, scale: 1.3 }], 450);
});

screen.addEventListener("mousemove", (event) => {
  const state = known.kiosk.get("screen");
  if (!state?.png) return;
  const [x, y] = pixel(event);
  const hit = (w) => w.enabled && x >= w.x && x < w.x + w.w && y >= w.y && y < w.y + w.h;
  screen.classList.toggle("over-widget", state.widgets.some(hit));
});

screen.addEventListener("keydown", (event) => {
  const command = (event.ctrlKey || event.altKey) && !event.getModifierState("AltGraph");
  if (command || event.metaKey || (event.key === "Tab" && event.shiftKey)) return;
  if (event.key === "Escape" && event.shiftKey) {
    event.preventDefault();
    byId("terminal-mode").disabled ? screen.blur() : byId("terminal-mode").focus();
    return;
  }
  const key = KEYS[event.key] ?? (event.key.length === 1 ? event.key : null);
  if (key === null || !known.kiosk.get("screen")?.png) return;
  event.preventDefault();
  cue("kiosk", "screen", { key });
});

function money(amount, currency) {
  const value = Number(amount);
  if (amount == null || amount === "" || !Number.isFinite(value)) return "";
  if (!/^[A-Z]{3}$/.test(currency ?? "")) return value.toFixed(2);
  return new Intl.NumberFormat("en", { style: "currency", currency }).format(value);
}

function showTerminal(state) {
  const phase = String(state?.phase ?? "");
  const asking = !RESTING.has(phase);
  byId("terminal").dataset.phase = phase;
  byId("terminal").dataset.asking = asking;
  byId("terminal-phase").textContent = state ? capital(words(phase || "idle")) : "Off";
  byId("terminal-amount").textContent = money(state?.amount, state?.currency);
  for (const button of document.querySelectorAll("#terminal [data-answer]")) button.disabled = !asking;
  byId("terminal-mode").disabled = !state;
  if (state?.mode) byId("terminal-mode").value = state.mode;
}

byId("terminal").addEventListener("click", ({ target }) => {
  const { answer } = target.dataset;
  if (answer) cue("kiosk", "terminal", { answer });
});
byId("terminal-mode").addEventListener("change", ({ target }) => {
  cue("kiosk", "terminal", { mode: target.value });
});

views.kiosk.set("screen", showScreen);
views.kiosk.set("terminal", showTerminal);
