// Before the call: a look at oneself, the devices, the name.
import { el, icon, show, toast } from './dom.js';
import { explain, list, openTrack } from './devices.js';
import { recall, remember } from './store.js';

const KINDS = {
  video: { label: 'Camera', icon: 'camera', device: 'VideoDevice', muted: 'VideoMuted' },
  audio: { label: 'Microphone', icon: 'mic', device: 'AudioDevice', muted: 'AudioMuted' },
};

// Calls join({ nickname, sources: {video, audio}, on: {video, audio} }): a source is the device to
// open, or false where there is none to use. Returns the function that leaves this page.
export function prejoin(root, room, join) {
  const tracks = { video: null, audio: null };
  const on = { video: recall('VideoMuted') !== 'true', audio: recall('AudioMuted') !== 'true' };
  const usable = { video: true, audio: true }; // until opening one fails
  let left = false;

  const preview = el('video', { class: 'mirrored', autoplay: true, muted: true, playsinline: true });
  const placeholder = el('div', { class: 'preview-off' }, icon('camera', true), el('span', {}, 'Camera is off'));
  const level = el('div', { class: 'level', 'aria-hidden': 'true' }, el('i'));
  const nickname = el('input', {
    id: 'nickname-input', type: 'text', maxlength: '20', autocomplete: 'name', 'aria-label': 'Your name', placeholder: 'Your name',
  });
  nickname.value = recall('Nickname') || `Guest${Math.floor(Math.random() * 100)}`;
  const joinButton = el('button', { id: 'join-btn', class: 'primary', type: 'submit' }, 'Join');
  const controls = { video: control('video'), audio: control('audio') };

  function control(kind) {
    const select = el('select', { 'aria-label': KINDS[kind].label, onchange: () => switchDevice(kind, select.value) });
    const button = el('button', { type: 'button', class: 'round', id: `${kind}-toggle`, onclick: () => toggle(kind) });
    return { select, button, row: el('div', { class: 'device' }, button, select) };
  }

  function refresh() {
    for (const kind of Object.keys(KINDS)) {
      const { button } = controls[kind];
      const live = on[kind] && tracks[kind];
      button.replaceChildren(icon(KINDS[kind].icon, !live));
      button.classList.toggle('off', !live);
      button.title = `${KINDS[kind].label} ${live ? 'off' : 'on'}`;
      button.setAttribute('aria-pressed', String(Boolean(live)));
      button.setAttribute('aria-label', button.title);
    }
    const showing = on.video && tracks.video;
    preview.srcObject = showing ? new MediaStream([tracks.video]) : null;
    placeholder.hidden = Boolean(showing);
    preview.hidden = !showing;
  }

  async function start(kind) {
    try {
      const track = await openTrack(kind, recall(KINDS[kind].device));
      if (left) { track.stop(); return; }
      tracks[kind]?.stop();
      tracks[kind] = track;
      usable[kind] = true;
      if (kind === 'audio') meter(track);
    } catch (error) {
      on[kind] = false;
      usable[kind] = false;
      toast(`${KINDS[kind].label}: ${explain(error)} You can join without it.`, 'warning');
    }
    refresh();
    fill();
  }

  async function fill() {
    const devices = await list().catch(() => ({ cameras: [], microphones: [] }));
    for (const [kind, found] of [['video', devices.cameras], ['audio', devices.microphones]]) {
      const { select } = controls[kind];
      const current = tracks[kind]?.getSettings().deviceId;
      select.replaceChildren(...found.map((d, i) => el('option', { value: d.deviceId, selected: d.deviceId === current },
        d.label || `${KINDS[kind].label} ${i + 1}`)));
      select.disabled = found.length === 0;
      if (found.length === 0) select.append(el('option', {}, `No ${KINDS[kind].label.toLowerCase()} found`));
    }
  }

  function switchDevice(kind, id) {
    remember(KINDS[kind].device, id);
    on[kind] = true;
    tracks[kind]?.stop();
    tracks[kind] = null;
    start(kind);
  }

  function toggle(kind) {
    on[kind] = !(on[kind] && tracks[kind]);
    remember(KINDS[kind].muted, String(!on[kind]));
    if (on[kind] && !tracks[kind]) start(kind);
    else refresh();
  }

  // A bar that moves with the voice, to see that the right microphone is chosen.
  function meter(track) {
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    const data = new Uint8Array(analyser.fftSize);
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    const draw = () => {
      if (left || tracks.audio !== track) { context.close(); return; }
      analyser.getByteTimeDomainData(data);
      const peak = on.audio ? Math.max(...data.map((v) => Math.abs(v - 128))) / 128 : 0;
      level.firstChild.style.transform = `scaleX(${Math.min(1, peak * 2).toFixed(3)})`;
      requestAnimationFrame(draw);
    };
    draw();
  }

  function submit(event) {
    event.preventDefault();
    const name = nickname.value.trim().slice(0, 20) || 'Guest';
    remember('Nickname', name);
    joinButton.disabled = true;
    joinButton.textContent = 'Joining…';
    const source = (kind) => usable[kind] && !controls[kind].select.disabled
      && (tracks[kind]?.getSettings().deviceId || recall(KINDS[kind].device) || controls[kind].select.value || undefined);
    const sources = { video: source('video'), audio: source('audio') };
    leave(); // the call opens the devices itself
    join({ nickname: name, sources, on });
  }

  function leave() {
    left = true;
    for (const track of Object.values(tracks)) track?.stop();
  }

  show(root, el('main', { class: 'prejoin' },
    el('header', { class: 'brand' }, el('a', { href: '#/' }, el('img', { src: 'icon.svg', alt: '' }), 'Visavis Call')),
    el('form', { class: 'prejoin-card', onsubmit: submit },
      el('div', { class: 'preview' }, preview, placeholder, level),
      el('div', { class: 'prejoin-side' },
        el('h2', {}, 'Ready to join?'),
        el('p', { class: 'room-name' }, room),
        nickname, controls.audio.row, controls.video.row, joinButton))));
  refresh();
  for (const kind of Object.keys(KINDS)) if (on[kind]) start(kind);
  fill();

  return leave;
}
