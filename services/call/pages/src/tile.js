// One person, or one shared screen.
import { el, icon } from './dom.js';

function colour(text) {
  let hash = 0;
  for (const c of text) hash = (hash * 31 + c.codePointAt(0)) % 360;
  return `hsl(${hash} 45% 38%)`;
}

export class Tile {
  constructor({ name, own = false, screen = false }) {
    this.name = name;
    this.screen = screen;
    this.video = el('video', { autoplay: true, playsinline: true, muted: own });
    const initials = [...name.trim()].slice(0, 2).join('').toUpperCase();
    this.avatar = el('div', { class: 'avatar', style: `background:${colour(name)}` }, initials);
    this.mic = el('span', { class: 'mic-off', hidden: true, title: 'Microphone is off' }, icon('mic', true));
    this.node = el('div', {
      class: `tile${own ? ' own' : ''}${screen ? ' screen big' : ''}`,
      'aria-label': screen ? `Screen of ${name}` : name,
      ondblclick: () => { this.node.classList.toggle('big'); this.node.dispatchEvent(new Event('resized', { bubbles: true })); },
    }, this.video, this.avatar,
    el('div', { class: 'caption' }, this.mic, el('span', { class: 'who' }, screen ? `${name} · screen` : own ? `${name} (you)` : name)));
    this.set({ video: false, audio: !screen });
  }

  // The library fills the <video>; unmuted ones may need a click on some browsers.
  attach(streamManager) {
    streamManager.addVideoElement(this.video);
    this.video.play?.().catch(() => {});
  }

  set({ video, audio }) {
    if (video !== undefined) {
      this.avatar.hidden = video;
      this.video.classList.toggle('hidden', !video);
    }
    if (audio !== undefined) this.mic.hidden = audio || this.screen;
  }

  speaking(yes) {
    this.node.classList.toggle('speaking', yes);
  }
}
