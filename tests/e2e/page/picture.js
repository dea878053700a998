// Pictures: tracks of one colour, and the average colour of what a video element shows.
const canvases = new Map();

// A video track that draws the given colour, width by height, again and again.
export function colourTrack(colour, width = 640, height = 480) {
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width, height });
  const track = canvas.captureStream(15).getVideoTracks()[0];
  let n = 0;
  const draw = () => {
    const context = canvas.getContext('2d');
    context.fillStyle = colour;
    context.fillRect(0, 0, canvas.width, canvas.height);
    // Something has to move, or some encoders send nothing.
    context.fillStyle = (n += 1) % 2 ? '#000' : '#fff';
    context.fillRect(0, 0, 2, 2);
    if (track.readyState === 'live') setTimeout(draw, 60);
  };
  draw();
  canvases.set(track.id, canvas);
  return track;
}

export function resizeTrack(track, width, height) {
  Object.assign(canvases.get(track.id), { width, height });
}

// [red, green, blue], 0 to 255 each; null when nothing is shown.
export function averageColour(video) {
  if (!video || video.videoWidth === 0) return null;
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width: 16, height: 12 });
  const context = canvas.getContext('2d');
  context.drawImage(video, 0, 0, 16, 12);
  const { data } = context.getImageData(0, 0, 16, 12);
  const sum = [0, 0, 0];
  for (let i = 0; i < data.length; i += 4) for (let k = 0; k < 3; k += 1) sum[k] += data[i + k];
  return sum.map((s) => Math.round(s / (16 * 12)));
}
