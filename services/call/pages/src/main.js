// Pages by the part of the address behind '#': '#/' is home, '#/<room>' the room.
import { el, show, toast } from './dom.js';
import { home } from './home.js';
import { prejoin } from './prejoin.js';
import { Call } from './room.js';
import { cleanName, enter } from './rooms.js';

const root = document.getElementById('app');
let leavePage = () => {};

function message(title, text, again) {
  show(root, el('main', { class: 'message' },
    el('img', { src: 'icon.svg', alt: '' }), el('h2', {}, title), el('p', {}, text),
    el('div', { class: 'actions' },
      again && el('button', { type: 'button', class: 'primary', onclick: again }, 'Try again'),
      el('a', { class: 'button ghost', href: '#/' }, 'Home'))));
}

function room(name) {
  document.title = `${name} · Visavis Call`;
  leavePage = prejoin(root, name, async (choice) => {
    let call;
    leavePage = () => call?.leave();
    try {
      const tokens = await enter(name, choice.nickname);
      call = new Call(root, name, { ...tokens, ...choice }, (text) => {
        leavePage = () => {};
        if (text) message('The call is over', text, route);
        else if (window.location.hash === `#/${name}`) window.location.hash = '#/';
      });
      await call.start();
    } catch (error) {
      const text = error?.message ?? String(error);
      if (call) call.end(text);
      else message('Joining did not work', text, route);
    }
  });
}

function route() {
  leavePage();
  leavePage = () => {};
  document.title = 'Visavis Call';
  const wanted = decodeURIComponent(window.location.hash.replace(/^#\/?/, ''));
  const name = cleanName(wanted);
  if (!wanted) {
    leavePage = home(root);
  } else if (name !== wanted) {
    window.location.hash = `#/${name}`;
  } else if (!navigator.mediaDevices) {
    message('This page needs HTTPS', 'Browsers give camera and microphone only to pages that come by HTTPS or from localhost.');
  } else {
    room(name);
  }
}

window.addEventListener('hashchange', route);
window.addEventListener('unhandledrejection', (e) => toast(e.reason?.message ?? String(e.reason), 'warning'));
route();
