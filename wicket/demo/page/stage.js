// What the devices show: a view for each, drawn anew from its whole state.

export const known = { kiosk: new Map(), gate: new Map(), desk: new Map() };
export const views = {
  kiosk: new Map(),
  gate: new Map(),
  desk: new Map(),
};

export function forget(daemon) {
  known[daemon].clear();
  for (const view of views[daemon].values()) view(null);
}

export function show(daemon, device, state) {
  const whole = { ...known[daemon].get(device), ...state };
  known[daemon].set(device, whole);
  views[daemon].get(device)?.(whole);
}
