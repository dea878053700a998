// Who may come in: what the server says of it, logging in and out. The proof of having logged in is
// a cookie that scripts cannot read.
export const account = { isPrivate: false, isLoggedIn: true, user: '' };

export const UNREACHABLE = 'This page cannot reach its server. Check your connection and try again.';

// A request to the app's own server. Its words about what went wrong become the error's, with its status.
export async function ask(path, body) {
  let response;
  try {
    response = await fetch(path, body === undefined ? {} : {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Error(UNREACHABLE);
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  throw Object.assign(new Error(answer.message ?? `The server answered ${response.status}.`), { status: response.status });
}

export async function look() {
  Object.assign(account, { user: '' }, await ask('call/config'));
}

export async function logIn(username, password) {
  await ask('auth/login', { username, password });
  await look();
}

export async function logOut() {
  await ask('auth/logout', {});
  await look();
}
