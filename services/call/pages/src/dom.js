// Building elements: el('button', { class: 'x', onclick }, child, ...).
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (name in node && typeof value !== 'string') node[name] = value;
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.filter((c) => c !== null && c !== undefined && c !== false));
  return node;
}

export function show(root, ...children) {
  root.replaceChildren(...children);
}

export function toast(text, kind = 'info') {
  const node = el('div', { class: `toast ${kind}` }, text);
  document.getElementById('toasts').append(node);
  setTimeout(() => node.remove(), 6000);
}

const SHAPES = {
  mic: '<path d="M12 15a3.5 3.5 0 0 0 3.5-3.5v-5a3.5 3.5 0 1 0-7 0v5A3.5 3.5 0 0 0 12 15z"/><path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3.5" />',
  camera: '<rect x="2.5" y="6" width="13" height="12" rx="3"/><path d="M15.5 11l6-3.5v9l-6-3.5z"/>',
  screen: '<rect x="2.5" y="4" width="19" height="13" rx="2.5"/><path d="M8.5 21h7M12 14V8m-3 2.5L12 7.5l3 3"/>',
  leave: '<path d="M3 14.5c5.5-5 12.5-5 18 0l-2.600 2.900-3.700-1.5v-2.700a11 11 0 0 0-5.4 0v2.700l-3.700 1.5z"/>',
  link: '<path d="M10 14a4 4 0 0 0 5.700 0l3.5-3.5a4 4 0 0 0-5.700-5.700L12 6.300M14 10a4 4 0 0 0-5.700 0l-3.5 3.5a4 4 0 0 0 5.700 5.700l1.5-1.5"/>',
  again: '<path d="M20 11a8 8 0 1 0-2.300 6.300M20 5v6h-6"/>',
  people: '<circle cx="9" cy="8.5" r="3.5"/><path d="M2.5 20a6.5 6.5 0 0 1 13 0M16 5.200a3.5 3.5 0 0 1 0 6.600M18 14.5a6.5 6.5 0 0 1 3.5 5.5"/>',
  grow: '<path d="M14 4h6v6M10 20H4v-6M20 4l-7 7M4 20l7-7"/>',
};

// An icon; off draws a stroke across it.
export function icon(name, off = false) {
  const span = el('span', { class: 'icon', 'aria-hidden': 'true' });
  span.innerHTML = `<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round">${SHAPES[name]}${off ? '<path d="M3.5 3.5l17 17"/>' : ''}</svg>`;
  return span;
}
