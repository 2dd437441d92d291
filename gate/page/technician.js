// The technician's page: hears from the gate what is, asks it to do things. Whatever comes from a
// ticket is put on the page as text.

import { buildLanes, showLanes } from "./lanes.js";
import { byId, listOptions, make, say, send, submits } from "./parts.js";

const SHOWN = 50;
const TONES = { ok: "✓ ok", granted: "✓ granted", refused: "✗ refused" };

const heard = {
  plan(plan) {
    byId("device").textContent = plan.device;
    byId("site").textContent = plan.site;
    document.title = `Wicket gate ${plan.device}`;
    byId("logout").hidden = !plan.asks;
    buildLanes(plan.lanes);
    listOptions("#test [name=lane]", plan.lanes.map((lane) => lane.name));
    for (const form of ["count", "forgive"]) listOptions(`#${form} [name=zone]`, plan.zones);
    byId("zones-card").hidden = plan.zones.length === 0;
    byId("scans").replaceChildren();
    byId("events").replaceChildren();
  },
  state(state) {
    byId("time").textContent = state.time;
    showHealth(state);
    showZones(state);
    showLanes(state.lanes);
  },
  scans(scans) {
    byId("no-scans").hidden = true;
    add("scans", scans.map(scanItem));
  },
  events(events) {
    byId("no-events").hidden = true;
    add("events", events.map((event) =>
      make("li", { class: event.alarm ? "bad" : "" }, `${event.at} ${event.alarm ? "⚠ " : ""}${event.says}`)));
  },
};

function add(list, items) {
  for (const item of items) byId(list).prepend(item);
  while (byId(list).children.length > SHOWN) byId(list).lastElementChild.remove();
}

function showHealth(state) {
  const lines = [
    ["Clock", state.clock, state.clock_trusted],
    ["In touch", state.in_touch, !state.cut_off],
    ["Central heard", state.heard || "never", state.heard !== ""],
    ["Keys", state.ready ? "known" : "none: no ticket can be judged", state.ready],
    ["Facts waiting for central", String(state.waiting), true],
    ["Disk", state.disk || "takes facts", state.disk === ""],
  ];
  byId("health").replaceChildren(...lines.map(([name, says, good]) =>
    make("div", {}, make("dt", {}, name), make("dd", { class: good ? "" : "bad" }, good ? says : `⚠ ${says}`))));
}

function showZones(state) {
  const inside = state.zones.map((zone) => `${zone.at_fire} in ${zone.name}`).join(", ");
  const fire = state.fire ? `⚠ FIRE: every lane is open. When it began: ${inside || "nothing is counted"}` : "";
  byId("fire").hidden = !state.fire;
  if (byId("fire").textContent !== fire) byId("fire").textContent = fire;
  byId("zones").replaceChildren(...state.zones.map((zone) => {
    const most = zone.capacity === null ? "" : ` of ${zone.capacity}`;
    const before = state.fire ? ` (${zone.at_fire} when the fire began)` : "";
    return make("li", {},
      make("strong", {}, `${zone.name}: ${zone.persons}${most}${before}`),
      make("span", { class: "aside" }, ` anti-passback ${zone.anti_passback}`));
  }));
}

function trace(checks) {
  return make("ul", { class: "trace" }, ...checks.map((check) =>
    make("li", {},
      make("span", { class: check.verdict === "refused" ? "bad verdict" : "good verdict" }, TONES[check.verdict]),
      make("span", {}, check.says ? `${check.rule}: ${check.says}` : check.rule))));
}

function scanItem(scan) {
  const again = make("button", { type: "button" }, "Explain again");
  again.addEventListener("click", () => {
    const form = byId("test");
    form.elements.code.value = scan.ticket || scan.code;
    form.elements.lane.value = scan.lane;
    form.elements.way.value = scan.way;
    form.elements.code.focus();
  });
  return make("li", { "data-granted": String(scan.granted) },
    make("details", {},
      make("summary", {},
        make("span", { class: `verdict ${scan.granted ? "good" : "bad"}` }, scan.granted ? TONES.granted : TONES.refused),
        make("span", {}, `${scan.at} ${scan.lane}, ${scan.way}`),
        make("span", { class: "code" }, scan.ticket || scan.code),
        make("span", { class: "says" }, scan.says)),
      trace(scan.trace),
      make("p", { class: "aside" }, "Scanned: ", make("span", { class: "code" }, scan.code)),
      again));
}

submits("test", "test", (answer) => {
  if (answer.badge) {
    byId("answer").replaceChildren(make("p", { class: "verdict" }, `This is ${answer.badge}`));
    return;
  }
  const mode = { free: " The lane is free then: nobody is asked.", closed: " The lane is closed then." };
  const word = answer.granted ? TONES.granted : TONES.refused;
  byId("answer").replaceChildren(
    make("p", { class: `verdict ${answer.granted ? "good" : "bad"}` }, `${word}: ${answer.says}`),
    make("p", { class: "aside" }, `${answer.ticket || "no ticket"} at ${answer.at}.${mode[answer.mode] ?? ""}`),
    trace(answer.trace));
});
submits("count", "count");
submits("forgive", "forgive");

byId("logout").addEventListener("click", async () => {
  await send("logout", {});
  location.replace("/login.html");
});

function connect() {
  const source = new EventSource("live");
  for (const [kind, show] of Object.entries(heard)) {
    source.addEventListener(kind, (event) => show(JSON.parse(event.data)));
  }
  source.addEventListener("open", () => connection("live", "● Live"));
  source.addEventListener("error", async () => {
    connection("connecting", "○ Not connected; what you see is old");
    if (source.readyState !== EventSource.CLOSED) return;
    const asked = await fetch("/", { redirect: "manual" }).catch(() => null);
    if (asked?.type === "opaqueredirect") location.replace("/login.html");
    else setTimeout(connect, 2000);
  });
}

function connection(state, text) {
  byId("connection").dataset.state = state;
  byId("connection").textContent = text;
}

say("");
connect();
