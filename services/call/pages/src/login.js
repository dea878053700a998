import { logIn } from './account.js';
import { el, show } from './dom.js';

// Calls done() when somebody has logged in. room: where to, or ''.
export function login(root, room, done) {
  const user = el('input', { type: 'text', name: 'username', autocomplete: 'username', autocapitalize: 'none', spellcheck: 'false', required: true });
  const password = el('input', { type: 'password', name: 'password', autocomplete: 'current-password', required: true });
  const button = el('button', { id: 'join-btn', type: 'submit', class: 'primary' }, 'Log in');
  const error = el('p', { class: 'field-error', role: 'alert' });

  async function submit(event) {
    event.preventDefault();
    button.disabled = true;
    error.replaceChildren();
    try {
      await logIn(user.value, password.value);
      done();
    } catch (problem) {
      error.replaceChildren(el('span', { id: 'login-error' }, problem.message));
      button.disabled = false;
      password.focus();
      password.select();
    }
  }

  show(root, el('main', { class: 'home' },
    el('header', { id: 'header', class: 'brand' }, el('img', { src: 'icon.svg', alt: '' }), 'Visavis Call'),
    el('section', { class: 'hero' },
      el('h1', { id: 'slogan-text' }, room ? 'Log in to join.' : 'Log in to meet.'),
      el('p', {}, room ? el('span', {}, 'Room ', el('strong', {}, room), '. ') : null,
        'This server is private: its operator has given you a user name and a password.'),
      el('form', { id: 'form-login', class: 'login-form', onsubmit: submit },
        el('label', { id: 'login-username' }, 'User', user),
        el('label', { id: 'login-password' }, 'Password', password),
        error, button)),
    el('footer', { id: 'call-version' }, 'Visavis Call')));
  user.focus({ preventScroll: true });
}
