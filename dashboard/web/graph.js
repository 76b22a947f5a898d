// @ts-check
// The graph's own: it opens on the current state, grows and shrinks, finds a
// state by name, arrows lead along its transitions, and a large one has a map.

let zoom = 1;

const box = () => document.getElementById('graphbox');
const picture = () => /** @type {SVGSVGElement|null} */ (document.querySelector('#graphbox svg'));

function resize() {
  const svg = picture();
  if (!svg) return;
  svg.setAttribute('width', String(Math.round(svg.viewBox.baseVal.width * zoom)));
  svg.setAttribute('height', String(Math.round(svg.viewBox.baseVal.height * zoom)));
}

const SMALLEST = 0.2, LARGEST = 3;

/** @param {number} to @param {number} least */
function zoomTo(to, least = SMALLEST) {
  const b = box();
  if (!b) return;
  const old = zoom, reset = document.querySelector('[data-zoom=reset]');
  zoom = Math.min(LARGEST, Math.max(least, to));
  const x = (b.scrollLeft + b.clientWidth / 2) * zoom / old, y = (b.scrollTop + b.clientHeight / 2) * zoom / old;
  resize();
  if (reset) reset.textContent = `${Math.round(zoom * 100)} %`;
  b.scrollTo({ left: x - b.clientWidth / 2, top: y - b.clientHeight / 2, behavior: 'instant' });
  frameView();
}

/** As large as the whole of it may be seen. */
function fit() {
  const b = box(), svg = picture();
  if (!b || !svg) return;
  const whole = svg.viewBox.baseVal;
  zoomTo(Math.min(1, (b.clientWidth - 4) / whole.width, (b.clientHeight - 4) / whole.height), 0);
}

function fill() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.getElementById('graphroom')?.requestFullscreen();
}

/** @param {Element|null|undefined} node */
function centre(node) {
  const b = box();
  if (!node || !b) return;
  const n = (node.querySelector('.box') ?? node).getBoundingClientRect(), r = b.getBoundingClientRect();
  const x = b.scrollLeft + n.left - r.left, y = b.scrollTop + n.top - r.top;
  // to the side only as far as it must: the usual way is on the left
  const fits = x + n.width + 40 <= b.clientWidth;
  b.scrollTo({
    left: fits ? 0 : x + n.width / 2 - b.clientWidth / 2,
    top: y + Math.min(n.height, r.height) / 2 - b.clientHeight / 2,
    behavior: 'instant',
  });
}

/** @param {string} name */
function find(name) {
  const wanted = name.trim().toLowerCase();
  const nodes = [...document.querySelectorAll('#graphbox .node')];
  const state = (/** @type {Element} */ n) => (n.getAttribute('data-state') ?? '').toLowerCase();
  const hit = nodes.find((n) => state(n) === wanted) ??
    nodes.find((n) => wanted && state(n).startsWith(wanted)) ?? nodes.find((n) => wanted && state(n).includes(wanted));
  if (!hit) return;
  centre(hit);
  /** @type {any} */ (hit).focus({ preventScroll: true });
}

/** Along a transition: down to where it leads, up to where it comes from. */
/** @param {KeyboardEvent} e */
function walk(e) {
  const node = /** @type {Element} */ (e.target).closest?.('#graphbox .node');
  const b = box();
  if (!b || !['ArrowDown', 'ArrowUp'].includes(e.key) || !node) return;
  const down = e.key === 'ArrowDown';
  const name = node.getAttribute('data-state') ?? '';
  const edges = [...document.querySelectorAll(`#graphbox .edge[data-${down ? 'from' : 'to'}="${CSS.escape(name)}"]`)];
  edges.sort((x, y) => Number(y.getAttribute('data-taken')) - Number(x.getAttribute('data-taken')));
  const to = edges.map((x) => x.getAttribute(down ? 'data-to' : 'data-from')).find((n) => n);
  if (!to) return;
  e.preventDefault();
  find(to);
}

// ---- the whole in small, from 40 states on

const MAP_FROM = 40, MAP_WIDTH = 180, MAP_HEIGHT = 150;
const SVG = 'http://www.w3.org/2000/svg';

/** @param {string} name @param {Record<string, string|number|null>} attributes */
function shape(name, attributes) {
  const e = document.createElementNS(SVG, name);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, String(v));
  return e;
}

/** What is in view, as a frame on the map. */
function frameView() {
  const b = box(), frame = document.querySelector('.minimap .view');
  if (!b || !frame) return;
  const values = { x: b.scrollLeft, y: b.scrollTop, width: b.clientWidth, height: b.clientHeight };
  for (const [k, v] of Object.entries(values)) frame.setAttribute(k, String(v / zoom));
  document.querySelector('.minimap')?.toggleAttribute('hidden', b.scrollWidth <= b.clientWidth && b.scrollHeight <= b.clientHeight);
}

/** @param {PointerEvent} e */
function moveView(e) {
  const b = box(), svg = picture();
  if (!b || !svg || e.buttons === 0) return;
  const r = /** @type {Element} */ (e.currentTarget).getBoundingClientRect(), whole = svg.viewBox.baseVal;
  b.scrollTo({
    left: (e.clientX - r.left) / r.width * whole.width * zoom - b.clientWidth / 2,
    top: (e.clientY - r.top) / r.height * whole.height * zoom - b.clientHeight / 2,
    behavior: 'instant',
  });
}

function drawMap() {
  const b = box(), svg = picture(), nodes = document.querySelectorAll('#graphbox .node[data-state]');
  document.querySelector('.minimap')?.parentElement?.remove();
  if (!b || !svg || nodes.length < MAP_FROM) return;
  const whole = svg.viewBox.baseVal, scale = Math.min(MAP_WIDTH / whole.width, MAP_HEIGHT / whole.height);
  const map = shape('svg', { class: 'minimap', 'aria-hidden': 'true', viewBox: `0 0 ${whole.width} ${whole.height}`,
    width: Math.max(48, whole.width * scale), height: Math.max(48, whole.height * scale), preserveAspectRatio: 'none' });
  for (const n of nodes) {
    const rect = n.querySelector('.box');
    if (!rect) continue;
    map.append(shape('rect', { class: `small ${n.getAttribute('class')?.replace('node ', '')}`, x: rect.getAttribute('x'), y: rect.getAttribute('y'),
      width: rect.getAttribute('width'), height: rect.getAttribute('height') }));
  }
  map.append(shape('rect', { class: 'view' }));
  for (const kind of ['pointerdown', 'pointermove']) map.addEventListener(kind, /** @type {any} */ (moveView));
  const spot = document.createElement('div');
  spot.className = 'mapspot';
  spot.append(map);
  b.after(spot);
  b.onscroll = frameView;
  frameView();
}

export function dress() {
  const bar = document.getElementById('toolbar'), svg = picture(), b = box();
  if (!svg || !b) return;
  if (zoom !== 1) resize();
  const shown = document.querySelector('[data-zoom=reset]');
  if (shown) shown.textContent = `${Math.round(zoom * 100)} %`;
  if (bar && bar.hidden) {
    bar.hidden = false;
    bar.querySelector('[data-zoom=full]')?.toggleAttribute('hidden', !document.fullscreenEnabled);
    bar.addEventListener('click', (e) => {
      const kind = /** @type {HTMLElement} */ (e.target).dataset.zoom;
      if (kind === 'fit') fit();
      else if (kind === 'full') fill();
      else if (kind) zoomTo(kind === 'in' ? zoom * 1.25 : kind === 'out' ? zoom / 1.25 : 1);
    });
    const field = /** @type {HTMLInputElement} */ (document.getElementById('find-state'));
    field.addEventListener('change', () => find(field.value));
    field.addEventListener('keydown', (e) => { if (e.key === 'Enter') find(field.value); });
    b.addEventListener('keydown', walk);
  }
  if (!b.dataset.jsSeen) {
    b.dataset.jsSeen = '1';
    const first = svg.querySelector('[aria-current]') ?? svg.querySelector('.node.overdue, .node.running') ?? svg.querySelector('.node');
    const foot = first?.getBoundingClientRect().bottom ?? 0;
    if (foot > b.getBoundingClientRect().bottom) centre(first); // what begins in sight stays where it is
  }
  drawMap();
}
