// The line to the server: a WebSocket that comes back.

import { byId } from "./elements.js";

let socket = null;
const FIRST_PAUSE_MS = 500;
let pause = FIRST_PAUSE_MS;

export function connect(heard) {
  const address = new URL("live", location.href);
  address.protocol = address.protocol.replace("http", "ws");
  socket = new WebSocket(address);
  socket.addEventListener("message", (event) => {
    pause = FIRST_PAUSE_MS;
    showConnection("live", "Live");
    const message = JSON.parse(event.data);
    heard[message.type]?.(message);
  });
  socket.addEventListener("close", () => {
    showConnection("connecting", "Connecting…");
    setTimeout(() => connect(heard), pause);
    pause = Math.min(pause * 2, 8000);
  });
}

export function send(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

export function cue(daemon, device, what) {
  send({ daemon, device, cue: what });
}

function showConnection(state, text) {
  byId("connection").dataset.state = state;
  byId("connection").textContent = text;
}
