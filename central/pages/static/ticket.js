// Keeps the screen on while a ticket is shown, and what the page says of it fresh, without flicker.
const touch = document.getElementById("touch");
let lamp = null;
async function awake() {
  try { lamp = await navigator.wakeLock?.request("screen"); } catch { lamp = null; }
}
async function look() {
  if (document.hidden || !touch) return;
  try {
    const answer = await fetch(location.pathname + location.search, { cache: "no-store", signal: AbortSignal.timeout?.(10000) });
    if (answer.status === 410) { location.reload(); return; }
    if (!answer.ok) throw new Error(answer.status);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = fresh.getElementById("live"), here = document.getElementById("live");
    if (now && here && !now.querySelector("article") !== !here.querySelector("article")) { location.reload(); return; }
    if (now && here && now.innerHTML !== here.innerHTML) here.replaceWith(document.importNode(now, true));
    touch.textContent = fresh.getElementById("touch").textContent;
    touch.classList.remove("lost");
  } catch {
    if (!touch.classList.contains("lost")) touch.textContent = touch.dataset.lost + " " + touch.textContent;
    touch.classList.add("lost");
  }
}
document.addEventListener("visibilitychange", () => { if (!document.hidden) { awake(); look(); } });
addEventListener("online", look);
addEventListener("focus", look);
setInterval(look, 20000);
awake();
