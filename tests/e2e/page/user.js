// A user of the page: one OpenVidu object and session, and a record of all that it is told.
// Objects of the library do not survive the way to node, so what the tests look at is copied here.
// esbuild resolves "openvidu-browser" to the version that this bundle is made for.
import { OpenVidu } from 'openvidu-browser';

export class User {
  constructor(name, { advanced, autoSubscribe }) {
    this.name = name;
    this.OV = new OpenVidu();
    this.OV.enableProdMode();
    if (advanced) this.OV.setAdvancedConfiguration(advanced);
    this.session = this.OV.initSession();
    this.subscribers = new Map(); // by stream id
    this.streams = new Map(); // of others, by id
    this.events = [];
    this.autoSubscribe = autoSubscribe !== false;
    this.joinStarted = performance.now();
    this.listen();
  }

  // own: about this user's own connection or stream.
  note(type, details = {}) {
    this.events.push({ type, at: performance.now(), ...details });
  }

  isOwn(stream) {
    return stream.connection?.connectionId === this.session.connection?.connectionId;
  }

  box(id) {
    const div = document.createElement('div');
    Object.assign(div, { id: `${this.name}-${id}`, className: 'box' });
    div.dataset.user = this.name;
    document.getElementById('videos').append(div);
    return div;
  }

  listen() {
    const { session } = this;
    session.on('connectionCreated', (e) => this.note('connectionCreated', { id: e.connection.connectionId, data: e.connection.data }));
    session.on('connectionDestroyed', (e) => this.note('connectionDestroyed', { id: e.connection.connectionId, reason: e.reason }));
    session.on('sessionDisconnected', (e) => this.note('sessionDisconnected', { reason: e.reason }));
    session.on('streamDestroyed', (e) => {
      this.note('streamDestroyed', { id: e.stream.streamId, reason: e.reason });
      this.streams.delete(e.stream.streamId);
      this.subscribers.delete(e.stream.streamId);
    });
    session.on('streamPropertyChanged', (e) => this.note('streamPropertyChanged', {
      property: e.changedProperty, value: e.newValue, oldValue: e.oldValue, reason: e.reason, own: this.isOwn(e.stream),
    }));
    session.on('signal', (e) => this.note('signal', { name: e.type, data: e.data, from: e.from?.connectionId }));
    session.on('reconnecting', () => this.note('reconnecting'));
    session.on('reconnected', () => this.note('reconnected'));
    session.on('exception', (e) => this.note('exception', { name: e.name, message: e.message }));
    session.on('streamCreated', (e) => {
      this.note('streamCreated', { id: e.stream.streamId, video: e.stream.hasVideo, audio: e.stream.hasAudio, typeOfVideo: e.stream.typeOfVideo });
      this.streams.set(e.stream.streamId, e.stream);
      if (this.autoSubscribe) this.subscribe(e.stream.streamId);
    });
  }

  subscribe(streamId) {
    const subscriber = this.session.subscribe(this.streams.get(streamId), this.box(streamId));
    this.subscribers.set(streamId, subscriber);
    subscriber.on('videoElementCreated', (v) => this.watchFirstFrame(streamId, v.element));
    subscriber.on('streamPlaying', () => this.note('streamPlaying', { id: streamId }));
  }

  async unsubscribe(streamId) {
    const subscriber = this.subscribers.get(streamId);
    await this.session.unsubscribe(subscriber);
    this.subscribers.delete(streamId);
    return subscriber.videos.every((v) => v.video.srcObject === null);
  }

  watchFirstFrame(streamId, element) {
    element.muted = true;
    const once = () => {
      if (this.firstFrame === undefined) this.firstFrame = performance.now() - this.joinStarted;
      this.note('firstFrame', { id: streamId });
    };
    if (element.requestVideoFrameCallback) element.requestVideoFrameCallback(once);
    else element.addEventListener('loadeddata', once, { once: true });
  }

  async publish(options, { loopback = false } = {}) {
    const target = this.box('own');
    await new Promise((resolve, reject) => {
      this.publisher = this.OV.initPublisher(target, {
        publishAudio: true, publishVideo: true, resolution: '640x480', frameRate: 30, mirror: false, ...options,
      }, (error) => (error ? reject(error) : resolve()));
      this.listenTo(this.publisher);
      if (loopback) this.publisher.subscribeToRemote();
    });
    await this.session.publish(this.publisher);
    return this.publisher.stream.streamId;
  }

  listenTo(publisher) {
    publisher.on('accessAllowed', () => this.note('accessAllowed'));
    publisher.on('accessDenied', (e) => this.note('accessDenied', { message: String(e) }));
    publisher.on('streamCreated', (e) => this.note('streamCreated', { id: e.stream.streamId, own: true }));
    publisher.on('streamPlaying', () => this.note('streamPlaying', { own: true }));
    publisher.on('streamDestroyed', (e) => this.note('streamDestroyed', { id: e.stream.streamId, reason: e.reason, own: true }));
  }

  async unpublish() {
    await this.session.unpublish(this.publisher);
    this.publisher = null;
  }

  leave() {
    this.session.disconnect();
    for (const div of document.querySelectorAll('.box')) if (div.dataset.user === this.name) div.remove();
  }

  // The publisher, or who subscribes to the given stream.
  manager(streamId) {
    return streamId ? this.subscribers.get(streamId) : this.publisher;
  }

  managers() {
    return [...(this.publisher ? [this.publisher] : []), ...this.subscribers.values()];
  }
}
