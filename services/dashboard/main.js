// The operator's dashboard: the sessions of now by the REST API, and what happens in them by the
// WebSocket of /openvidu/info. The browser adds the credentials that it was asked for by itself.
const api = '../openvidu/api/';
const refreshMs = 5000;
const linesMax = 1000;

const element = (id) => document.getElementById(id);

function make(tag, options = {}, ...children) {
  const e = document.createElement(tag);
  const { data, on, ...properties } = options;
  Object.assign(e, properties);
  Object.assign(e.dataset, data);
  for (const [event, fn] of Object.entries(on || {})) e.addEventListener(event, fn);
  e.append(...children);
  return e;
}

function age(ms) {
  const s = Math.max(0, Math.floor((Date.now() - ms) / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor(s / 60) % 60} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor(s / 3600) % 24} h`;
}

const count = (n, one, many) => `${n} ${n === 1 ? one : many}`;

// ---- the API ----

async function call(method, path) {
  const answer = await fetch(api + path, { method, credentials: 'same-origin' });
  // what has ended meanwhile is what was wanted
  if (!answer.ok && !(method === 'DELETE' && answer.status === 404)) throw new Error(`the server answers ${answer.status}`);
  return method === 'GET' ? answer.json() : undefined;
}

function tell(problem) {
  element('problem').hidden = !problem;
  element('problem').textContent = problem || '';
}

function confirmed(text, yes) {
  const dialog = element('ask');
  element('ask-text').textContent = text;
  element('ask-yes').textContent = yes;
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
  });
}

async function remove(path, question, yes) {
  if (!await confirmed(question, yes)) return;
  try {
    await call('DELETE', path);
    tell();
  } catch (e) {
    tell(`It could not be done: ${e.message}.`);
  }
  await refresh();
}

// ---- sessions ----

const open = new Set();

function person(session, c) {
  const cell = (label, text, className = '') => make('td', { textContent: text, className, data: { label } });
  const path = `sessions/${encodeURIComponent(session.id)}/connection/${encodeURIComponent(c.id)}`;
  return make('tr', {},
    cell('Connection', c.id, 'id'),
    cell('Role', (c.role || '').toLowerCase()),
    cell('Joined', c.activeAt ? `${age(c.activeAt)} ago` : ''),
    cell('Publishes', String(c.publishers.length)),
    cell('Watches', String(c.subscribers.length)),
    cell('Address', c.ip || ''),
    cell('Platform', c.platform || ''),
    make('td', {}, make('button', {
      type: 'button', className: 'quiet-danger', textContent: 'Remove',
      on: { click: () => remove(path, `Throw ${c.id} out of ${session.id}?`, 'Throw out') },
    })));
}

function people(session) {
  const list = session.connections.content;
  if (list.length === 0) return make('p', { className: 'quiet', textContent: 'Nobody is in it.' });
  const heads = ['Connection', 'Role', 'Joined', 'Publishes', 'Watches', 'Address', 'Platform', ''];
  return make('table', { className: 'people' },
    make('thead', {}, make('tr', {}, ...heads.map((h) => make('th', { textContent: h, scope: 'col' })))),
    make('tbody', {}, ...list.map((c) => person(session, c))));
}

function sessionCard(session) {
  const list = session.connections.content;
  const published = list.reduce((n, c) => n + c.publishers.length, 0);
  const close = make('button', {
    type: 'button', className: 'quiet-danger', textContent: 'Close',
    on: {
      click: (e) => {
        e.preventDefault();
        remove(`sessions/${encodeURIComponent(session.id)}`, `End ${session.id} for ${count(list.length, 'person', 'people')} in it?`, 'End it');
      },
    },
  });
  return make('details', {
    className: 'session', open: open.has(session.id),
    on: { toggle: (e) => (e.target.open ? open.add(session.id) : open.delete(session.id)) },
  }, make('summary', {},
    make('span', { className: 'name', textContent: session.id }),
    make('span', { className: 'about', textContent: `${count(list.length, 'person', 'people')} · ${published} published · ${age(session.createdAt)}` }),
    close), people(session));
}

let seen = '';

function show(sessions) {
  const everybody = sessions.flatMap((s) => s.connections.content);
  const focused = document.activeElement?.closest('.session');
  element('n-sessions').textContent = sessions.length;
  element('n-participants').textContent = everybody.length;
  element('n-published').textContent = everybody.reduce((n, c) => n + c.publishers.length, 0);
  element('n-watched').textContent = everybody.reduce((n, c) => n + c.subscribers.length, 0);
  element('none').hidden = sessions.length > 0;
  // whoever is on a button is not to lose it
  const now = JSON.stringify(sessions);
  if (!focused || seen !== now) element('sessions').replaceChildren(...sessions.map(sessionCard));
  seen = now;
}

let refreshing = null;
let tookMs = 0;
let again = false;

// One at a time; what is asked for meanwhile is done once more.
async function refresh() {
  if (refreshing) {
    again = true;
    return refreshing;
  }
  refreshing = (async () => {
    try {
      const begin = performance.now();
      show((await call('GET', 'sessions')).content);
      tookMs = performance.now() - begin;
      if (element('problem').dataset.kind === 'list') tell();
      element('problem').dataset.kind = '';
    } catch (e) {
      tell(`The sessions cannot be listed: ${e.message}.`);
      element('problem').dataset.kind = 'list';
    }
  })();
  await refreshing;
  refreshing = null;
  if (again) {
    again = false;
    await refresh();
  }
}

let soon = null;

// A busy server has events all the time, and a long list: it is to have its rest.
function refreshSoon() {
  soon ??= setTimeout(() => {
    soon = null;
    if (!document.hidden) refresh();
  }, Math.max(1000, 10 * tookMs));
}
document.addEventListener('visibilitychange', () => { if (!document.hidden) refresh(); });

// ---- what happens ----

function addLine(text) {
  const pane = element('events');
  pane.append(make('div', { textContent: text }));
  while (pane.childElementCount > linesMax) pane.firstElementChild.remove();
  if (element('follow').checked) pane.scrollTop = pane.scrollHeight;
}

function setState(text, live) {
  element('state').textContent = text;
  element('state').classList.toggle('live', live);
}

function listen(pauseMs = 1000) {
  const url = new URL('../openvidu/info', location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = new WebSocket(url);
  let next = Math.min(pauseMs * 2, 30000);
  socket.addEventListener('open', () => {
    next = 1000;
    setState('live', true);
    refresh();
  });
  socket.addEventListener('message', (m) => {
    addLine(m.data);
    refreshSoon();
  });
  socket.addEventListener('close', () => {
    setState('not live', false);
    setTimeout(() => listen(next), pauseMs);
  });
}

// ---- the beginning ----

element('ask-yes').addEventListener('click', () => element('ask').close('yes'));
element('ask-no').addEventListener('click', () => element('ask').close());
element('clear').addEventListener('click', () => element('events').replaceChildren());
element('follow').addEventListener('change', () => {
  if (element('follow').checked) element('events').scrollTop = element('events').scrollHeight;
});
refresh();
listen();
setInterval(refresh, refreshMs);
