// The visitor's phone: the SMS that central sent, with links that can be followed.

import { find, byId, grow, counted, flash, note } from "./elements.js";

const LINK = /(https?:\/\/\S+)/;

export function addMessage({ id, to, text }) {
  if (find(`#messages [data-sms="${CSS.escape(id)}"]`)) return;
  const message = grow("message-template");
  message.dataset.sms = id;
  find(".to", message).textContent = to;
  find(".said", message).append(...text.split(LINK).map(part));
  byId("messages").prepend(message);
  countMessages();
  flash(message, [{ opacity: 0, translate: "0 12px" }, { opacity: 1, translate: "0 0" }], 300);
  note(`SMS to ${to}`);
}

export function countMessages() {
  const count = byId("messages").childElementCount;
  byId("no-messages").hidden = count > 0;
  byId("message-count").textContent = count ? counted(count, "message", "messages") : "";
}

function part(text) {
  if (!LINK.test(text)) return text;
  const link = document.createElement("a");
  link.href = text;
  link.target = "_blank";
  link.rel = "noopener";
  link.textContent = text;
  return link;
}
