// Central: which processes are up, and the facts as they arrive.

import { find, byId, grow, words, capital, counted, flash } from "./elements.js";
import { send } from "./line.js";
import { known, forget } from "./stage.js";

const MOST_FACTS = 100;
const LATE_MS = 5000;

export function showDaemons(daemons) {
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

export function addFacts(entries) {
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
    case "offline_sold": return `${ticket} sold while central was away: ${product(fact.issued)}`;
    case "conflicted": return `${ticket}: ${words(fact.clash)}, see GET /v1/clashes`;
    default: return capital(words(fact.kind));
  }
}

// What a fact leaves out has its default value (docs/asyncapi.yaml).
function issued(ticket) {
  const { state = "valid" } = ticket;
  return `${state === "valid" ? "issued" : `is now ${words(state)}`}: ${product(ticket)}`;
}

function product({ product: id, persons = 1 }) {
  return `${products.get(id) ?? `product ${id}`}${persons > 1 ? ` for ${persons}` : ""}`;
}

function refusedWhat({ ticket_code: ticket, code }) {
  if (ticket) return `Ticket ${ticket}`;
  return code?.length > 24 ? `Code “${code.slice(0, 24)}…”` : `Code “${code}”`;
}
