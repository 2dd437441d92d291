// The ticket office: who may sign in, and what is held before the desk's reader.

import { byId, note } from "./elements.js";
import { cue } from "./line.js";

const READER = "reader-1";

export function scanAtDesk(code) {
  cue("desk", READER, { scan: code });
  note("Scanned at the desk");
}

export function showOffice(office) {
  byId("no-office").hidden = Boolean(office);
  byId("office-open").hidden = !office;
  byId("office-account").replaceChildren();
  if (!office) return;
  byId("office-account").append("Sign in as ", told(office.name), " with ", told(office.password));
  byId("office-link").href = office.url;
  byId("register-link").href = office.register;
  byId("office-desk").textContent =
    `Choose ${office.desk} there: what is scanned here lands in its page, what it prints comes out of the printer.`;
  byId("desk-chips").replaceChildren(...Object.entries(office.chips).map(chip));
}

function told(text) {
  const code = document.createElement("code");
  code.textContent = text;
  return code;
}

function chip([tag, code]) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = `Lay on tag ${tag}`;
  button.addEventListener("click", () => scanAtDesk(code));
  return button;
}

byId("desk-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const code = byId("desk-code").value.trim();
  if (code) scanAtDesk(code);
  byId("desk-code").value = "";
});
