// The turnstiles: drop a ticket, read the display, walk through.

import { find, byId, grow, calm, flash } from "./elements.js";
import { cue } from "./line.js";
import { views, forget } from "./stage.js";

export const laneCards = new Map();

export function buildLanes(lanes) {
  if (lanes.join("\n") === [...laneCards.keys()].join("\n")) return;
  laneCards.clear();
  views.gate.clear();
  for (const lane of lanes) {
    const card = buildLane(lane);
    laneCards.set(lane, card);
    views.gate.set(`${lane}.display`, (state) => showDisplay(card, state));
    views.gate.set(`${lane}.turnstile.latch_in`, (state) => showLatch(lane, card, state));
  }
  byId("turnstiles").replaceChildren(...laneCards.values());
  forget("gate");
}

function buildLane(lane) {
  const card = grow("lane-template");
  const code = find(".scan-code", card);
  card.dataset.lane = lane;
  find("h2", card).textContent = lane;
  code.setAttribute("aria-label", `Code to scan at ${lane}`);
  turnArms(card, 0);
  find(".scanning", card).addEventListener("submit", (event) => {
    event.preventDefault();
    if (!code.value.trim()) return code.focus();
    scan(lane, code.value);
    code.value = "";
  });
  find(".walk", card).addEventListener("click", () => {
    cue("gate", `${lane}.turnstile.sensor`, { pulse: true });
    walk(card);
  });
  card.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("text/plain")) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    card.classList.add("over");
  });
  card.addEventListener("dragleave", ({ relatedTarget }) => {
    if (!card.contains(relatedTarget)) card.classList.remove("over");
  });
  card.addEventListener("drop", (event) => {
    event.preventDefault();
    card.classList.remove("over");
    scan(lane, event.dataTransfer.getData("text/plain"));
  });
  return card;
}

export function scan(lane, code) {
  cue("gate", `${lane}.reader`, { scan: code.trim() });
  flash(find(".beam", laneCards.get(lane)), [{ strokeWidth: "14px" }, { strokeWidth: "2px" }], 400);
}

function showDisplay(card, state) {
  find(".display", card).dataset.tone = state?.tone ?? "off";
  find(".display .title", card).textContent = state?.title ?? "The gate is starting…";
  find(".display .text", card).textContent = state?.text ?? "";
}

function showLatch(lane, card, state) {
  const on = Boolean(state?.on);
  card.dataset.on = on;
  find(".walk", card).disabled = !on;
  find(".latch", card).textContent = on ? "released" : "locked";
  find(".tripod", card).setAttribute("aria-label", `Turnstile ${lane}: ${on ? "released" : "locked"}`);
}

// The three arms stand at right angles to each other on an axis that points down towards the way:
// at rest one of them bars it. Seen from half left, a little from above.
const HUB = [110, 60];
const ARM = 88;
const [YAW, PITCH] = [-0.38, 0.2];

function armEnd(angle) {
  const x = 0.5 + 0.5 * Math.cos(angle);
  const y = -0.5 + 0.5 * Math.cos(angle);
  const z = Math.SQRT1_2 * Math.sin(angle);
  const depth = z * Math.cos(YAW) - x * Math.sin(YAW);
  const across = x * Math.cos(YAW) + z * Math.sin(YAW);
  const up = y * Math.cos(PITCH) - depth * Math.sin(PITCH);
  return [HUB[0] + ARM * across, HUB[1] - ARM * up];
}

function turnArms(card, turn) {
  card.querySelectorAll(".arms line").forEach((line, index) => {
    const [x, y] = armEnd((index * 2 * Math.PI) / 3 - turn);
    const ends = { x1: HUB[0], y1: HUB[1], x2: x.toFixed(2), y2: y.toFixed(2) };
    for (const [name, value] of Object.entries(ends)) line.setAttribute(name, value);
  });
}

const WALK_MS = 1000;

function walk(card) {
  if (calm.matches) return;
  const [walker, arms] = [find(".walker", card), find(".arms", card)];
  const start = performance.now();
  const step = (now) => {
    const part = Math.min(Math.max((now - start) / WALK_MS, 0), 1);
    const push = Math.min(Math.max((part - 0.25) / 0.6, 0), 1);
    turnArms(card, (push * push * (3 - 2 * push) * 2 * Math.PI) / 3);
    part < 0.6 ? arms.after(walker) : arms.before(walker);
    walker.setAttribute("visibility", part < 1 ? "visible" : "hidden");
    walker.setAttribute("opacity", Math.min(1, part * 8, (1 - part) * 4).toFixed(2));
    walker.setAttribute("transform", `translate(${160 + 4 * part} ${154 - 26 * part}) scale(${1.15 - 0.35 * part})`);
    if (part < 1) requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}
