// An application's server as the tutorials have it: one path makes a session, one a connection of it
// for each user. What an operator changes when he moves here are URL and SECRET.
//
//   POST /api/sessions                  body: createSession's properties   -> the session's id
//   POST /api/sessions/ID/connections   body: createConnection's           -> a token, or 404
import { createServer } from 'node:http';

const CORS = { 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Headers': '*' };

async function bodyOf(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text ? JSON.parse(text) : undefined;
}

// OpenVidu: of openvidu-node-client. {url, close()} of the application.
export async function tutorialBackEnd(OpenVidu, url, secret) {
  const openvidu = new OpenVidu(url, secret);

  async function answer(request) {
    const [, api, sessions, id, connections] = request.url.split('/');
    if (request.method !== 'POST' || api !== 'api' || sessions !== 'sessions') return [404, ''];
    const properties = await bodyOf(request);
    if (!id) return [200, (await openvidu.createSession(properties)).sessionId];
    const session = openvidu.activeSessions.find((s) => s.sessionId === decodeURIComponent(id));
    if (!session || connections !== 'connections') return [404, ''];
    return [200, (await session.createConnection(properties)).token];
  }

  const server = createServer(async (request, response) => {
    const [status, text] = request.method === 'OPTIONS' ? [204, ''] : await answer(request).catch((e) => [500, e.message]);
    response.writeHead(status, { ...CORS, 'Content-Type': 'text/plain' });
    response.end(text);
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}
