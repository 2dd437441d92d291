// What the readers of this browser's desk read lands in the page that is looked at: in the field
// marked data-scan, else in the text field in focus. data-scan-submit sends the field's form too.
const LAST = "wicket-desk-scan";
const STATE = document.getElementById("desk-state");
let stream = null;

function tell(state) {
  if (STATE) STATE.dataset.state = state;
}

const shown = (field) => field.checkVisibility() && !field.disabled && !field.readOnly;
const isText = (field) => field?.matches("input:not([type]), input[type=text], input[type=search], input[type=tel], textarea");

function fieldFor() {
  const here = document.activeElement;
  const marked = [...document.querySelectorAll("[data-scan]")].filter(shown);
  const free = (field) => !field.value;
  if (marked.includes(here) && free(here)) return here;
  return marked.find(free) ?? marked.find((field) => field === here) ?? marked[0]
    ?? (isText(here) && shown(here) ? here : null);
}

function say(text) {
  let place = document.getElementById("desk-said");
  if (!place) {
    place = document.createElement("p");
    place.id = "desk-said";
    place.className = "warned";
    place.setAttribute("role", "status");
    (document.getElementById("main") ?? document.body).prepend(place);
  }
  place.textContent = text;
}

function take(code) {
  const field = fieldFor();
  if (!field) { say(`Read: ${code}. No field of this page takes it.`); return; }
  document.getElementById("desk-said")?.remove();
  field.value = code;
  for (const kind of ["input", "change"]) field.dispatchEvent(new Event(kind, { bubbles: true }));
  field.focus();
  const form = field.form;
  if (form && (field.hasAttribute("data-scan-submit") || form.hasAttribute("data-scan-submit"))) form.requestSubmit();
}

function listen() {
  const last = sessionStorage.getItem(LAST);
  stream = new EventSource("/office/desk/scans" + (last ? `?after=${last}` : ""));
  stream.addEventListener("begin", ({ data }) => { sessionStorage.setItem(LAST, data); tell("on"); });
  stream.addEventListener("scan", ({ data }) => {
    const { id, code } = JSON.parse(data);
    sessionStorage.setItem(LAST, id);
    take(code);
  });
  stream.addEventListener("error", ({ target }) => {
    tell("off");
    if (target !== stream || target.readyState !== EventSource.CLOSED) return;
    stream = null;  // a web server's 502 while central starts: browsers come again of no such answer
    setTimeout(follow, 3000);
  });
}

// Only a page that is looked at listens: browsers keep few connections open at a time.
function follow() {
  const wanted = document.visibilityState === "visible";
  if (wanted && !stream) listen();
  if (!wanted && stream) { stream.close(); stream = null; tell("off"); }
}

document.addEventListener("visibilitychange", follow);
addEventListener("pagehide", () => { stream?.close(); stream = null; });
addEventListener("pageshow", follow);
follow();
