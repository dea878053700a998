// The call: one connection for the camera, a second one while a screen is shared.
import { OpenVidu } from 'openvidu-browser';
import { el, icon, show, toast } from './dom.js';
import { explain } from './devices.js';
import { arrange } from './grid.js';
import { enter } from './rooms.js';
import { Tile } from './tile.js';

function nicknameOf(connection) {
  const client = (connection.data ?? '').split('%/%')[0];
  try {
    return String(JSON.parse(client).clientData || JSON.parse(client).nickname || 'Guest').slice(0, 40);
  } catch {
    return client.slice(0, 40) || 'Guest';
  }
}

export class Call {
  // onEnd(text): the call is over; text says why, '' when this person left.
  constructor(root, room, { cameraToken, screenToken, nickname, sources, on }, onEnd) {
    Object.assign(this, { root, room, cameraToken, screenToken, nickname, sources, on: { ...on }, onEnd });
    this.tiles = new Map(); // of streams, by id; 'own' is this person
    this.ended = false;
    this.draw();
  }

  draw() {
    const button = (id, label, fn, extra = '') => el('button', { id, type: 'button', class: `round ${extra}`, title: label, 'aria-label': label, onclick: fn });
    this.stage = el('div', { class: 'stage' });
    this.buttons = {
      audio: button('mic-btn', 'Microphone', () => this.toggle('audio')),
      video: button('camera-btn', 'Camera', () => this.toggle('video')),
      screen: button('screenshare-btn', 'Share the screen', () => this.toggleScreen()),
    };
    if (!navigator.mediaDevices?.getDisplayMedia) this.buttons.screen.hidden = true;
    this.buttons.screen.append(icon('screen'));
    this.count = el('span', { class: 'count' });
    this.overlay = el('div', { class: 'overlay', hidden: true, role: 'alert' },
      el('div', { class: 'spinner' }), el('p', {}, 'The connection was lost. Coming back…'));
    const leave = button('leave-btn', 'Leave', () => this.leave(), 'danger');
    leave.append(icon('leave'));
    const copy = button('copy-link-btn', 'Copy the link to this room', () => this.copyLink(), 'small');
    copy.append(icon('link'));
    show(this.root, el('main', { class: 'room', id: 'room' },
      el('header', { class: 'room-bar' }, el('span', { class: 'room-name' }, this.room), copy, el('span', { class: 'people' }, icon('people'), this.count)),
      this.stage,
      el('nav', { class: 'toolbar', 'aria-label': 'Call' }, this.buttons.audio, this.buttons.video, this.buttons.screen, leave),
      this.overlay));
    this.observer = new ResizeObserver(() => arrange(this.stage));
    this.observer.observe(this.stage);
    this.stage.addEventListener('resized', () => arrange(this.stage));
    this.onUnload = () => this.disconnect();
    window.addEventListener('pagehide', this.onUnload);
    this.refresh();
  }

  refresh() {
    for (const [kind, name, label] of [['audio', 'mic', 'Microphone'], ['video', 'camera', 'Camera']]) {
      const live = this.shows(kind);
      this.buttons[kind].replaceChildren(icon(name, !live));
      this.buttons[kind].classList.toggle('off', !live);
      this.buttons[kind].title = `${label} ${live ? 'off' : 'on'}`;
      this.buttons[kind].setAttribute('aria-label', this.buttons[kind].title);
    }
    this.buttons.screen.classList.toggle('active', Boolean(this.screen));
    const people = new Set([...this.tiles.values()].filter((t) => !t.screen)).size;
    this.count.textContent = String(Math.max(1, people + this.silent()));
    arrange(this.stage);
  }

  shows(kind) {
    return this.on[kind] && this.sources[kind] !== false;
  }

  // People who publish nothing have no tile.
  silent() {
    if (!this.session) return 0;
    let n = 0;
    for (const c of this.session.remoteConnections.values()) {
      if (!c.stream && !(c.data ?? '').includes('"SCREEN"')) n += 1;
    }
    return n;
  }

  add(id, tile) {
    this.tiles.set(id, tile);
    this.stage.append(tile.node);
    this.refresh();
  }

  remove(id) {
    this.tiles.get(id)?.node.remove();
    this.tiles.delete(id);
    this.refresh();
  }

  async start() {
    try {
      await this.connect();
    } catch (error) {
      // Whoever was last in the room may have left since our tokens were made, and took them along.
      if (this.ended) throw error;
      const { cameraToken, screenToken } = await enter(this.room, this.nickname);
      Object.assign(this, { cameraToken, screenToken });
      await this.connect();
    }
    await this.publishCamera();
  }

  async connect() {
    this.OV = new OpenVidu();
    this.OV.enableProdMode();
    this.session = this.OV.initSession();
    this.listen(this.session);
    await this.session.connect(this.cameraToken, { clientData: this.nickname, type: 'CAMERA' });
  }

  listen(session) {
    session.on('streamCreated', ({ stream }) => {
      if (stream.connection.connectionId === this.screen?.session.connection?.connectionId) return; // our own screen
      const screen = stream.typeOfVideo === 'SCREEN';
      const tile = new Tile({ name: nicknameOf(stream.connection), screen });
      const subscriber = session.subscribe(stream, undefined);
      tile.attach(subscriber);
      tile.set({ video: stream.hasVideo && stream.videoActive, audio: stream.hasAudio && stream.audioActive });
      this.add(stream.streamId, tile);
    });
    session.on('streamDestroyed', ({ stream }) => this.remove(stream.streamId));
    session.on('connectionCreated', () => this.refresh());
    session.on('connectionDestroyed', () => this.refresh());
    session.on('streamPropertyChanged', ({ stream, changedProperty, newValue }) => {
      const tile = this.tiles.get(stream.streamId);
      if (changedProperty === 'videoActive') tile?.set({ video: newValue });
      if (changedProperty === 'audioActive') tile?.set({ audio: newValue });
    });
    session.on('publisherStartSpeaking', ({ streamId }) => this.tiles.get(streamId)?.speaking(true));
    session.on('publisherStopSpeaking', ({ streamId }) => this.tiles.get(streamId)?.speaking(false));
    session.on('reconnecting', () => { this.overlay.hidden = false; });
    session.on('reconnected', () => { this.overlay.hidden = true; });
    session.on('sessionDisconnected', ({ reason }) => {
      const texts = {
        networkDisconnect: 'The connection was lost and could not be made again.',
        forceDisconnectByUser: 'A moderator ended your part in this call.',
        forceDisconnectByServer: 'The server ended your part in this call.',
        sessionClosedByServer: 'This call was closed.',
      };
      this.end(reason === 'disconnect' ? '' : texts[reason] ?? `The call ended (${reason}).`);
    });
    session.on('exception', (e) => console.warn(e.name, e.message));
  }

  // Without any device a person joins to watch and listen.
  async publishCamera() {
    const own = new Tile({ name: this.nickname, own: true });
    own.set({ video: this.shows('video'), audio: this.shows('audio') });
    this.add('own', own);
    if (this.sources.video === false && this.sources.audio === false) return;
    this.publisher = await this.OV.initPublisherAsync(undefined, {
      videoSource: this.sources.video,
      audioSource: this.sources.audio,
      publishVideo: this.shows('video'),
      publishAudio: this.shows('audio'),
      frameRate: 30,
      resolution: '640x480',
      mirror: true,
    });
    own.attach(this.publisher);
    await this.session.publish(this.publisher);
  }

  async toggle(kind) {
    const label = kind === 'video' ? 'camera' : 'microphone';
    if (this.sources[kind] === false || !this.publisher) {
      toast(`You joined without a ${label}. Leave and join again with one.`, 'warning');
      return;
    }
    this.on[kind] = !this.on[kind];
    this.tiles.get('own').set({ [kind]: this.on[kind] });
    this.refresh();
    if (kind === 'video') await this.publisher.publishVideo(this.on.video);
    else this.publisher.publishAudio(this.on.audio);
  }

  async toggleScreen() {
    if (this.screen) {
      this.stopScreen();
      return;
    }
    const OV = new OpenVidu();
    OV.enableProdMode();
    const session = OV.initSession();
    this.screen = { session };
    try {
      const publisher = await OV.initPublisherAsync(undefined, { videoSource: 'screen', audioSource: 'screen', publishAudio: true, mirror: false });
      publisher.stream.getMediaStream().getVideoTracks()[0].addEventListener('ended', () => this.stopScreen());
      await session.connect(await this.nextScreenToken(), { clientData: this.nickname, type: 'SCREEN' });
      await session.publish(publisher);
      const tile = new Tile({ name: this.nickname, own: true, screen: true });
      tile.attach(publisher);
      tile.set({ video: true });
      this.add('own-screen', tile);
    } catch (error) {
      session.disconnect();
      this.screen = null;
      if (error?.name !== 'SCREEN_CAPTURE_DENIED') toast(`The screen was not shared: ${explain(error)}`, 'warning');
    }
    this.refresh();
  }

  // A token is good for one connection; the second time a new one is asked for.
  async nextScreenToken() {
    if (this.screenToken) {
      const token = this.screenToken;
      this.screenToken = null;
      return token;
    }
    return (await enter(this.room, this.nickname)).screenToken;
  }

  stopScreen() {
    this.screen?.session.disconnect();
    this.screen = null;
    this.remove('own-screen');
  }

  async copyLink() {
    try {
      await navigator.clipboard.writeText(window.location.href);
      toast('The link is in the clipboard.');
    } catch {
      toast(window.location.href);
    }
  }

  disconnect() {
    this.screen?.session.disconnect();
    this.session?.disconnect();
  }

  leave() {
    this.disconnect();
    this.end('');
  }

  end(text) {
    if (this.ended) return;
    this.ended = true;
    this.screen?.session.disconnect();
    this.observer.disconnect();
    window.removeEventListener('pagehide', this.onUnload);
    this.onEnd(text);
  }
}
