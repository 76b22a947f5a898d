// @ts-check
// The timeline's own: what is marked by dragging over it is looked at closely.

import { swap } from './page.js';

const LEAST = 6; // pixels; less is a click on a row

/** @param {SVGSVGElement} svg @param {PointerEvent} e */
function placeOf(svg, e) {
  const r = svg.getBoundingClientRect();
  return (e.clientX - r.left) / r.width * svg.viewBox.baseVal.width;
}

/** The moment at a place: between two bends time is even. */
/** @param {SVGSVGElement} svg @param {number} x */
function momentAt(svg, x) {
  const bends = (svg.dataset.scale ?? '').split(',').map((b) => b.split(':').map(Number));
  const last = bends.length - 1;
  if (x <= bends[0][0]) return bends[0][1];
  if (x >= bends[last][0]) return bends[last][1];
  const i = bends.findIndex((b) => b[0] > x), [x0, t0] = bends[i - 1], [x1, t1] = bends[i];
  return t0 + (x - x0) / (x1 - x0) * (t1 - t0);
}

export function dressTimeline() {
  const svg = /** @type {SVGSVGElement|null} */ (document.querySelector('#timebox svg'));
  if (!svg || svg.dataset.jsSeen) return;
  svg.dataset.jsSeen = '1';
  let from = -1, dragged = false, frame = /** @type {SVGRectElement|null} */ (null);
  svg.addEventListener('dragstart', (e) => e.preventDefault());
  svg.addEventListener('pointerdown', (e) => { if (e.button === 0) from = placeOf(svg, e); });
  svg.addEventListener('pointermove', (e) => {
    if (from < 0 || !(e.buttons & 1)) return;
    const to = placeOf(svg, e);
    if (!frame && Math.abs(to - from) < LEAST) return;
    if (!frame) {
      frame = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
      frame.setAttribute('class', 'brush');
      svg.append(frame);
      svg.setPointerCapture(e.pointerId);
    }
    const values = { x: Math.min(from, to), y: 0, width: Math.abs(to - from), height: svg.viewBox.baseVal.height };
    for (const [k, v] of Object.entries(values)) frame.setAttribute(k, String(v));
  });
  const end = (/** @type {PointerEvent} */ e) => {
    dragged = Boolean(frame);
    if (frame && e.type === 'pointerup') {
      const [a, b] = [from, placeOf(svg, e)].sort((x, y) => x - y).map((x) => new Date(momentAt(svg, x)).toISOString());
      const url = new URL(`${svg.dataset.window}&from=${a}&to=${b}`, location.href).href;
      swap(url, true).catch(() => { location.href = url; });
    }
    frame?.remove();
    frame = null;
    from = -1;
  };
  svg.addEventListener('pointerup', end);
  svg.addEventListener('pointercancel', end);
  svg.addEventListener('click', (e) => { if (dragged) e.preventDefault(); dragged = false; }, true);
}
