// Small helps: finding and making elements, asking the gate for something.

export const byId = (id) => document.getElementById(id);

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== "") element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

export function listOptions(select, names) {
  const element = document.querySelector(select);
  const chosen = element.value;
  element.replaceChildren(...names.map((name) => make("option", {}, name)));
  if (names.includes(chosen)) element.value = chosen;
}

export function say(text, state = "") {
  byId("said").textContent = text;
  byId("said").dataset.state = state;
}

// What came of it, or null if nothing did.
export async function send(wish, body) {
  const headers = { "Content-Type": "application/json" };
  try {
    const answer = await fetch(wish, { method: "POST", headers, body: JSON.stringify(body) });
    const told = await answer.json();
    if (answer.status === 401) location.replace("/login.html");
    if (answer.ok) {
      say(told.said ?? "");
      return told;
    }
    say(`⚠ ${told.problem}`, "problem");
  } catch {
    say("⚠ The gate does not answer.", "problem");
  }
  return null;
}

// A form whose fields are the body of the wish.
export function submits(form, wish, then = () => byId(form).reset()) {
  byId(form).addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = {};
    for (const field of byId(form).elements) {
      if (field.name) body[field.name] = field.type === "number" ? field.valueAsNumber : field.value;
    }
    const told = await send(wish, body);
    if (told) then(told);
  });
}
