// Sizes of the tiles: as large as they can be, all in sight. A screen that is shared takes most of
// the room, the others line up beside or below it.
const GAP = 10;
const RATIO = 4 / 3;

// The largest tiles of that ratio for n in a box: {columns, width, height}.
export function fit(n, width, height, ratio = RATIO) {
  let best = { columns: 1, width: 0, height: 0 };
  for (let columns = 1; columns <= n; columns += 1) {
    const rows = Math.ceil(n / columns);
    let w = (width - GAP * (columns - 1)) / columns;
    let h = (height - GAP * (rows - 1)) / rows;
    if (w / h > ratio * 1.5) w = h * ratio * 1.5;
    else if (w / h < ratio * 0.75) h = w / (ratio * 0.75);
    if (w * h > best.width * best.height) best = { columns, width: Math.floor(w), height: Math.floor(h) };
  }
  return best;
}

// Lays out the children of stage; those with class "big" are the large ones.
export function arrange(stage) {
  const tiles = [...stage.children];
  const big = tiles.filter((t) => t.classList.contains('big'));
  const small = tiles.filter((t) => !t.classList.contains('big'));
  const box = stage.getBoundingClientRect();
  const style = getComputedStyle(stage);
  const width = box.width - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  const height = box.height - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);
  if (width <= 0 || height <= 0 || tiles.length === 0) return;
  const place = (list, x, y, w, h, ratio) => {
    const cell = fit(list.length, w, h, ratio);
    const rows = Math.ceil(list.length / cell.columns);
    const top = y + (h - rows * cell.height - (rows - 1) * GAP) / 2;
    list.forEach((tile, i) => {
      const row = Math.floor(i / cell.columns);
      const inRow = Math.min(cell.columns, list.length - row * cell.columns);
      const left = x + (w - inRow * cell.width - (inRow - 1) * GAP) / 2;
      Object.assign(tile.style, {
        width: `${cell.width}px`, height: `${cell.height}px`,
        left: `${Math.round(left + (i % cell.columns) * (cell.width + GAP))}px`,
        top: `${Math.round(top + row * (cell.height + GAP))}px`,
      });
    });
  };
  const x = parseFloat(style.paddingLeft);
  const y = parseFloat(style.paddingTop);
  if (big.length === 0) {
    place(small, x, y, width, height);
  } else if (small.length === 0) {
    place(big, x, y, width, height, 16 / 9);
  } else if (width > height) {
    const side = Math.max(180, width * 0.2);
    place(big, x, y, width - side - GAP, height, 16 / 9);
    place(small, x + width - side, y, side, height);
  } else {
    const strip = Math.max(120, height * 0.25);
    place(big, x, y, width, height - strip - GAP, 16 / 9);
    place(small, x, y + height - strip, width, strip);
  }
}
