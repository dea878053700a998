// Camera and microphone: the lists, the preview, and what went wrong in words.
export async function list() {
  const all = await navigator.mediaDevices.enumerateDevices();
  const of = (kind) => all.filter((d) => d.kind === kind && d.deviceId !== '');
  return { cameras: of('videoinput'), microphones: of('audioinput') };
}

export function explain(error) {
  switch (error?.name) {
    case 'NotAllowedError':
    case 'SecurityError':
    case 'DEVICE_ACCESS_DENIED':
      return 'The browser was not allowed to use it. Allow it in the address bar, then try again.';
    case 'NotFoundError':
    case 'OverconstrainedError':
    case 'INPUT_VIDEO_DEVICE_NOT_FOUND':
    case 'INPUT_AUDIO_DEVICE_NOT_FOUND':
      return 'There is none, or it was unplugged.';
    case 'NotReadableError':
    case 'DEVICE_ALREADY_IN_USE':
      return 'Another program is using it.';
    default:
      return error?.message ?? 'It could not be opened.';
  }
}

// One kind at a time, so that a missing camera does not cost the microphone.
async function open(kind, deviceId) {
  const wanted = kind === 'video' ? { width: 640, height: 480, frameRate: 30 } : {};
  if (deviceId) wanted.deviceId = { exact: deviceId };
  try {
    return await navigator.mediaDevices.getUserMedia({ [kind]: wanted });
  } catch (error) {
    if (!deviceId || error.name === 'NotAllowedError') throw error;
    return navigator.mediaDevices.getUserMedia({ [kind]: kind === 'video' ? { width: 640, height: 480, frameRate: 30 } : true });
  }
}

export async function openTrack(kind, deviceId) {
  const stream = await open(kind, deviceId);
  return stream.getTracks()[0];
}
