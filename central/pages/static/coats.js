// The coat check's comforts; every page works without them. Staff's pages load this before they show
// anything: a scanner is quicker than the end of a page.

// A tag that is free is written into the field by one touch.
document.addEventListener("click", (event) => {
  const chip = event.target.closest("[data-fill]");
  if (!chip) return;
  event.preventDefault();
  const field = document.getElementById(chip.dataset.fill);
  field.value = chip.dataset.text;
  field.dispatchEvent(new Event("change", { bubbles: true }));
  field.focus();
});

document.addEventListener("keydown", (event) => {
  if (event.key === " " && event.target.matches("a[role=button]")) { event.preventDefault(); event.target.click(); }
});

// What was scanned is told as the text that stands on the tag.
document.addEventListener("change", async (event) => {
  const field = event.target.closest("input[data-tag]");
  if (!field) return;
  const told = document.getElementById(field.dataset.tag);
  const value = field.value.trim();
  if (!value) { told.textContent = ""; return; }
  if (value.includes("/c/")) { field.form.requestSubmit(); return; } // a visitor's code
  const room = new URL(field.form.action).searchParams.get("room") ?? "";
  const answer = await fetch(`/office/coats/tag?room=${room}&text=${encodeURIComponent(value)}`);
  if (!answer.ok || field.value.trim() !== value) return;
  const { text, note } = await answer.json();
  if (text) field.value = text;
  told.textContent = note;
});

// Only its button hands out: a scanner's Enter is of the next visitor.
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.closest("form[data-press]") && !event.target.matches("button")) event.preventDefault();
});

// A scan takes the place of what stood in the field; a photograph is sent as soon as it is taken.
document.addEventListener("focusin", (event) => {
  if (event.target.matches("input[data-scan]")) event.target.select();
});
document.addEventListener("change", (event) => {
  if (event.target.matches("input[data-send]") && event.target.files.length) event.target.form.requestSubmit();
});

addEventListener("DOMContentLoaded", () => {
  // Lists that change by themselves: the part of the page is asked for again every few seconds.
  for (const part of document.querySelectorAll("[data-live]")) {
    setInterval(async () => {
      if (document.hidden || part.contains(document.activeElement)) return;
      try {
        const answer = await fetch(part.dataset.live);
        if (!answer.ok || answer.redirected) return;
        const text = await answer.text();
        if (part.dataset.shown !== text) { part.innerHTML = text; part.dataset.shown = text; }
      } catch { /* the network is away: the next time */ }
    }, 3000);
  }

  // The visitor's page looks whether it was used, and then shows what came of it.
  const watched = document.querySelector("[data-state][data-every]");
  if (watched) {
    const look = async () => {
      if (document.hidden) return;
      try {
        const answer = await fetch(`${location.pathname}/state`);
        const over = answer.status === 410 || answer.status === 404;
        if (over || (answer.ok && (await answer.text()) !== watched.dataset.state)) location.reload();
      } catch { /* the network is away: the next time */ }
    };
    setInterval(look, watched.dataset.every * 1000);
    addEventListener("visibilitychange", look);
  }

  for (const button of document.querySelectorAll("button[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => print());
  }
});
