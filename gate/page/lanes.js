// The lanes: built once from the plan, then kept up to date, so that nobody's focus is lost.

import { byId, make, send } from "./parts.js";

const WAYS = { in: "Way in", out: "Way out" };
const SYMBOLS = {
  idle: "▣", wait: "…", welcome: "➔", refuse: "✗", free: "⇉", closed: "■", alarm: "⚠", emergency: "⚠",
};
let shown = [];

export function buildLanes(plan) {
  shown = plan.map(buildLane);
  byId("lanes").replaceChildren(...shown.map((lane) => lane.card));
}

export function showLanes(states) {
  states.forEach((state, n) => shown[n]?.show(state));
}

function text(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

function buildLane(plan) {
  const condition = make("p", { class: "condition" });
  const turnstile = make("p", { class: "aside" });
  const ways = Object.fromEntries(plan.ways.map((way) => [way, buildWay(plan, way)]));
  const lines = buildLines(plan);
  const where = [plan.attractions.join(", "), plan.zone && `into ${plan.zone}`, plan.behind && `from ${plan.behind}`];
  const card = make("article", { class: "card lane", "aria-label": `Lane ${plan.name}` },
    make("header", {}, make("h2", {}, plan.name), condition),
    make("p", { class: "aside" }, where.filter(Boolean).join(" · ")),
    turnstile,
    ...Object.values(ways).map((way) => way.part),
    lines.part);
  return {
    card,
    show(state) {
      text(condition, state.condition);
      const told = [state.there ? "turnstile plugged in" : "⚠ turnstile lost"];
      if (state.stuck) told.push("⚠ a sensor is stuck");
      if (state.locked) told.push("locked by the key switch");
      text(turnstile, told.join(" · "));
      turnstile.classList.toggle("bad", !state.there || state.stuck);
      for (const [way, its] of Object.entries(state.ways)) ways[way]?.show(its);
      lines.show(state);
    },
  };
}

function buildWay(plan, way) {
  const facts = make("p", { class: "aside" });
  const tone = make("span", { class: "tone" });
  const title = make("span", { class: "title", dir: "auto" });
  const more = make("span", { class: "text", dir: "auto" });
  const sign = make("div", { class: "sign" }, tone, title, more);
  const mode = make("select", { "aria-label": `Mode of ${plan.name}, ${way}` },
    ...["controlled", "free", "closed"].map((name) => make("option", {}, name)));
  const set = make("button", { type: "button" }, "Set mode");
  const open = make("button", { type: "button", class: "primary" }, "Open once");
  set.addEventListener("click", () => send("mode", { lane: plan.name, way, mode: mode.value }));
  open.addEventListener("click", () => send("open", { lane: plan.name, way }));
  const part = make("section", { class: "way", "data-way": way },
    make("h3", {}, WAYS[way]), facts, sign, make("div", { class: "row" }, open, mode, set));
  let inForce = null;
  return {
    part,
    show(its) {
      const readers = plan.readers[way];
      const lost = its.readers < readers;
      const plugged = readers ? `${lost ? "⚠ " : ""}${its.readers} of ${readers} readers work` : "no reader";
      text(facts, `${its.mode} · ${plugged}`);
      facts.classList.toggle("bad", lost);
      sign.dataset.tone = its.tone;
      text(tone, `${SYMBOLS[its.tone] ?? ""} ${its.tone}`);
      text(title, its.title);
      text(more, its.text);
      for (const element of [title, more]) element.lang = its.language;
      if (its.mode !== inForce) mode.value = inForce = its.mode;
    },
  };
}

function buildLines(plan) {
  const sensors = make("tbody");
  const output = make("select", { "aria-label": `Line of ${plan.name}` }, ...plan.outputs.map((name) => make("option", {}, name)));
  const ms = make("input", { type: "number", min: "1", max: "5000", value: "500", "aria-label": "Milliseconds" });
  const anyway = make("input", { type: "checkbox" });
  const pulse = make("button", {}, "Pulse");
  const form = make("form", {},
    make("label", {}, "Line", output), make("label", {}, "Milliseconds", ms), pulse,
    make("label", { class: "tick" }, anyway, "even while the lane serves visitors"));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = { lane: plan.name, output: output.value, ms: ms.valueAsNumber, confirmed: anyway.checked };
    pulse.disabled = true;
    await send("pulse", body);
    pulse.disabled = false;
    anyway.checked = false;
    pulse.focus();
  });
  const part = make("details", { class: "lines" }, make("summary", {}, "Lines and sensors"),
    make("table", { class: "sensors" },
      make("thead", {}, make("tr", {}, ...["Sensor", "Now", "Changes"].map((name) => make("th", { scope: "col" }, name)))),
      sensors),
    form);
  part.hidden = plan.outputs.length === 0;
  return {
    part,
    show(state) {
      sensors.replaceChildren(...state.sensors.map((sensor) =>
        make("tr", { "data-sensor": sensor.name },
          make("th", { scope: "row" }, sensor.name),
          make("td", {}, sensor.active ? "● active" : "○ inactive"),
          make("td", {}, String(sensor.changes)))));
    },
  };
}
