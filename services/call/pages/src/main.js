// Pages by the part of the address behind '#': '#/' is home, '#/<room>' the room.
import { account, look } from './account.js';
import { el, show, toast } from './dom.js';
import { home } from './home.js';
import { login } from './login.js';
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
      if (!call && error?.status === 401) { // the login has expired
        account.isLoggedIn = false;
        route();
        return;
      }
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
  if (name !== wanted) {
    window.location.hash = `#/${name}`;
  } else if (!account.isLoggedIn) {
    login(root, name, route);
  } else if (!wanted) {
    leavePage = home(root, route);
  } else if (!navigator.mediaDevices) {
    message('This page needs HTTPS', 'Browsers give camera and microphone only to pages that come by HTTPS or from localhost.');
  } else {
    room(name);
  }
}

async function start() {
  try {
    await look();
    window.addEventListener('hashchange', route);
    route();
  } catch (error) {
    message('No connection', el('span', { id: 'serverConnectionError' }, error.message), start);
  }
}

window.addEventListener('unhandledrejection', (e) => toast(e.reason?.message ?? String(e.reason), 'warning'));
start();
