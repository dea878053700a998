// What is remembered between visits, in this browser alone. A browser that forbids it forgets.
const PREFIX = 'openviduCall';

export function recall(name, fallback = '') {
  try {
    return localStorage.getItem(PREFIX + name) ?? fallback;
  } catch {
    return fallback;
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch { /* not allowed here */ }
}
