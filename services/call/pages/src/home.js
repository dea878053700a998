import { account, logOut } from './account.js';
import { el, icon, show } from './dom.js';
import { cleanName, randomName } from './rooms.js';

// again: shows the page that is right now, after logging out.
export function home(root, again) {
  const name = el('input', {
    id: 'session-name-input', name: 'room', type: 'text', maxlength: '64', autocomplete: 'off', spellcheck: 'false',
    'aria-label': 'Name of the room', 'aria-describedby': 'room-error', oninput: () => check(false),
  });
  name.value = randomName();
  const error = el('p', { class: 'field-error', id: 'room-error', role: 'alert' });

  function check(complain) {
    const clean = cleanName(name.value);
    const [id, text] = clean.length === 0 ? ['requiredNameError', 'Give the room a name.']
      : clean.length < 6 ? ['shortNameError', 'A room’s name has at least 6 letters or digits.'] : ['', ''];
    error.replaceChildren(...(complain && text ? [el('span', { id }, text)] : []));
    return text ? null : clean;
  }

  function go(event) {
    event.preventDefault();
    const room = check(true);
    if (room) window.location.hash = `#/${room}`;
  }

  async function leave() {
    await logOut();
    again();
  }

  show(root, el('main', { class: 'home' },
    el('header', { id: 'header', class: 'brand' }, el('img', { src: 'icon.svg', alt: '' }), 'Visavis Call'),
    el('section', { class: 'hero' },
      el('h1', { id: 'slogan-text' }, 'Meet face to face, on your own server.'),
      el('p', {}, 'Pick a name, share the link. Nothing to install, nothing leaves this server.'),
      el('form', { id: 'form-session', class: 'room-form', novalidate: true, onsubmit: go },
        el('div', { class: 'room-field' }, name,
          el('button', {
            id: 'session-name-generator-btn', type: 'button', class: 'ghost', title: 'Another name', 'aria-label': 'Another name',
            onclick: () => { name.value = randomName(); check(false); },
          }, icon('again'))),
        el('button', { id: 'join-btn', type: 'submit', class: 'primary' }, 'Join'),
        error)),
    el('footer', { id: 'call-version' }, account.isPrivate
      ? el('span', { id: 'logout-content' }, `Hi ${account.user} `, el('button', { id: 'logout-btn', type: 'button', class: 'link', onclick: leave }, 'Log out'))
      : 'Visavis Call')));
  name.focus({ preventScroll: true });
  name.select();
  return () => {};
}
