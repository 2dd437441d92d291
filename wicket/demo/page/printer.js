// The printer: the tickets that came out of it, to be dragged onto a turnstile.

import { find, byId, grow, counted, flash, note } from "./elements.js";
import { cue } from "./line.js";
import { views } from "./stage.js";
import { scanAtDesk } from "./office.js";
import { laneCards, scan } from "./turnstiles.js";

function showPrinter(state) {
  byId("paper-out").disabled = !state;
  byId("paper-out").checked = state?.paper === false;
}

byId("paper-out").addEventListener("change", ({ target }) => {
  cue("kiosk", "printer", { paper: !target.checked });
});

export function addPaper({ printer, number, code, caption }) {
  const paperId = `${printer}-${number}`;
  if (find(`#papers [data-number="${paperId}"]`)) return;
  const paper = grow("paper-template");
  const picture = find("img", paper);
  paper.dataset.number = paperId;
  paper.dataset.code = code;
  picture.src = `/papers/${printer}/${number}.png`;
  picture.alt = `Ticket ${caption}`;
  find(".caption", paper).textContent = caption;
  find(".printer", paper).textContent = `from the ${printer}`;
  find(".copy", paper).before(...[...laneCards.keys()].map((lane) => scanButton(lane, code)), deskButton(code));
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

export function countPapers() {
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

function deskButton(code) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Scan at the desk";
  button.addEventListener("click", () => scanAtDesk(code));
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

views.kiosk.set("printer", showPrinter);
