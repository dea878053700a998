// Every status of the REST API as raw requests, in the order in which they are made. A row's name has
// the section of the API's description, and the row or line there.
//
// rq: [method, path, body]. A path that does not begin with "/" is below /openvidu/api/; an object as
//   body becomes JSON; a string goes as it is. path may be a function of the memory.
// auth: 'none', 'wrong' (default: right). type: Content-Type. headers: more of the request.
// status; shape: 'E0' empty, 'E1' explained, 'E2' of the framework; keys: those of the JSON, in their
//   order. text: the whole body. answer: headers of the answer (null: absent). is: more, given the
//   answer and the memory. soon: asked again until this is so of the answer. remember: the name under
//   which the JSON is kept in the memory.
import assert from 'node:assert/strict';
import { SECRET, basic } from './kit.mjs';

const SESSION = ['id', 'object', 'sessionId', 'createdAt', 'recording', 'broadcasting', 'mediaMode', 'recordingMode',
  'defaultRecordingProperties', 'customSessionId', 'forcedVideoCodec', 'allowTranscoding', 'connections'];
const COMPOSED = ['name', 'hasAudio', 'hasVideo', 'outputMode', 'recordingLayout', 'resolution', 'frameRate', 'shmSize'];
const CONNECTION = ['id', 'object', 'status', 'connectionId', 'sessionId', 'createdAt', 'activeAt', 'location', 'ip', 'platform',
  'token', 'type', 'serverData', 'record', 'role', 'kurentoOptions', 'customIceServers', 'rtspUri', 'adaptativeBitrate',
  'onlyPlayWithSubscribers', 'networkCache', 'clientData', 'publishers', 'subscribers'];
const TOKEN = ['id', 'token', 'createdAt', 'connectionId', 'session', 'data', 'role'];
const PUBLISHER = ['createdAt', 'streamId', 'mediaOptions'];
const MEDIA = ['hasAudio', 'audioActive', 'hasVideo', 'videoActive', 'typeOfVideo', 'frameRate', 'videoDimensions', 'filter'];
const STATS = ['webrtcEndpointName', 'remoteSdp', 'localSdp', 'clientIceCandidates', 'serverIceCandidates', 'localCandidate',
  'remoteCandidate', 'events', 'stats']; // the last one is ours
const CONFIG = ['VERSION', 'DOMAIN_OR_PUBLIC_IP', 'HTTPS_PORT', 'OPENVIDU_PUBLICURL', 'OPENVIDU_CDR',
  'OPENVIDU_STREAMS_VIDEO_MAX_RECV_BANDWIDTH', 'OPENVIDU_STREAMS_VIDEO_MIN_RECV_BANDWIDTH',
  'OPENVIDU_STREAMS_VIDEO_MAX_SEND_BANDWIDTH', 'OPENVIDU_STREAMS_VIDEO_MIN_SEND_BANDWIDTH',
  'OPENVIDU_STREAMS_FORCED_VIDEO_CODEC', 'OPENVIDU_STREAMS_ALLOW_TRANSCODING', 'OPENVIDU_WEBRTC_SIMULCAST',
  'OPENVIDU_SESSIONS_GARBAGE_INTERVAL', 'OPENVIDU_SESSIONS_GARBAGE_THRESHOLD', 'OPENVIDU_RECORDING', 'OPENVIDU_WEBHOOK'];
const LIST = ['numberOfElements', 'content'];

const keys = (object, expected, what) => assert.deepEqual(Object.keys(object), expected, what);
const FORM = 'application/x-www-form-urlencoded';
const XHR = { 'X-Requested-With': 'XMLHttpRequest' };
const deep = (levels) => '{"x":'.repeat(levels) + '1' + '}'.repeat(levels);
const session = (body) => ['POST', 'sessions', body];
const connection = (body) => ['POST', 'sessions/S/connection', body];
const token = (body) => ['POST', 'tokens', body];
const signal = (body) => ['POST', 'signal', body];
const start = (body) => ['POST', 'recordings/start', body];
const recordingDefaults = (body) => session({ defaultRecordingProperties: body });
const ice = (...customIceServers) => connection({ customIceServers });
const camera = (body) => connection({ type: 'IPCAM', rtspUri: 'rtsp://camera.example.org/1', ...body });

// All of these are refused in the same way.
const refused = (name, shape, status, requests) => Object.entries(requests).map(([what, rq]) => ({ name: `${name}: ${what}`, rq, status, shape }));

export const EMPTY = [
  { name: '5.1 GET sessions (none): 200, exactly', rq: ['GET', 'sessions'], status: 200, text: '{"numberOfElements":0,"content":[]}' },

  // ---- 1.2 authentication
  { name: '1.2 no credentials: 401, challenge', rq: ['GET', 'config'], auth: 'none', status: 401, shape: 'E2', answer: { 'www-authenticate': 'Basic realm="Realm"' } },
  { name: '1.2 wrong credentials: 401 (5.1: GET config)', rq: ['GET', 'config'], auth: 'wrong', status: 401, shape: 'E2', answer: { 'www-authenticate': 'Basic realm="Realm"' } },
  { name: '1.2 no challenge for XMLHttpRequest', rq: ['GET', 'config'], auth: 'none', headers: XHR, status: 401, shape: 'E2', answer: { 'www-authenticate': null } },
  { name: '1.2 a challenge for any other X-Requested-With', rq: ['GET', 'config'], auth: 'none', headers: { 'X-Requested-With': 'fetch' }, status: 401, shape: 'E2', answer: { 'www-authenticate': 'Basic realm="Realm"' } },
  { name: '1.2 401 before routing: unknown path', rq: ['GET', 'unknown'], auth: 'none', status: 401, shape: 'E2' },
  { name: '1.2 401 before routing: wrong method', rq: ['DELETE', 'sessions'], auth: 'none', status: 401, shape: 'E2' },
  { name: '1.2 401 before the body is read', rq: session('{'), auth: 'wrong', status: 401, shape: 'E2' },
  { name: '1.2 another scheme: 401', rq: ['GET', 'config'], auth: 'none', headers: { Authorization: 'Bearer MY_SECRET' }, status: 401, shape: 'E2' },
  { name: '1.2 another user: 401', rq: ['GET', 'config'], auth: 'none', headers: { Authorization: `Basic ${Buffer.from('admin:MY_SECRET').toString('base64')}` }, status: 401, shape: 'E2' },
  { name: '1.2 what is no base64: 401', rq: ['GET', 'config'], auth: 'none', headers: { Authorization: 'Basic %%%' }, status: 401, shape: 'E2' },
  { name: '1.2 an empty header: 401', rq: ['GET', 'config'], auth: 'none', headers: { Authorization: '' }, status: 401, shape: 'E2' },
  { name: '1.2 the scheme in lower case: 200', rq: ['GET', 'config'], auth: 'none', headers: { Authorization: basic(SECRET).replace('Basic', 'basic') }, status: 200 },
  { name: '1.2 openvidu-publicurl is public', rq: ['GET', 'config/openvidu-publicurl'], auth: 'none', status: 200 },
  { name: '1.2 and 9: so is HEAD of it', rq: ['HEAD', 'config/openvidu-publicurl'], auth: 'none', status: 200, text: '' },
  { name: '1.2 POST of it is not', rq: ['POST', 'config/openvidu-publicurl'], auth: 'none', status: 401, shape: 'E2' },

  // ---- 1.3 CORS
  { name: '1.3 preflight: 200 without credentials, method and headers echoed', rq: ['OPTIONS', 'sessions'], auth: 'none', headers: { Origin: 'https://app', 'Access-Control-Request-Method': 'DELETE', 'Access-Control-Request-Headers': 'authorization,x-y' }, status: 200, shape: 'E0', answer: { 'access-control-allow-methods': 'DELETE', 'access-control-allow-headers': 'authorization,x-y', 'access-control-allow-credentials': null } },
  { name: '1.3 preflight of an unknown path', rq: ['OPTIONS', 'unknown/x'], auth: 'none', headers: { Origin: 'null', 'Access-Control-Request-Method': 'PATCH' }, status: 200, shape: 'E0', answer: { 'access-control-allow-methods': 'PATCH' } },
  { name: '1.3 a form of another site: 403', rq: ['POST', 'sessions'], headers: { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' }, status: 403, shape: 'E2' },
  { name: '1.3 a script of another site', rq: ['DELETE', 'sessions/unknown'], headers: { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'cors' }, status: 404, shape: 'E0' },
  { name: '1.3 OPTIONS without a method: all', rq: ['OPTIONS', 'config'], auth: 'none', status: 200, shape: 'E0', answer: { 'access-control-allow-methods': /DELETE/ } },

  // ---- 1.4 other headers
  { name: '1.4 headers of every answer', rq: ['GET', 'sessions'], status: 200, answer: { 'x-content-type-options': 'nosniff', 'x-xss-protection': /./, 'cache-control': 'no-cache, no-store, max-age=0, must-revalidate', pragma: 'no-cache', expires: '0', 'x-frame-options': 'DENY', 'content-type': 'application/json' } },

  // ---- 1.5 bodies
  { name: '1.5 a body of another type: 415', rq: session('{}'), type: 'text/plain', status: 415, shape: 'E2' },
  { name: '1.5 form fields: 415', rq: session('customSessionId=S'), type: FORM, status: 415, shape: 'E2' },
  { name: '1.5 without a type: 415', rq: session('{}'), type: null, status: 415, shape: 'E2' },
  { name: '1.5 another charset: 415', rq: session('{}'), type: 'application/json;charset=utf-16', status: 415, shape: 'E2' },
  { name: '1.5 a longer type: 415', rq: session('{}'), type: 'application/jsonp', status: 415, shape: 'E2' },
  { name: '1.5 415 of tokens', rq: token('{}'), type: 'text/plain', status: 415, shape: 'E2' },
  { name: '1.5 415 of signal', rq: signal('{}'), type: FORM, status: 415, shape: 'E2' },
  { name: '1.5 415 of recordings/start', rq: start('{}'), type: FORM, status: 415, shape: 'E2' },
  { name: '1.5 415 of connection comes before 404', rq: ['POST', 'sessions/none/connection', '{}'], type: FORM, status: 415, shape: 'E2' },
  { name: '1.5 form type without a body on GET', rq: ['GET', 'sessions'], type: FORM, status: 200 },
  { name: '1.5 form type without a body on DELETE', rq: ['DELETE', 'sessions/none'], type: FORM, status: 404, shape: 'E0' },
  { name: '1.5 a body where none is looked at', rq: ['DELETE', 'sessions/none', '{'], type: 'text/plain', status: 404, shape: 'E0' },
  ...refused('1.5 malformed JSON: 400', 'E2', 400, {
    'cut off': session('{"mediaMode":'), 'not JSON': session('mediaMode'), 'an array': session('[]'), 'a string': session('"x"'), 'a number': session('5'),
    'two values': session('{} {}'), 'too deep': session(deep(3000)), 'not UTF-8': session(Buffer.from('{"customSessionId":"\xff"}', 'latin1')),
    'a NUL': session('{"customSessionId":"a\\u0000b"}'), 'half a surrogate': session('{"customSessionId":"\\ud800"}'), 'of tokens': token('{'), 'of signal': signal('x'), 'of recordings/start': start('{'),
  }),
  ...refused('1.5 a body that is required but absent: 400', 'E2', 400, { tokens: token(), signal: signal(), 'recordings/start': start(), 'null for one': token('null') }),
  { name: '1.5 a body over the limit: 413', rq: session(), headers: { 'Content-Length': '1100000' }, status: 413, shape: 'E0' },
  { name: '1.5 a head over the limit: 431', rq: ['GET', 'sessions'], headers: { 'X-Long': 'x'.repeat(26000) }, status: 431, shape: 'E0' },
  { name: '1.5 a target over the limit: 414', rq: ['GET', `sessions/${'x'.repeat(26000)}`], status: 414, shape: 'E0' },
  { name: '1.5 null is "not given", unknown fields are ignored', rq: session({ customSessionId: null, mediaMode: null, recordingMode: null, forcedVideoCodec: null, allowTranscoding: null, defaultRecordingProperties: null, mediaNode: null, x: { y: [] } }), status: 200, keys: SESSION, remember: 'n' },
  { name: '2.4 (put away)', rq: ['DELETE', (m) => `sessions/${m.n.id}`], status: 204, shape: 'E0' },
  { name: '1.5 the last of equal keys counts', rq: session('{"mediaMode":5,"mediaMode":"RELAYED"}'), status: 200, is: (a) => assert.equal(a.json.mediaMode, 'RELAYED'), remember: 'n' },
  { name: '2.4 (put away)', rq: ['DELETE', (m) => `sessions/${m.n.id}`], status: 204, shape: 'E0' },
  { name: '1.5 nesting that JSON parsers take', rq: session(deep(500)), type: 'application/json; charset=UTF-8', status: 200, remember: 'n' },
  { name: '2.4 (put away)', rq: ['DELETE', (m) => `sessions/${m.n.id}`], status: 204, shape: 'E0' },

  // ---- 1.7 routing
  ...refused('1.7 known path, wrong method: 405', 'E2', 405, {
    'DELETE sessions': ['DELETE', 'sessions'], 'PUT sessions': ['PUT', 'sessions', {}], 'DELETE recordings': ['DELETE', 'recordings'],
    'POST recordings/stop without id': ['POST', 'recordings/stop'], 'PATCH connection': ['PATCH', 'sessions/S/connection/con_X', {}], 'GET tokens': ['GET', 'tokens'], 'GET signal': ['GET', 'signal'],
    'POST sessions/S': ['POST', 'sessions/S', {}], 'POST config': ['POST', 'config', {}], 'GET stream': ['GET', 'sessions/S/stream/str_X'], 'a method nobody knows': ['PURGE', 'sessions'], 'a method of others': ['M-SEARCH', 'config'],
  }),
  { name: '1.7 405 says what there is', rq: ['DELETE', 'sessions'], status: 405, shape: 'E2', answer: { allow: 'POST, GET, HEAD' } },
  { name: '1.7 405 of PATCH connection says what there is', rq: ['PATCH', 'sessions/S/connection/con_X', {}], status: 405, shape: 'E2', answer: { allow: 'GET, HEAD, DELETE' } },
  ...refused('1.7 unknown path, GET: 404', 'E2', 404, { 'below the API': ['GET', 'unknown'], 'too deep': ['GET', 'sessions/S/connection/c/d'], 'the API itself': ['GET', '/openvidu/api'], 'outside': ['GET', '/unknown'], 'the root': ['GET', '/'] }),
  { name: '1.7 unknown path, HEAD: 404', rq: ['HEAD', 'unknown'], status: 404, text: '' },
  ...refused('1.7 unknown path, other methods: 405', 'E2', 405, { POST: ['POST', 'broadcast/x', {}], PUT: ['PUT', 'unknown', {}], PATCH: ['PATCH', 'unknown', {}], DELETE: ['DELETE', 'unknown'], outside: ['POST', '/unknown', {}] }),
  { name: '1.7 405 of an unknown path', rq: ['POST', 'unknown', {}], status: 405, shape: 'E2', answer: { allow: 'GET, HEAD' } },
  ...refused('1.7 bad value of a boolean query parameter: 400', 'E2', 400, {
    'sessions pendingConnections': ['GET', 'sessions?pendingConnections=maybe'], 'sessions webRtcStats': ['GET', 'sessions?webRtcStats=2'], 'session, before 404': ['GET', 'sessions/none?webRtcStats=x'],
    'connections, before 404': ['GET', 'sessions/none/connection?pendingConnections=x'], 'connection, before 400': ['GET', 'sessions/none/connection/c?webRtcStats=x'],
  }),
  ...['true', 'TRUE', '1', 'yes', 'on', 'false', 'False', '0', 'no', 'off', ''].map((word) => ({ name: `1.7 boolean query parameter "${word}"`, rq: ['GET', `sessions?pendingConnections=${word}&webRtcStats=${word}`], status: 200, keys: LIST })),
  { name: '1.7 a target that is none: 400', rq: ['GET', 'sessions/%zz'], status: 400, shape: 'E0' },
  { name: '1.7 HEAD sessions', rq: ['HEAD', 'sessions'], status: 200, text: '' },
  { name: '1.7 a trailing slash', rq: ['GET', 'sessions/'], status: 200, keys: LIST },

  // ---- 2.2 POST sessions: validation
  ...refused('2.2 400', 'E1', 400, {
    'mediaMode not in enum': session({ mediaMode: 'NOT_EXISTS' }), 'mediaMode not a string': session({ mediaMode: 5 }), 'recordingMode false': session({ recordingMode: false }),
    'recordingMode not in enum': session({ recordingMode: 'NOT_EXISTS' }), 'customSessionId 999': session({ customSessionId: 999 }), 'customSessionId not [a-zA-Z0-9_-]+': session({ customSessionId: 'a b' }),
    'customSessionId with a dot': session({ customSessionId: 'a.b' }), 'customSessionId not ASCII': session({ customSessionId: 'é' }), 'customSessionId too long': session({ customSessionId: 'x'.repeat(101) }),
    'forcedVideoCodec bad': session({ forcedVideoCodec: 'AV1' }), 'forcedVideoCodec not a string': session({ forcedVideoCodec: true }), 'allowTranscoding not bool': session({ allowTranscoding: 'true' }),
    'mediaNode not an object': session({ mediaNode: 'm' }), 'mediaNode without id': session({ mediaNode: {} }), 'mediaNode.id not a string': session({ mediaNode: { id: 5 } }),
    'defaultRecordingProperties "STR"': session({ defaultRecordingProperties: 'STR' }), 'defaultRecordingProperties an array': session({ defaultRecordingProperties: [] }),
  }),
  ...refused('2.2 defaultRecordingProperties: 400, also where 5.2 has 422', 'E1', 400, {
    'bad outputMode': recordingDefaults({ outputMode: 'NOT_EXISTS' }), 'outputMode not a string': recordingDefaults({ outputMode: 5 }), 'bad recordingLayout': recordingDefaults({ recordingLayout: 'NOT_EXISTS' }),
    'name 999': recordingDefaults({ name: 999 }), 'name notalphanumeric@': recordingDefaults({ name: 'notalphanumeric@' }), 'hasAudio not bool': recordingDefaults({ hasAudio: 'x' }), 'hasVideo not bool': recordingDefaults({ hasVideo: 1 }),
    'both false (422)': recordingDefaults({ hasAudio: false, hasVideo: false }), 'customLayout not a string': recordingDefaults({ customLayout: 5 }), 'resolution 999': recordingDefaults({ resolution: 999 }),
    'resolution 1920x2000 (422)': recordingDefaults({ resolution: '1920x2000' }), 'resolution 99x1080 (422)': recordingDefaults({ resolution: '99x1080' }), 'resolution without x (422)': recordingDefaults({ resolution: '1280' }),
    'frameRate true': recordingDefaults({ frameRate: true }), 'frameRate 0 (422)': recordingDefaults({ frameRate: 0 }), 'frameRate 121 (422)': recordingDefaults({ frameRate: 121 }), 'shmSize not a number': recordingDefaults({ shmSize: '1' }),
    'shmSize below 134217728 (422)': recordingDefaults({ shmSize: 134217727 }), 'ignoreFailedStreams not bool': recordingDefaults({ outputMode: 'INDIVIDUAL', ignoreFailedStreams: 'x' }), 'mediaNode': recordingDefaults({ mediaNode: 5 }),
  }),
  { name: '2.2 none of the refused was made', rq: ['GET', 'sessions'], status: 200, text: '{"numberOfElements":0,"content":[]}' },

  // ---- 2.2 POST sessions: success, and 2.1
  { name: '2.2 200 with {}: exact default keys', rq: session({}), status: 200, keys: SESSION, remember: 'n', is: (a) => {
    const { id, createdAt, ...rest } = a.json;
    assert.match(id, /^ses_[A-Z][A-Za-z0-9]{9}$/);
    assert.ok(Math.abs(createdAt - Date.now()) < 60000);
    assert.deepEqual(rest, { object: 'session', sessionId: id, recording: false, broadcasting: false, mediaMode: 'ROUTED', recordingMode: 'MANUAL',
      defaultRecordingProperties: { name: '', hasAudio: true, hasVideo: true, outputMode: 'COMPOSED', recordingLayout: 'BEST_FIT', resolution: '1280x720', frameRate: 25, shmSize: 536870912 },
      customSessionId: '', forcedVideoCodec: 'MEDIA_SERVER_PREFERRED', allowTranscoding: false, connections: { numberOfElements: 0, content: [] } });
    keys(a.json.defaultRecordingProperties, COMPOSED);
    keys(a.json.connections, LIST);
  } },
  { name: '2.4 DELETE: 204', rq: ['DELETE', (m) => `sessions/${m.n.id}`], status: 204, shape: 'E0' },
  { name: '2.4 DELETE, gone: 404', rq: ['DELETE', (m) => `sessions/${m.n.id}`], status: 404, shape: 'E0' },
  { name: '2.2 200 without a body', rq: session(), status: 200, keys: SESSION, is: (a) => assert.equal(a.json.forcedVideoCodec, 'MEDIA_SERVER_PREFERRED'), remember: 'n' },
  { name: '2.4 (put away)', rq: ['DELETE', (m) => `sessions/${m.n.id}`], status: 204, shape: 'E0' },
  { name: '2.2 customSessionId "" is none', rq: session({ customSessionId: '' }), status: 200, is: (a) => assert.match(a.json.id, /^ses_/), remember: 'n' },
  { name: '2.4 (put away)', rq: ['DELETE', (m) => `sessions/${m.n.id}`], status: 204, shape: 'E0' },
  { name: '2.2 200 with everything; 2.1 mediaNode', rq: session({ customSessionId: 'S', mediaMode: 'ROUTED', recordingMode: 'ALWAYS', forcedVideoCodec: 'H264', allowTranscoding: true, mediaNode: { id: 'm', x: 1 }, defaultRecordingProperties: { name: 'a_-~9', outputMode: 'INDIVIDUAL', ignoreFailedStreams: true, mediaNode: { id: 'n' } } }), status: 200,
    keys: [...SESSION.slice(0, 10), 'mediaNode', ...SESSION.slice(10)], is: (a) => {
      assert.deepEqual([a.json.id, a.json.customSessionId, a.json.recordingMode, a.json.forcedVideoCodec, a.json.allowTranscoding, a.json.mediaNode], ['S', 'S', 'ALWAYS', 'H264', true, { id: 'm' }]);
      assert.equal(JSON.stringify(a.json.defaultRecordingProperties), '{"name":"a_-~9","hasAudio":true,"hasVideo":true,"outputMode":"INDIVIDUAL","ignoreFailedStreams":true,"mediaNode":{"id":"n"}}');
    } },
  { name: '2.2 409 of an existing session that is not active', rq: session({ customSessionId: 'S' }), status: 409, shape: 'E0' },
  { name: '2.2 400 comes before 409', rq: session({ customSessionId: 'S', mediaMode: 'x' }), status: 400, shape: 'E1' },
  { name: '2.1 COMPOSED_QUICK_START with layout CUSTOM', rq: session({ customSessionId: 'R', mediaMode: 'RELAYED', defaultRecordingProperties: { outputMode: 'COMPOSED_QUICK_START', recordingLayout: 'CUSTOM', customLayout: 'l', resolution: '640x480', frameRate: 30, shmSize: 134217728 } }), status: 200, is: (a) => {
    keys(a.json.defaultRecordingProperties, [...COMPOSED.slice(0, 5), 'customLayout', ...COMPOSED.slice(5)]);
    assert.equal(a.json.mediaMode, 'RELAYED');
  } },
  { name: '2.1 COMPOSED without video: four keys', rq: session({ customSessionId: 'A', defaultRecordingProperties: { hasVideo: false } }), status: 200, is: (a) => keys(a.json.defaultRecordingProperties, COMPOSED.slice(0, 4)) },

  // ---- 2.3 GET sessions
  { name: '2.3 one: 200', rq: ['GET', 'sessions/S'], status: 200 },
  { name: '2.3 one, unknown: 404', rq: ['GET', 'sessions/none'], status: 404, shape: 'E0' },
  { name: '2.3 HEAD of one', rq: ['HEAD', 'sessions/S'], status: 200, text: '' },
  { name: '2.3 list: 200, in the order of creation', rq: ['GET', 'sessions'], status: 200, keys: LIST, is: (a) => assert.deepEqual([a.json.numberOfElements, a.json.content.map((s) => s.id)], [3, ['S', 'R', 'A']]) },

  // ---- 3.2 POST connection: validation
  { name: '3.2 404 no such session, before the body', rq: ['POST', 'sessions/none/connection', { type: 5 }], status: 404, shape: 'E0' },
  ...refused('3.2 400', 'E1', 400, {
    'type false': connection({ type: false }), 'type bad': connection({ type: 'NOT_EXISTS' }), 'data true': connection({ data: true }), 'record not bool': connection({ record: 'yes' }),
    'role 123': connection({ role: 123 }), 'role bad': connection({ role: 'NOT_EXISTS' }), 'kurentoOptions false': connection({ kurentoOptions: false }), 'allowedFilters a string': connection({ kurentoOptions: { allowedFilters: 'x' } }),
    'videoMaxRecvBandwidth': connection({ kurentoOptions: { videoMaxRecvBandwidth: '1' } }), 'videoMinRecvBandwidth': connection({ kurentoOptions: { videoMinRecvBandwidth: true } }),
    'videoMaxSendBandwidth': connection({ kurentoOptions: { videoMaxSendBandwidth: [] } }), 'videoMinSendBandwidth': connection({ kurentoOptions: { videoMinSendBandwidth: {} } }), 'customIceServers not an array': connection({ customIceServers: {} }),
  }),
  ...refused('3.2 ICE server: 400', 'E1', 400, {
    'not an object': ice('turn:a.com'), 'no url': ice({ username: 'u' }), 'bad-ice-server': ice({ url: 'bad-ice-server' }), 'turn:bad-ice-server': ice({ url: 'turn:bad-ice-server', username: 'u', credential: 'c' }), 'bad-prefix:': ice({ url: 'bad-prefix:good-domain.com' }),
    'no real TLD': ice({ url: 'stun:host.notatld' }), 'port 0': ice({ url: 'stun:a.com:0' }), 'port 65536': ice({ url: 'stun:a.com:65536' }), 'IPv4 of five parts': ice({ url: 'stun:1.2.3.4.5' }), 'IPv6 without brackets': ice({ url: 'stun:2001:db8::1' }),
    'another transport': ice({ url: 'turn:a.com?transport=sctp', username: 'u', credential: 'c' }), 'stun with a query': ice({ url: 'stun:a.com?transport=udp' }), 'stun with username': ice({ url: 'stun:a.com', username: 'u' }),
    'stun with credential': ice({ url: 'stuns:a.com', credential: 'c' }), 'stun with staticAuthSecret': ice({ url: 'stun:a.com', staticAuthSecret: 's' }), 'turn without credentials': ice({ url: 'turn:a.com' }), 'turn without credential': ice({ url: 'turn:a.com', username: 'u' }),
    'turn without username': ice({ url: 'turns:a.com', credential: 'c' }), 'turn with both kinds': ice({ url: 'turn:a.com', username: 'u', credential: 'c', staticAuthSecret: 's' }), 'username not a string': ice({ url: 'turn:a.com', username: 1, credential: 'c' }),
    'the second of two': ice({ url: 'stun:a.com' }, { url: 'x' }),
  }),
  ...refused('3.2 IPCAM: 400', 'E1', 400, {
    'no rtspUri': connection({ type: 'IPCAM' }), 'rtspUri null': camera({ rtspUri: null }), 'rtspUri not a string': camera({ rtspUri: 5 }), 'NOT_A_URL': camera({ rtspUri: 'NOT_A_URL' }), 'another scheme': camera({ rtspUri: 'ftp://a/b' }),
    'adaptativeBitrate 123': camera({ adaptativeBitrate: 123 }), 'onlyPlayWithSubscribers not bool': camera({ onlyPlayWithSubscribers: 'x' }), 'networkCache not a number': camera({ networkCache: '2000' }), 'data true': camera({ data: true }), 'record not bool': camera({ record: 5 }),
  }),
  { name: '3.2 IPCAM of an unknown session: 404', rq: ['POST', 'sessions/none/connection', { type: 'IPCAM' }], status: 404, shape: 'E0' },
  ...refused('3.2 IPCAM that could be: 501 (this server has no cameras)', 'E1', 501, {
    rtsp: camera({}), file: camera({ rtspUri: 'file:///opt/video.mp4' }), http: camera({ rtspUri: 'HTTP://a/b' }), https: camera({ rtspUri: 'https://a/b' }), rtsps: camera({ rtspUri: 'rtsps://a/b', adaptativeBitrate: false, onlyPlayWithSubscribers: false, networkCache: 50 }),
    'fields of WEBRTC are not looked at': camera({ role: 5, kurentoOptions: 5, customIceServers: 5 }),
  }),
  { name: '3.2 none of the refused was made', rq: ['GET', 'sessions/S/connection'], status: 200, text: '{"numberOfElements":0,"content":[]}' },

  // ---- 3.2 POST connection: success, and 3.1
  { name: '3.2 200 with {}: exact pending keys and values', rq: connection({}), status: 200, keys: CONNECTION, remember: 'pending', is: (a) => {
    const { id, createdAt, token: t, ...rest } = a.json;
    assert.match(id, /^con_[A-Z][A-Za-z0-9]{9}$/);
    assert.match(t, /^ws:\/\/127\.0\.0\.1:\d+\?sessionId=S&token=tok_[A-Z][A-Za-z0-9]{15}$/);
    assert.ok(Math.abs(createdAt - Date.now()) < 60000);
    assert.deepEqual(rest, { object: 'connection', status: 'pending', connectionId: id, sessionId: 'S', activeAt: null, location: null, ip: null, platform: null, type: 'WEBRTC', serverData: '',
      record: true, role: 'PUBLISHER', kurentoOptions: null, customIceServers: [], rtspUri: null, adaptativeBitrate: null, onlyPlayWithSubscribers: null, networkCache: null, clientData: null, publishers: null, subscribers: null });
  } },
  { name: '3.2 200 without a body', rq: connection(), status: 200, keys: CONNECTION, remember: 'n' },
  { name: '3.5 DELETE of a pending one: 204', rq: ['DELETE', (m) => `sessions/S/connection/${m.n.id}`], status: 204, shape: 'E0' },
  { name: '3.5 DELETE, gone: 404', rq: ['DELETE', (m) => `sessions/S/connection/${m.n.id}`], status: 404, shape: 'E0' },
  { name: '3.2 200 as the node client asks: every field, unused ones null', rq: connection({ type: 'WEBRTC', data: null, record: null, role: 'SUBSCRIBER', kurentoOptions: null, rtspUri: null, adaptativeBitrate: null, onlyPlayWithSubscribers: null, networkCache: null, customIceServers: null }), status: 200, keys: CONNECTION, is: (a) => assert.equal(a.json.role, 'SUBSCRIBER'), remember: 'n' },
  { name: '3.5 (put away)', rq: ['DELETE', (m) => `sessions/S/connection/${m.n.id}`], status: 204, shape: 'E0' },
  { name: '3.2 fields of IPCAM are not looked at', rq: connection({ rtspUri: 5, adaptativeBitrate: 'x', onlyPlayWithSubscribers: 1, networkCache: 'x' }), status: 200, is: (a) => assert.deepEqual([a.json.rtspUri, a.json.networkCache], [null, null]), remember: 'n' },
  { name: '3.5 (put away)', rq: ['DELETE', (m) => `sessions/S/connection/${m.n.id}`], status: 204, shape: 'E0' },
  { name: '3.2 200 with everything', rq: connection({ type: 'WEBRTC', data: 'DATA', record: false, role: 'MODERATOR', kurentoOptions: { videoMaxSendBandwidth: 777, videoMinSendBandwidth: 1, videoMaxRecvBandwidth: 0, allowedFilters: ['GStreamerFilter', 'ZBarFilter'], x: 1 },
    customIceServers: [{ url: 'turn:turn-server.com', username: 'u', credential: 'c' }, { url: 'stun:1.2.3.4:1234' }, { url: 'turns:[2001:db8::1]:443?transport=tcp', staticAuthSecret: 's' }, { url: 'turn:valid-domain.es?transport=udp', username: '', credential: '' }] }), status: 200, keys: CONNECTION, remember: 'full', is: (a) => {
    assert.deepEqual([a.json.serverData, a.json.record, a.json.role], ['DATA', false, 'MODERATOR']);
    assert.deepEqual(a.json.kurentoOptions, { videoMaxRecvBandwidth: 0, videoMaxSendBandwidth: 777, videoMinSendBandwidth: 1, allowedFilters: ['GStreamerFilter', 'ZBarFilter'] });
    const [first, second, third] = a.json.customIceServers;
    assert.equal(JSON.stringify([first, second]), '[{"url":"turn:turn-server.com","username":"u","credential":"c"},{"url":"stun:1.2.3.4:1234"}]');
    keys(third, ['url', 'username', 'credential']);
    assert.match(third.username, /^\d{10}:[A-Za-z0-9]{8}$/);
    assert.match(third.credential, /^[A-Za-z0-9+/]{27}=$/);
  } },
  { name: '3.2 openviduCustomConnectionId', rq: connection({ data: '{"openviduCustomConnectionId":"con_my-id !"}' }), status: 200, is: (a) => assert.equal(a.json.id, 'con_myid') },
  { name: '3.2 openviduCustomConnectionId of another: 400', rq: connection({ data: '{"openviduCustomConnectionId":"myid"}' }), status: 400, shape: 'E1' },
  { name: '3.2 openviduCustomConnectionId in what is no JSON', rq: connection({ data: 'openviduCustomConnectionId' }), status: 200, is: (a) => assert.match(a.json.id, /^con_[A-Z][A-Za-z0-9]{9}$/), remember: 'n' },
  { name: '3.5 (put away)', rq: ['DELETE', (m) => `sessions/S/connection/${m.n.id}`], status: 204, shape: 'E0' },
  { name: '3.5 (put away)', rq: ['DELETE', 'sessions/S/connection/con_myid'], status: 204, shape: 'E0' },

  // ---- 3.7 POST tokens
  ...refused('3.7 400', 'E1', 400, {
    '{}': token({}), 'session true': token({ session: true }), 'bad role': token({ session: 'S', role: 'NOT_EXISTS' }), 'data 999': token({ session: 'S', data: 999 }), 'kurentoOptions false': token({ session: 'S', kurentoOptions: false }),
    'allowedFilters a string': token({ session: 'S', kurentoOptions: { allowedFilters: 'x' } }), 'ICE server': token({ session: 'S', customIceServers: [{ url: 'x' }] }),
  }),
  { name: '3.7 404 no such session', rq: token({ session: 'none' }), status: 404, shape: 'E1' },
  { name: '3.7 200: 8 keys with kurentoOptions', rq: token({ session: 'S', role: 'MODERATOR', data: 'SERVER_DATA', record: 'not looked at', kurentoOptions: { videoMaxSendBandwidth: 777, allowedFilters: ['GStreamerFilter'] } }), status: 200, keys: [...TOKEN, 'kurentoOptions'], remember: 'token', is: (a) => {
    assert.equal(a.json.id, a.json.token);
    assert.deepEqual([a.json.session, a.json.role, a.json.data], ['S', 'MODERATOR', 'SERVER_DATA']);
    assert.equal(JSON.stringify(a.json.kurentoOptions), '{"videoMaxSendBandwidth":777,"allowedFilters":["GStreamerFilter"]}');
  } },
  { name: '3.7 200: 7 keys without', rq: token({ session: 'S' }), status: 200, keys: TOKEN, is: (a) => assert.deepEqual([a.json.role, a.json.data], ['PUBLISHER', '']), remember: 'n' },
  { name: '3.5 (put away)', rq: ['DELETE', (m) => `sessions/S/connection/${m.n.connectionId}`], status: 204, shape: 'E0' },
  { name: '3.7 it made a pending connection; record is true', rq: ['GET', (m) => `sessions/S/connection/${m.token.connectionId}`], status: 200, keys: CONNECTION, is: (a, m) => assert.deepEqual([a.json.record, a.json.token, a.json.createdAt], [true, m.token.token, m.token.createdAt]) },

  // ---- 3.3 GET connection
  { name: '3.3 list: 404 no session', rq: ['GET', 'sessions/none/connection'], status: 404, shape: 'E0' },
  { name: '3.3 list: pendingConnections is true by default', rq: ['GET', 'sessions/S/connection'], status: 200, keys: LIST, is: (a, m) => assert.deepEqual([a.json.numberOfElements, a.json.content.map((c) => c.id)], [3, [m.pending.id, m.full.id, m.token.connectionId]]) },
  { name: '3.3 list: without pending ones', rq: ['GET', 'sessions/S/connection?pendingConnections=false'], status: 200, text: '{"numberOfElements":0,"content":[]}' },
  { name: '3.3 one: 200, as it was made', rq: ['GET', (m) => `sessions/S/connection/${m.full.id}`], status: 200, is: (a, m) => assert.equal(JSON.stringify(a.json), JSON.stringify(m.full)) },
  { name: '3.3 one: 400 of an unknown session', rq: ['GET', 'sessions/none/connection/con_X'], status: 400, shape: 'E0' },
  { name: '3.3 one: 404', rq: ['GET', 'sessions/S/connection/con_X'], status: 404, shape: 'E0' },
  { name: '2.3 without pendingConnections: none', rq: ['GET', 'sessions/S'], status: 200, is: (a) => assert.equal(a.json.connections.numberOfElements, 0) },
  { name: '2.3 pendingConnections=true: all three', rq: ['GET', 'sessions/S?pendingConnections=true'], status: 200, is: (a) => assert.equal(a.json.connections.numberOfElements, 3) },

  // ---- 3.5, 3.6
  { name: '3.5 DELETE connection: 400 unknown session', rq: ['DELETE', 'sessions/none/connection/con_X'], status: 400, shape: 'E0' },
  { name: '3.5 DELETE connection: 404 unknown', rq: ['DELETE', 'sessions/S/connection/con_X'], status: 404, shape: 'E0' },
  { name: '3.6 DELETE stream: 400 unknown session', rq: ['DELETE', 'sessions/none/stream/str_X'], status: 400, shape: 'E0' },
  { name: '3.6 DELETE stream: 404 session not active', rq: ['DELETE', 'sessions/S/stream/str_X'], status: 404, shape: 'E0' },

  // ---- 4 signal
  ...refused('4 400', 'E1', 400, { '{}': signal({}), 'session true': signal({ session: true }), 'to 12': signal({ session: 'S', to: 12 }), 'to [5] (2.32)': signal({ session: 'S', to: [5] }), 'type true': signal({ session: 'S', type: true }), 'data false': signal({ session: 'S', data: false }) }),
  { name: '4 404 no such session', rq: signal({ session: 'none' }), status: 404, shape: 'E0' },
  { name: '4 406 session is not active', rq: signal({ session: 'S', to: [], type: 't', data: 'd' }), status: 406, shape: 'E0' },

  // ---- 5 recordings, while the module is off
  { name: '5.2 1. no body: 400', rq: start(), status: 400, shape: 'E2' },
  ...refused('5 501 while OPENVIDU_RECORDING is false', 'E0', 501, {
    'start {}': start({}), 'start of an unknown session': start({ session: 'none', name: 'notalphanumeric@' }), 'start': start({ session: 'S' }), 'stop': ['POST', 'recordings/stop/S'], 'get': ['GET', 'recordings/S'], 'list': ['GET', 'recordings'], 'delete': ['DELETE', 'recordings/S'],
  }),
  { name: '1.5 recordings/stop with the form type and no body', rq: ['POST', 'recordings/stop/S'], type: FORM, status: 501, shape: 'E0' },

  // ---- 5.4 of other editions
  ...refused('5.4 not in CE: 404 on GET', 'E2', 404, { 'media-nodes': ['GET', 'media-nodes'], health: ['GET', 'health'], status: ['GET', 'status'], 'speech-to-text': ['GET', 'speech-to-text/jobs'], restart: ['GET', 'restart'] }),
  ...refused('5.4 not in CE: 405 on other methods', 'E2', 405, { 'broadcast/start': ['POST', 'broadcast/start', {}], 'broadcast/stop': ['POST', 'broadcast/stop', {}], 'media-nodes': ['POST', 'media-nodes', {}], restart: ['POST', 'restart', {}], 'speech-to-text': ['POST', 'speech-to-text/load', {}], 'media-nodes/x': ['DELETE', 'media-nodes/x'] }),

  // ---- 6 config
  { name: '6.1 GET config: keys, types, values', rq: ['GET', 'config'], status: 200, keys: CONFIG, is: (a, m) => {
    const { HTTPS_PORT, OPENVIDU_PUBLICURL, ...rest } = a.json;
    assert.equal(HTTPS_PORT, m.port);
    assert.match(OPENVIDU_PUBLICURL, /^http:\/\/127\.0\.0\.1:\d+\/?$/);
    assert.deepEqual(Object.values(rest), ['2.29.0', '127.0.0.1', false, 1000, 300, 1000, 300, 'MEDIA_SERVER_PREFERRED', false, false, 900, 3600, false, false]);
  } },
  { name: '6.2 openvidu-version', rq: ['GET', 'config/openvidu-version'], status: 200, text: '2.29.0' },
  { name: '6.2 openvidu-publicurl ends with /', rq: ['GET', 'config/openvidu-publicurl'], status: 200, is: (a, m) => assert.equal(a.text, `http://127.0.0.1:${m.port}/`) },
  { name: '6.2 openvidu-recording', rq: ['GET', 'config/openvidu-recording'], status: 200, text: 'false' },
  { name: '6.2 openvidu-recording-path', rq: ['GET', 'config/openvidu-recording-path'], status: 200, is: (a, m) => assert.equal(a.text, m.recordings) },
  { name: '6.2 openvidu-cdr', rq: ['GET', 'config/openvidu-cdr'], status: 200, text: 'false' },
  ...['openvidu-version', 'openvidu-recording', 'openvidu-recording-path', 'openvidu-cdr'].map((name) => ({ name: `6.2 ${name} needs credentials`, rq: ['GET', `config/${name}`], auth: 'none', status: 401, shape: 'E2' })),
  { name: '6.2 another: 404', rq: ['GET', 'config/unknown'], status: 404, shape: 'E2' },

  // ---- 1.1 other paths
  { name: '1.1 accept-certificate is public', rq: ['GET', '/openvidu/accept-certificate'], auth: 'none', status: 200, answer: { 'content-type': /^text\/html/ } },
  { name: '1.1 recordings need credentials', rq: ['GET', '/openvidu/recordings/S/S.mp4'], auth: 'none', status: 401, shape: 'E2' },
  { name: '1.1 recordings: 404', rq: ['GET', '/openvidu/recordings/S/S.mp4'], status: 404 },
  { name: '1.1 recordings: the file', rq: ['GET', '/openvidu/recordings/R/R.webm'], status: 200, text: 'a recording', answer: { 'content-type': 'video/webm' } },
  { name: '1.1 layouts: the file', rq: ['GET', '/openvidu/layouts/l/index.html?sessionId=S'], status: 200, text: 'a layout' },
];

// While SUPPORT_DEPRECATED_API is false.
export const NOT_DEPRECATED = ['/api/sessions', '/api/config', '/config', '/config/openvidu-publicurl', '/cdr', '/recordings/R/R.webm', '/layouts/custom/l/index.html', '/accept-certificate']
  .map((path) => ({ name: `1.1 ${path} without SUPPORT_DEPRECATED_API: 404`, rq: ['GET', path], status: 404, shape: 'E2' }));

export const DEPRECATED = [
  { name: '1.1 /api', rq: ['GET', '/api/sessions'], status: 200, keys: LIST },
  { name: '1.1 /api needs credentials', rq: ['GET', '/api/sessions'], auth: 'none', status: 401, shape: 'E2' },
  { name: '1.1 /api: POST', rq: ['POST', '/api/sessions', { customSessionId: 'S' }], status: 200, keys: SESSION },
  { name: '1.1 /api: 409', rq: ['POST', '/api/sessions', { customSessionId: 'S' }], status: 409, shape: 'E0' },
  { name: '1.1 /api: unknown', rq: ['GET', '/api/unknown'], status: 404, shape: 'E2' },
  { name: '1.1 /api: wrong method', rq: ['DELETE', '/api/sessions'], status: 405, shape: 'E2', answer: { allow: 'POST, GET, HEAD' } },
  { name: '1.1 the new path beside it', rq: ['GET', 'sessions/S'], status: 200, keys: SESSION },
  { name: '1.1 /config', rq: ['GET', '/config'], status: 200, keys: CONFIG },
  { name: '1.1 /config needs credentials', rq: ['GET', '/config'], auth: 'none', status: 401, shape: 'E2' },
  { name: '1.1 /config/...', rq: ['GET', '/config/openvidu-version'], status: 200, text: '2.29.0' },
  { name: '1.1 /config/openvidu-publicurl is public', rq: ['GET', '/config/openvidu-publicurl'], auth: 'none', status: 200 },
  { name: '1.1 /recordings needs credentials', rq: ['GET', '/recordings/R/R.webm'], auth: 'none', status: 401, shape: 'E2' },
  { name: '1.1 /recordings', rq: ['GET', '/recordings/R/R.webm'], status: 200, text: 'a recording' },
  { name: '1.1 /layouts/custom', rq: ['GET', '/layouts/custom/l/index.html'], status: 200, text: 'a layout' },
  { name: '1.1 /accept-certificate', rq: ['GET', '/accept-certificate'], auth: 'none', status: 200, answer: { 'content-type': /^text\/html/ } },
  { name: '3.2 OPENVIDU_WEBRTC_ICE_SERVERS for those who bring none', rq: connection({}), status: 200, is: (a) => {
    assert.equal(JSON.stringify(a.json.customIceServers[0]), '{"url":"stun:stun.example.org"}');
    keys(a.json.customIceServers[1], ['url', 'username', 'credential']);
    assert.match(a.json.customIceServers[1].username, /^\d{10}:[A-Za-z0-9]{8}$/);
  } },
  { name: '3.2 OPENVIDU_WEBRTC_ICE_SERVERS also with an empty array', rq: connection({ customIceServers: [] }), status: 200, is: (a) => assert.equal(a.json.customIceServers.length, 2) },
  { name: '3.2 a list in the request wins', rq: ice({ url: 'stun:1.2.3.4' }), status: 200, is: (a) => assert.deepEqual(a.json.customIceServers, [{ url: 'stun:1.2.3.4' }]) },
  { name: '2.2 defaults of the configuration', rq: session({}), status: 200, is: (a) => assert.deepEqual([a.json.forcedVideoCodec, a.json.allowTranscoding], ['VP9', true]) },
  { name: '2.2 quirk: not without a body', rq: session(), status: 200, is: (a) => assert.deepEqual([a.json.forcedVideoCodec, a.json.allowTranscoding], ['MEDIA_SERVER_PREFERRED', false]) },
];

const WEBHOOK_EVENTS = ['sessionCreated', 'sessionDestroyed', 'participantJoined', 'participantLeft', 'webrtcConnectionCreated',
  'webrtcConnectionDestroyed', 'recordingStatusChanged', 'filterEventDispatched', 'signalSent', 'broadcastStarted', 'broadcastStopped',
  'mediaNodeStatusChanged', 'autoscaling', 'nodeCrashed', 'nodeRecovered'];

// With OPENVIDU_CDR and OPENVIDU_WEBHOOK on.
export const EVENTS = [
  { name: '6.1 GET config with CDR and webhook: their keys, in their places', rq: ['GET', 'config'], status: 200, keys: [...CONFIG.slice(0, 5), 'OPENVIDU_CDR_PATH', ...CONFIG.slice(5), 'OPENVIDU_WEBHOOK_ENDPOINT', 'OPENVIDU_WEBHOOK_HEADERS', 'OPENVIDU_WEBHOOK_EVENTS'], is: (a, m) => {
    assert.deepEqual([a.json.OPENVIDU_CDR, a.json.OPENVIDU_CDR_PATH, a.json.OPENVIDU_WEBHOOK, a.json.OPENVIDU_WEBHOOK_ENDPOINT], [true, m.cdr, true, 'http://127.0.0.1:9/hook']);
    assert.deepEqual([a.json.OPENVIDU_WEBHOOK_HEADERS, a.json.OPENVIDU_WEBHOOK_EVENTS], [['Authorization: Basic eDp5'], WEBHOOK_EVENTS]);
  } },
  { name: '6.2 openvidu-cdr', rq: ['GET', 'config/openvidu-cdr'], status: 200, text: 'true' },
  { name: '7.3 a session for the file', rq: session({ customSessionId: 'C' }), status: 200 },
  { name: '7.3 GET cdr: names of files', rq: ['GET', '/openvidu/cdr'], soon: (a) => a.json.length > 0, status: 200, remember: 'files', answer: { 'content-type': 'application/json' }, is: (a) => {
    assert.equal(a.json.length, 1);
    assert.match(a.json[0], /^[^/]+\.log$/);
  } },
  { name: '7.3 each of them', rq: ['GET', (m) => `/openvidu/cdr/${m.files[0]}`], status: 200, is: (a) => assert.match(a.text, /"sessionId":"C"/) },
  { name: '7.3 another: 404', rq: ['GET', '/openvidu/cdr/CDR-none.log'], status: 404 },
  { name: '7.3 nothing beside the folder: 404', rq: ['GET', '/openvidu/cdr/..%2fsignaling.cfg'], status: 404 },
  ...refused('7.3 credentials are needed: 401', 'E2', 401, { names: ['GET', '/openvidu/cdr'], 'a file': ['GET', (m) => `/openvidu/cdr/${m.files[0]}`], 'before SUPPORT_DEPRECATED_API\'s path': ['GET', '/cdr'] }).map((row) => ({ ...row, auth: 'none' })),
  { name: '1.1 /cdr', rq: ['GET', '/cdr'], status: 200, is: (a, m) => assert.deepEqual(a.json, m.files) },
  { name: '1.1 /cdr/...', rq: ['GET', (m) => `/cdr/${m.files[0]}`], status: 200, is: (a) => assert.match(a.text, /sessionCreated/) },
];

// With participants: m.ann publishes, m.ben watches, in session L.
export const LIVE = [
  { name: '2.2 409 of an active session', rq: session({ customSessionId: 'L' }), status: 409, shape: 'E0' },
  { name: '2.3 with two users: exact keys', rq: ['GET', 'sessions/L'], status: 200, keys: SESSION, is: (a, m) => assert.deepEqual([a.json.connections.numberOfElements, a.json.connections.content.map((c) => [c.id, c.status])], [2, [[m.ann.id, 'active'], [m.ben.id, 'active']]]) },
  { name: '3.1 active, publishing: exact keys and values', rq: ['GET', (m) => `sessions/L/connection/${m.ann.id}`], status: 200, keys: CONNECTION, is: (a, m) => {
    const { createdAt, activeAt, publishers, ...rest } = a.json;
    assert.deepEqual(rest, { id: m.ann.id, object: 'connection', status: 'active', connectionId: m.ann.id, sessionId: 'L', location: 'unknown', ip: '127.0.0.1', platform: 'Chrome 114.0.0.0 on Linux 64-bit', token: m.annToken.token,
      type: 'WEBRTC', serverData: 'SERVER', record: true, role: 'PUBLISHER', kurentoOptions: null, customIceServers: [], rtspUri: null, adaptativeBitrate: null, onlyPlayWithSubscribers: null, networkCache: null, clientData: 'CLIENT', subscribers: [] });
    assert.equal(createdAt, m.annToken.createdAt);
    assert.ok(activeAt >= createdAt);
    assert.equal(publishers.length, 1);
    keys(publishers[0], PUBLISHER);
    keys(publishers[0].mediaOptions, MEDIA);
    assert.deepEqual(publishers[0].mediaOptions, { hasAudio: true, audioActive: true, hasVideo: true, videoActive: true, typeOfVideo: 'CAMERA', frameRate: 30, videoDimensions: '{"width":640,"height":480}', filter: {} });
    assert.deepEqual([publishers[0].streamId, publishers[0].createdAt], [m.ann.published.id, m.ann.published.createdAt]);
  } },
  { name: '3.1 active, watching', rq: ['GET', (m) => `sessions/L/connection/${m.ben.id}`], status: 200, keys: CONNECTION, is: (a, m) => {
    assert.deepEqual([a.json.publishers, a.json.clientData, a.json.serverData, a.json.role], [[], '', '', 'SUBSCRIBER']);
    assert.deepEqual(a.json.subscribers.map((s) => [Object.keys(s), s.streamId]), [[['createdAt', 'streamId'], m.ann.published.id]]);
  } },
  { name: '3.3 list of active and pending', rq: ['GET', 'sessions/L/connection'], status: 200, is: (a) => assert.deepEqual(a.json.content.map((c) => c.status), ['active', 'active', 'pending']) },
  { name: '3.1 webRtcStats of a publisher', rq: ['GET', (m) => `sessions/L/connection/${m.ann.id}?webRtcStats=true`], status: 200, keys: CONNECTION, is: (a, m) => {
    const [p] = a.json.publishers;
    keys(p, [...PUBLISHER, ...STATS]);
    assert.deepEqual([p.webrtcEndpointName, p.remoteSdp, p.localSdp], [m.ann.published.id, m.offers.publish, m.ann.published.sdpAnswer]);
    assert.ok(p.serverIceCandidates.length > 0);
    for (const c of p.serverIceCandidates) keys(c, ['candidate', 'sdpMid', 'sdpMLineIndex']);
    assert.match(p.localCandidate, /^candidate:\d+ 1 udp \d+ 127\.0\.0\.1 \d+ typ host$/);
    assert.deepEqual(p.clientIceCandidates.at(-1), { candidate: m.trickled, sdpMid: '0', sdpMLineIndex: 0 });
    assert.equal(p.remoteCandidate, m.trickled);
    assert.deepEqual(p.events.map((e) => [Object.keys(e), e.type]), [[['type', 'timestamp'], 'connecting']]);
  } },
  { name: '3.1 webRtcStats of a subscriber', rq: ['GET', 'sessions/L?webRtcStats=true'], status: 200, is: (a, m) => {
    const [s] = a.json.connections.content[1].subscribers;
    keys(s, ['createdAt', 'streamId', ...STATS]);
    assert.deepEqual([s.webrtcEndpointName, s.remoteSdp, s.localSdp], [`${m.ben.id}_${m.ann.published.id}`, m.offers.subscribe, m.benAnswer]);
    assert.deepEqual([s.localCandidate, s.remoteCandidate], [null, null]);
  } },
  { name: '3.1 webRtcStats of the list', rq: ['GET', 'sessions?webRtcStats=true'], status: 200, is: (a, m) => assert.equal(a.json.content.find((s) => s.id === 'L').connections.content[0].publishers[0].localSdp, m.ann.published.sdpAnswer) },
  { name: '3.3 webRtcStats of the connections', rq: ['GET', 'sessions/L/connection?webRtcStats=true'], status: 200, is: (a, m) => assert.deepEqual([a.json.numberOfElements, a.json.content[0].publishers[0].localSdp], [3, m.ann.published.sdpAnswer]) },
  ...refused('4 406: an id in `to` is no participant, nobody gets it', 'E1', 406, { 'a wrong one': signal({ session: 'L', to: ['con_X'], type: 'wrong' }), 'one right, one wrong': ['POST', 'signal', (m) => ({ session: 'L', to: [m.ann.id, 'con_X'], type: 'wrong' })], 'a pending one': ['POST', 'signal', (m) => ({ session: 'L', to: [m.cem.id], type: 'wrong' })] }),
  { name: '4 200 to all', rq: signal({ session: 'L', type: 'server1', data: 'to all' }), status: 200, shape: 'E0' },
  { name: '4 200 to all by []', rq: signal({ session: 'L', to: [], data: 'no type' }), status: 200, shape: 'E0' },
  { name: '4 200 to one', rq: ['POST', 'signal', (m) => ({ session: 'L', to: [m.ben.id], type: 'signal:foo' })], status: 200, shape: 'E0' },
  { name: '4 200 with nulls', rq: signal({ session: 'L', to: null, type: null, data: null }), status: 200, shape: 'E0' },
  { name: '3.6 DELETE stream: 404 unknown', rq: ['DELETE', 'sessions/L/stream/str_X'], status: 404, shape: 'E0' },
  { name: '3.6 DELETE stream: 204', rq: ['DELETE', (m) => `sessions/L/stream/${m.ann.published.id}`], status: 204, shape: 'E0' },
  { name: '3.6 DELETE stream, gone: 404', rq: ['DELETE', (m) => `sessions/L/stream/${m.ann.published.id}`], status: 404, shape: 'E0' },
  { name: '3.5 DELETE of a pending one: 204', rq: ['DELETE', (m) => `sessions/L/connection/${m.cem.id}`], status: 204, shape: 'E0' },
  { name: '3.5 DELETE of an active one: 204', rq: ['DELETE', (m) => `sessions/L/connection/${m.ben.id}`], status: 204, shape: 'E0' },
  { name: '3.5 DELETE, gone: 404', rq: ['DELETE', (m) => `sessions/L/connection/${m.ben.id}`], status: 404, shape: 'E0' },
  { name: '2.4 DELETE of an active session: 204', rq: ['DELETE', 'sessions/L'], status: 204, shape: 'E0' },
  { name: '2.4 a list that follows has it no more', rq: ['GET', 'sessions'], status: 200, is: (a) => assert.ok(!a.json.content.some((s) => s.id === 'L')) },
  { name: '2.4 DELETE, gone: 404', rq: ['DELETE', 'sessions/L'], status: 404, shape: 'E0' },
  { name: '2.2 its id is free at once', rq: session({ customSessionId: 'L' }), status: 200, keys: SESSION },
];
