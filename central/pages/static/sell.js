// Quicker hands at the ticket office. Without it all works too.
const counts = () => [...document.querySelectorAll("#apply input[name^='q-']")];
// What is typed takes the place of what stood there. Browsers put the cursor there after this has run.
const whole = (field) => { if (field?.matches("[data-whole]")) field.select(); };
document.addEventListener("focusin", ({ target }) => whole(target));
whole(document.activeElement);
// A day keeps the numbers that are written already.
document.addEventListener("click", (event) => {
  const day = event.target.closest(".days a");
  if (!day) return;
  const url = new URL(day.href);
  for (const field of counts()) if (field.value) url.searchParams.set(field.name, field.value);
  day.href = url;
});
// Buttons for a finger beside each number.
for (const field of counts()) {
  const step = (by, sign) => {
    const button = document.createElement("button");
    button.type = "button"; button.className = "quiet"; button.textContent = sign; button.tabIndex = -1;
    button.setAttribute("aria-label", `${by > 0 ? "One more" : "One less"}: ${field.labels[0].textContent.trim()}`);
    button.addEventListener("click", () => { field.value = Math.min(field.max, Math.max(0, Number(field.value || 0) + by)) || ""; });
    return button;
  };
  field.before(step(-1, "−"));
  field.after(step(1, "+"));
}
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
// What the visitor gets is ticked once, for every way to pay.
document.addEventListener("submit", (event) => {
  for (const field of event.target.querySelectorAll("[data-as]")) {
    const box = document.querySelector(`input[type=checkbox][name="${field.dataset.as}"]`);
    if (box) field.value = box.checked ? "1" : "";
  }
});
