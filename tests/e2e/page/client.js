// The page under test: an ordinary openvidu-browser app that the tests drive by window.e2e. One page
// can hold many users.
import { averageColour, colourTrack, resizeTrack } from './picture.js';
import { rtcStats } from './stats.js';
import { User } from './user.js';

const users = new Map();
let screenTrack = null;

// The sockets that the library opens, so that a test can cut them as a network would.
const sockets = [];
window.WebSocket = class extends window.WebSocket {
  constructor(...args) {
    super(...args);
    sockets.push(this);
  }
};

let peerConnections = 0; // that the library made
window.RTCPeerConnection = class extends window.RTCPeerConnection {
  constructor(...args) {
    super(...args);
    peerConnections += 1;
  }
};

// The library rejects with its own kind of object, which would lose its text on the way to node.
const readable = (promise) => promise.catch((e) => {
  throw new Error(`${e.name ?? ''} ${e.code ?? ''} ${e.message ?? e}`);
});

const pcOf = (manager) => manager.stream.getWebRtcPeer().pc;

window.e2e = {
  // options: token, publish (publisher options, or null), loopback, advanced
  // (setAdvancedConfiguration), data, autoSubscribe. Answers with the connection's id.
  async join(name, options) {
    const user = new User(name, options);
    users.set(name, user);
    await readable(user.session.connect(options.token, options.data ?? { nickname: name }));
    if (options.publish) await this.publish(name, options.publish, options);
    return user.session.connection.connectionId;
  },

  publish: (name, options, { loopback } = {}) => readable(users.get(name).publish(options, { loopback })),
  unpublish: (name) => users.get(name).unpublish(),
  // Decoded all the same, and not painted.
  hideVideos: () => { document.getElementById('videos').style.display = 'none'; },
  leave: (name) => users.get(name).leave(),
  subscribe: (name, streamId) => users.get(name).subscribe(streamId),
  unsubscribe: (name, streamId) => users.get(name).unsubscribe(streamId),

  mute(name, kind, on) {
    const { publisher } = users.get(name);
    return kind === 'audio' ? publisher.publishAudio(on) : publisher.publishVideo(on);
  },

  muteRemote(name, streamId, kind, on) {
    const subscriber = users.get(name).subscribers.get(streamId);
    if (kind === 'audio') subscriber.subscribeToAudio(on);
    else subscriber.subscribeToVideo(on);
  },

  signal(name, signal) {
    const { session } = users.get(name);
    const to = (signal.to ?? []).map((id) => (
      id === session.connection.connectionId ? session.connection : session.remoteConnections.get(id)));
    return session.signal({ ...signal, to });
  },

  forceDisconnect(name, connectionId) {
    const { session } = users.get(name);
    return readable(session.forceDisconnect(session.remoteConnections.get(connectionId)));
  },

  forceUnpublish(name, connectionId) {
    const { session } = users.get(name);
    return readable(session.forceUnpublish(session.remoteConnections.get(connectionId).stream));
  },

  replaceVideo: (name, colour) => readable(users.get(name).publisher.replaceTrack(colourTrack(colour))),
  stopVideoTrack: (name) => users.get(name).publisher.stream.getMediaStream().getVideoTracks()[0].stop(),

  // Whoever shares the screen from now on gets this one, of a size that the test decides.
  fakeScreen(width, height) {
    navigator.mediaDevices.getDisplayMedia = async () => {
      screenTrack = colourTrack('#555', width, height);
      return new MediaStream([screenTrack]);
    };
  },

  // How the only stream of others moves from now on, for ms: the longest time without a new frame …
  async motion(name, ms) {
    const [subscriber] = users.get(name).subscribers.values();
    const before = await rtcStats(subscriber.stream);
    const end = performance.now() + ms;
    let [frames, since, longest] = [before.framesDecoded, performance.now(), 0];
    while (performance.now() < end) {
      const { framesDecoded } = await rtcStats(subscriber.stream);
      const now = performance.now();
      longest = Math.max(longest, now - since);
      if (framesDecoded > frames) [frames, since] = [framesDecoded, now];
      await new Promise((resolve) => { setTimeout(resolve, 50); });
    }
    const after = await rtcStats(subscriber.stream);
    const grown = (key) => after[key] - before[key];
    // … and what WebRTC itself says.
    return { longest, frames: grown('framesDecoded'), freezes: grown('freezes'), frozenS: grown('frozenS'),
      lost: grown('videoLost'), received: grown('videoReceived'), repeated: grown('repeated'), nacks: grown('nacks'),
      plis: grown('plis'), width: after.width };
  },

  resizeScreen: (width, height) => resizeTrack(screenTrack, width, height),

  // Cuts this page's WebSockets; the library is not told and reconnects by itself.
  dropSockets() {
    const open = sockets.filter((socket) => socket.readyState === WebSocket.OPEN);
    for (const socket of open) socket.close();
    return open.length;
  },

  // Records what a stream shows, without any server; answers with the recording's size and type.
  async record(name, streamId, ms) {
    const user = users.get(name);
    const recorder = user.OV.initLocalRecorder(user.manager(streamId).stream);
    const states = [recorder.state];
    await recorder.record();
    states.push(recorder.state);
    await new Promise((resolve) => { setTimeout(resolve, ms); });
    await recorder.pause();
    states.push(recorder.state);
    await recorder.resume();
    await recorder.stop();
    states.push(recorder.state);
    const blob = recorder.getBlob();
    recorder.clean();
    return { size: blob.size, type: blob.type, states };
  },

  events: (name) => users.get(name)?.events ?? [],
  firstFrame: (name) => users.get(name)?.firstFrame,
  colour: (name, streamId) => averageColour(users.get(name).manager(streamId).videos[0]?.video),
  iceServers: (name, streamId) => pcOf(users.get(name).manager(streamId)).getConfiguration().iceServers,

  // How many enabled tracks of each kind the video elements of this user have.
  tracks(name) {
    const enabled = (list) => list.filter((t) => t.enabled && t.readyState === 'live').length;
    return users.get(name).managers().map(({ videos }) => {
      const media = videos[0]?.video.srcObject;
      return media ? { audio: enabled(media.getAudioTracks()), video: enabled(media.getVideoTracks()) } : null;
    });
  },

  peerConnections: () => peerConnections,
  videos: () => document.querySelectorAll('video').length,

  async stats(name) {
    const user = users.get(name);
    const out = { remote: {}, own: null };
    if (user.publisher) out.own = await rtcStats(user.publisher.stream);
    for (const [id, s] of user.subscribers) out.remote[id] = await rtcStats(s.stream);
    return out;
  },
};
document.title = 'ready';
