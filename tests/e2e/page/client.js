// The page under test: an ordinary openvidu-browser app that the tests drive by window.e2e.
// esbuild resolves "openvidu-browser" to the version that this bundle is made for.
import { OpenVidu } from 'openvidu-browser';

const users = new Map();

// The sockets that the library opens, so that a test can cut them as a network would.
const sockets = [];
window.WebSocket = class extends window.WebSocket {
  constructor(...args) {
    super(...args);
    sockets.push(this);
  }
};

function box(id) {
  const div = document.createElement('div');
  div.id = id;
  document.getElementById('videos').append(div);
  return div;
}

// What the tests look at afterwards; objects of the library do not survive the way to node.
function note(user, type, details = {}) {
  user.events.push({ type, at: performance.now(), ...details });
}

function listen(user) {
  const { session } = user;
  session.on('connectionCreated', (e) => note(user, 'connectionCreated', { id: e.connection.connectionId, data: e.connection.data }));
  session.on('connectionDestroyed', (e) => note(user, 'connectionDestroyed', { id: e.connection.connectionId, reason: e.reason }));
  session.on('sessionDisconnected', (e) => note(user, 'sessionDisconnected', { reason: e.reason }));
  session.on('streamDestroyed', (e) => {
    note(user, 'streamDestroyed', { id: e.stream.streamId, reason: e.reason });
    user.subscribers.delete(e.stream.streamId);
  });
  session.on('streamPropertyChanged', (e) => note(user, 'streamPropertyChanged', { property: e.changedProperty, value: e.newValue, reason: e.reason }));
  session.on('signal', (e) => note(user, 'signal', { name: e.type, data: e.data, from: e.from?.connectionId }));
  session.on('reconnecting', () => note(user, 'reconnecting'));
  session.on('reconnected', () => note(user, 'reconnected'));
  session.on('exception', (e) => note(user, 'exception', { name: e.name, message: e.message }));
  session.on('streamCreated', (e) => {
    note(user, 'streamCreated', { id: e.stream.streamId, video: e.stream.hasVideo, audio: e.stream.hasAudio, typeOfVideo: e.stream.typeOfVideo });
    if (!user.autoSubscribe) return;
    const target = box(`${user.name}-${e.stream.streamId}`);
    const subscriber = session.subscribe(e.stream, target);
    user.subscribers.set(e.stream.streamId, subscriber);
    subscriber.on('videoElementCreated', (v) => watchFirstFrame(user, e.stream.streamId, v.element));
    subscriber.on('streamPlaying', () => note(user, 'streamPlaying', { id: e.stream.streamId }));
  });
}

function watchFirstFrame(user, streamId, element) {
  element.muted = true;
  const once = () => {
    if (user.firstFrame === undefined) user.firstFrame = performance.now() - user.joinStarted;
    note(user, 'firstFrame', { id: streamId });
  };
  if (element.requestVideoFrameCallback) element.requestVideoFrameCallback(once);
  else element.addEventListener('loadeddata', once, { once: true });
}

async function rtcStats(stream) {
  const pc = stream.getWebRtcPeer()?.pc;
  if (!pc) return { state: 'new' }; // it is made when the server's offer is there
  const all = [...(await pc.getStats()).values()];
  const byId = new Map(all.map((s) => [s.id, s]));
  const transport = all.find((s) => s.type === 'transport');
  const pair = byId.get(transport?.selectedCandidatePairId)
    ?? all.find((s) => s.type === 'candidate-pair' && (s.selected || s.nominated));
  const rtp = (type, kind) => all.find((s) => s.type === type && s.kind === kind);
  const codec = (s) => (s ? byId.get(s.codecId)?.mimeType : undefined);
  const inVideo = rtp('inbound-rtp', 'video');
  const outVideo = rtp('outbound-rtp', 'video');
  return {
    state: pc.connectionState,
    gathering: pc.iceGatheringState,
    srtp: transport?.srtpCipher,
    dtls: transport?.dtlsState,
    local: byId.get(pair?.localCandidateId)?.candidateType,
    remote: byId.get(pair?.remoteCandidateId)?.candidateType,
    rtt: pair?.currentRoundTripTime,
    framesDecoded: inVideo?.framesDecoded ?? 0,
    keyFramesDecoded: inVideo?.keyFramesDecoded ?? 0,
    videoLost: inVideo?.packetsLost ?? 0,
    videoReceived: inVideo?.packetsReceived ?? 0,
    width: inVideo?.frameWidth,
    audioReceived: rtp('inbound-rtp', 'audio')?.packetsReceived ?? 0,
    audioLevel: rtp('inbound-rtp', 'audio')?.totalAudioEnergy ?? 0,
    framesEncoded: outVideo?.framesEncoded ?? 0,
    audioSent: rtp('outbound-rtp', 'audio')?.packetsSent ?? 0,
    targetBitrate: outVideo?.targetBitrate,
    codec: codec(inVideo ?? outVideo),
  };
}

window.e2e = {
  // options: token, publish (publisher options, or null), advanced (setAdvancedConfiguration),
  // data, autoSubscribe. Answers with the connection's id.
  async join(name, options) {
    const OV = new OpenVidu();
    OV.enableProdMode();
    if (options.advanced) OV.setAdvancedConfiguration(options.advanced);
    const user = {
      name, OV, session: OV.initSession(), subscribers: new Map(), events: [],
      autoSubscribe: options.autoSubscribe !== false, joinStarted: performance.now(),
    };
    users.set(name, user);
    listen(user);
    // The library rejects with its own kind of object, which would lose its text on the way to node.
    await user.session.connect(options.token, options.data ?? { nickname: name })
      .catch((e) => { throw new Error(`${e.name ?? ''} ${e.code ?? ''} ${e.message ?? e}`); });
    if (options.publish) await this.publish(name, options.publish);
    return user.session.connection.connectionId;
  },

  async publish(name, options) {
    const user = users.get(name);
    const publisher = await user.OV.initPublisherAsync(box(`${name}-own`), {
      publishAudio: true, publishVideo: true, resolution: '640x480', frameRate: 30, mirror: false, ...options,
    });
    publisher.on('accessDenied', (e) => note(user, 'accessDenied', { message: String(e) }));
    publisher.on('streamDestroyed', (e) => note(user, 'streamDestroyed', { id: e.stream.streamId, reason: e.reason, own: true }));
    publisher.on('streamPropertyChanged', (e) => note(user, 'streamPropertyChanged', { property: e.changedProperty, value: e.newValue, reason: e.reason, own: true }));
    user.publisher = publisher;
    await user.session.publish(publisher);
    return publisher.stream.streamId;
  },

  async unpublish(name) {
    const user = users.get(name);
    await user.session.unpublish(user.publisher);
    user.publisher = null;
  },

  async leave(name) {
    const user = users.get(name);
    user.session.disconnect();
    users.delete(name);
    document.getElementById('videos').replaceChildren();
  },

  mute(name, kind, on) {
    const { publisher } = users.get(name);
    return kind === 'audio' ? publisher.publishAudio(on) : publisher.publishVideo(on);
  },

  signal(name, signal) {
    const { session } = users.get(name);
    const to = (signal.to ?? []).map((id) => (
      id === session.connection.connectionId ? session.connection : session.remoteConnections.get(id)));
    return session.signal({ ...signal, to });
  },

  forceDisconnect(name, connectionId) {
    const { session } = users.get(name);
    return session.forceDisconnect(session.remoteConnections.get(connectionId))
      .catch((e) => { throw new Error(`${e.name ?? ''} ${e.code ?? ''} ${e.message ?? e}`); });
  },

  forceUnpublish(name, connectionId) {
    const { session } = users.get(name);
    return session.forceUnpublish(session.remoteConnections.get(connectionId).stream);
  },

  // Cuts this page's WebSockets; the library is not told and reconnects by itself.
  dropSockets() {
    const open = sockets.filter((socket) => socket.readyState === WebSocket.OPEN);
    for (const socket of open) socket.close();
    return open.length;
  },

  events: (name) => users.get(name)?.events ?? [],
  firstFrame: (name) => users.get(name)?.firstFrame,

  async stats(name) {
    const user = users.get(name);
    const out = { remote: {}, own: null };
    if (user.publisher) out.own = await rtcStats(user.publisher.stream);
    for (const [id, s] of user.subscribers) out.remote[id] = await rtcStats(s.stream);
    return out;
  },
};
document.title = 'ready';
