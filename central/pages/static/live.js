// Shows what has changed, without touching what somebody is filling in. Without script: Reload.
const EVERY_MS = 1500;
let tag = "";
const parts = (page) => new Map([...page.querySelectorAll("[data-live]")].map((part) => [part.dataset.live, part]));
const watching = document.getElementById("watching");

const nobodyWrites = () =>
  document.activeElement === document.body &&
  ![...document.querySelectorAll("main input")].some((field) => field.value !== field.defaultValue);

const refresh = async () => {
  const answer = await fetch("/office/live", { headers: tag ? { "If-None-Match": tag } : {} });
  if (answer.status === 304) return "Refreshes by itself.";
  if (!answer.ok || answer.redirected) return "It does not refresh any more: reload.";
  tag = answer.headers.get("ETag") || "";
  const fresh = parts(new DOMParser().parseFromString(await answer.text(), "text/html"));
  const shown = parts(document);
  for (const [name, part] of fresh) {
    const old = shown.get(name);
    if (!old) {
      if (nobodyWrites()) location.reload();
      return "There is something new here: reload.";
    }
    if (old.innerHTML !== part.innerHTML) old.innerHTML = part.innerHTML;
  }
  return "Refreshes by itself.";
};

const look = async () => {
  let said = watching.textContent;
  if (!document.hidden) said = await refresh().catch(() => "The ticket office does not answer; trying on.");
  if (watching.textContent !== said) watching.textContent = said;
  setTimeout(look, EVERY_MS);
};
look();
