// The page of `wicket demo`: shows what the devices show, sends what a person does to them.

const MOST_FACTS = 100;
const LATE_MS = 5000;
const RESTING = new Set(["", "idle", "approved", "declined", "charged", "reversed", "done"]);
const KEYS = {
  Enter: "Return", Tab: "Tab", Escape: "Escape", Backspace: "BackSpace", " ": "space",
  ArrowUp: "Up", ArrowDown: "Down", ArrowLeft: "Left", ArrowRight: "Right",
};

const find = (selector, root = document) => root.querySelector(selector);
const byId = (id) => document.getElementById(id);
const grow = (template) => byId(template).content.firstElementChild.cloneNode(true);
const words = (name) => String(name ?? "").replaceAll("_", " ");
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const counted = (count, one, many) => `${count} ${count === 1 ? one : many}`;
const calm = matchMedia("(prefers-reduced-motion: reduce)");

function flash(element, frames, duration) {
  if (!calm.matches) element.animate(frames, { duration, easing: "ease-out" });
}

function note(text) {
  byId("note").textContent = text;
}

// The line to the server

let socket = null;
let pause = 500;

function connect() {
  const address = new URL("live", location.href);
  address.protocol = address.protocol.replace("http", "ws");
  socket = new WebSocket(address);
  socket.addEventListener("message", (event) => {
    const message = JSON.parse(event.data);
    heard[message.type]?.(message);
  });
  socket.addEventListener("close", () => {
    showConnection("connecting", "Connecting…");
    setTimeout(connect, pause);
    pause = Math.min(pause * 2, 8000);
  });
}

function send(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

function cue(daemon, device, what) {
  send({ daemon, device, cue: what });
}

function showConnection(state, text) {
  byId("connection").dataset.state = state;
  byId("connection").textContent = text;
}

const heard = {
  hello({ lanes, papers, daemons }) {
    pause = 500;
    showConnection("live", "Live");
    for (const daemon of ["kiosk", "gate"]) forget(daemon);
    buildLanes(lanes);
    byId("papers").replaceChildren();
    byId("facts").replaceChildren();
    addFacts([]);
    papers.toSorted((one, other) => one.number - other.number).forEach(addPaper);
    countPapers();
    showDaemons(daemons);
  },
  paper(paper) {
    addPaper(paper);
    countPapers();
    note(`Ticket ${paper.caption} printed`);
  },
  daemons: ({ daemons }) => showDaemons(daemons),
  facts: ({ entries }) => addFacts(entries),
  stage({ daemon, device, state }) {
    const whole = { ...known[daemon].get(device), ...state };
    known[daemon].set(device, whole);
    views[daemon].get(device)?.(whole);
  },
};

// What the devices show: a view for each, drawn anew from its whole state

const known = { kiosk: new Map(), gate: new Map() };
const views = {
  kiosk: new Map([["screen", showScreen], ["printer", showPrinter], ["terminal", showTerminal]]),
  gate: new Map(),
};

function forget(daemon) {
  known[daemon].clear();
  for (const view of views[daemon].values()) view(null);
}

// Kiosk

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

// Printer

function showPrinter(state) {
  byId("paper-out").disabled = !state;
  byId("paper-out").checked = state?.paper === false;
}

byId("paper-out").addEventListener("change", ({ target }) => {
  cue("kiosk", "printer", { paper: !target.checked });
});

function addPaper({ number, code, caption }) {
  if (find(`#papers [data-number="${number}"]`)) return;
  const paper = grow("paper-template");
  const picture = find("img", paper);
  paper.dataset.number = number;
  paper.dataset.code = code;
  picture.src = `/papers/${number}.png`;
  picture.alt = `Ticket ${caption}`;
  find(".caption", paper).textContent = caption;
  find(".copy", paper).before(...[...laneCards.keys()].map((lane) => scanButton(lane, code)));
  find(".copy", paper).addEventListener("click", ({ target }) => copy(code, target));
  for (const opener of [picture, find(".enlarge", paper)]) {
    opener.addEventListener("click", () => enlarge(picture, caption));
  }
  paper.addEventListener("dragstart", (event) => {
    event.dataTransfer.setData("text/plain", code);
    event.dataTransfer.effectAllowed = "copy";
    event.dataTransfer.setDragImage(picture, 20, 20);
    paper.classList.add("dragged");
    document.body.classList.add("dragging");
  });
  paper.addEventListener("dragend", () => {
    paper.classList.remove("dragged");
    document.body.classList.remove("dragging");
  });
  byId("papers").prepend(paper);
  byId("papers").scrollLeft = 0;
  flash(paper, [{ opacity: 0, translate: "0 -40px" }, { opacity: 1, translate: "0 0" }], 500);
}

function countPapers() {
  const count = byId("papers").childElementCount;
  byId("no-papers").hidden = count > 0;
  byId("paper-count").textContent = count ? counted(count, "ticket", "tickets") : "";
}

function scanButton(lane, code) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.scanAt = lane;
  button.textContent = `Scan at ${lane}`;
  button.addEventListener("click", () => scan(lane, code));
  return button;
}

async function copy(code, button) {
  try {
    await navigator.clipboard.writeText(code);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Not allowed here";
  }
  note(button.textContent);
  setTimeout(() => { button.textContent = "Copy code"; }, 1500);
}

function enlarge(picture, caption) {
  const dialog = byId("enlarged");
  find("img", dialog).src = picture.src;
  find("img", dialog).alt = picture.alt;
  find(".caption", dialog).textContent = caption;
  dialog.showModal();
}

byId("enlarged").addEventListener("click", ({ target, currentTarget }) => {
  if (target === currentTarget) currentTarget.close();
});

// Turnstiles

const laneCards = new Map();

function buildLanes(lanes) {
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

function scan(lane, code) {
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

// Central

function showDaemons(daemons) {
  for (const [daemon, up] of Object.entries(daemons)) {
    const row = find(`[data-daemon="${daemon}"]`) ?? addDaemon(daemon);
    const was = row.dataset.up;
    row.dataset.up = up;
    find(".state", row).textContent = up ? "up" : "down";
    find(".kill", row).disabled = !up;
    if (!up && was !== "false" && daemon in known) forget(daemon);
  }
}

function addDaemon(daemon) {
  const row = grow("daemon-template");
  row.dataset.daemon = daemon;
  find(".name", row).textContent = daemon;
  find(".kill", row).setAttribute("aria-label", `Kill ${daemon}`);
  find(".kill", row).addEventListener("click", () => send({ kill: daemon }));
  byId("daemons").append(row);
  return row;
}

const products = new Map();

function addFacts(entries) {
  for (const { fact } of entries) {
    if (fact.kind === "product_published") products.set(fact.product.id, fact.product.name);
  }
  const list = byId("facts");
  const first = list.childElementCount === 0;
  for (const entry of entries.slice(-MOST_FACTS)) {
    if (find(`#facts [data-n="${entry.n}"]`)) continue;
    const item = factItem(entry);
    list.prepend(item);
    if (!first) flash(item, [{ opacity: 0 }, { opacity: 1 }], 600);
  }
  while (list.childElementCount > MOST_FACTS) list.lastElementChild.remove();
  byId("no-facts").hidden = list.childElementCount > 0;
}

function factItem({ n, received_at, fact }) {
  const item = grow("fact-template");
  const [at, received] = [new Date(fact.at), new Date(received_at)];
  item.dataset.n = n;
  item.dataset.kind = fact.kind;
  find("time", item).dateTime = fact.at;
  find("time", item).title = at.toLocaleString();
  find("time", item).textContent = at.toLocaleTimeString("en-GB");
  find(".badge", item).textContent = words(fact.kind);
  find(".from", item).textContent = `${fact.device} · fact ${fact.number}`;
  find(".sentence", item).textContent = sentence(fact);
  if (received - at > LATE_MS) {
    const late = document.createElement("span");
    late.className = "late";
    late.textContent = ` (arrived ${received.toLocaleTimeString("en-GB")})`;
    find(".sentence", item).append(late);
  }
  return item;
}

function sentence(fact) {
  const ticket = fact.ticket_code ? `Ticket ${fact.ticket_code}` : "A ticket";
  const persons = counted(fact.persons, "person", "persons");
  switch (fact.kind) {
    case "product_published": return `Product published: ${fact.product.name}`;
    case "key_published": return `Signing key ${fact.key?.id ?? ""} published`;
    case "ticket_issued": return `${ticket} ${issued(fact.issued)}`;
    case "ticket_printed": return `${ticket} printed`;
    case "admitted": return `${ticket} admitted at ${fact.lane}${fact.persons > 1 ? `: ${persons}` : ""}`;
    case "passed": return `${ticket}: ${persons} walked through ${fact.lane}`;
    case "lapsed": return `${ticket}: ${persons} did not walk through ${fact.lane}, given back`;
    case "refused": return `${refusedWhat(fact)} refused at ${fact.lane}: ${words(fact.reason)}`;
    default: return capital(words(fact.kind));
  }
}

function issued({ product, persons, state }) {
  const name = products.get(product) ?? product?.name ?? `product ${product}`;
  const many = persons > 1 ? ` for ${persons}` : "";
  return state === "valid" ? `issued: ${name}${many}` : `is now ${words(state)}: ${name}${many}`;
}

function refusedWhat({ ticket_code: ticket, code }) {
  if (ticket) return `Ticket ${ticket}`;
  return code?.length > 24 ? `Code “${code.slice(0, 24)}…”` : `Code “${code}”`;
}

connect();
