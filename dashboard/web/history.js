// @ts-check
// A long history: blocks of rows that are fetched when they come near, and
// given back when they are far.
import { parse } from './page.js';

const NEAR = 1; // blocks beside those in view that stay loaded

/** @type {IntersectionObserver|null} */
let watching = null;
/** Those in view, or nearly. @type {Set<HTMLElement>} */
const inView = new Set();

/** @param {HTMLElement} block @param {HTMLElement} blocks */
async function load(block, blocks) {
  if (block.childElementCount > 0 || block.ariaBusy === 'true') return;
  block.ariaBusy = 'true';
  try {
    const answer = await fetch(blocks.dataset.link + block.dataset.from);
    const rows = parse(await answer.text()).body.firstElementChild;
    if (rows && inView.has(block)) block.replaceChildren(document.importNode(rows, true));
  } finally {
    block.ariaBusy = 'false';
  }
}

/** What is far from everything in view is given back. @param {HTMLElement} blocks */
function giveBack(blocks) {
  const all = [...blocks.children];
  const places = [...inView].map((b) => all.indexOf(b));
  all.forEach((b, i) => {
    if (b.childElementCount > 0 && !b.contains(document.activeElement) && places.every((at) => Math.abs(i - at) > NEAR)) b.replaceChildren();
  });
}

/** @param {number} from */
function emptyBlock(from) {
  const b = document.createElement('section');
  b.className = 'block';
  b.dataset.from = String(from);
  return b;
}

/** Blocks for all events there are, in their order. */
/** @param {HTMLElement} blocks @param {number} total */
function arrange(blocks, total) {
  const size = Number(blocks.dataset.block), all = [];
  const there = new Map([...blocks.children].map((b) => [Number(/** @type {HTMLElement} */ (b).dataset.from), b]));
  for (let from = 1; from <= total; from += size) all.push(from);
  if (blocks.dataset.order === 'newest') all.reverse();
  let before = /** @type {Element|null} */ (null);
  for (const from of all) {
    let b = there.get(from);
    if (!b) {
      b = emptyBlock(from);
      if (before) before.after(b);
      else blocks.prepend(b);
      watching?.observe(b);
    }
    before = b;
  }
}

/** The block with this event is read again, or for the first time. */
/** @param {HTMLElement} blocks @param {number} id */
async function read(blocks, id) {
  const size = Number(blocks.dataset.block), from = Math.floor((id - 1) / size) * size + 1;
  const there = /** @type {HTMLElement|null} */ (blocks.querySelector(`[data-from="${from}"]`));
  if (there && there.childElementCount === 0) return; // it is far away
  const rows = parse(await (await fetch(blocks.dataset.link + from)).text()).body.firstElementChild;
  const block = there ?? emptyBlock(from);
  if (rows) block.replaceChildren(document.importNode(rows, true));
  if (there) return;
  if (blocks.dataset.order === 'newest') blocks.prepend(block); // with its rows: nothing jumps
  else blocks.append(block);
  watching?.observe(block);
}

export function dressHistory() {
  const blocks = document.getElementById('blocks');
  if (!blocks || blocks.dataset.jsDressed) return;
  blocks.dataset.jsDressed = '1';
  for (const p of document.querySelectorAll('[data-paging]')) /** @type {HTMLElement} */ (p).hidden = true;
  watching?.disconnect();
  inView.clear();
  watching = new IntersectionObserver((entries) => {
    for (const e of entries) {
      const block = /** @type {HTMLElement} */ (e.target);
      if (e.isIntersecting) inView.add(block);
      else inView.delete(block);
    }
    for (const block of inView) load(block, blocks);
    giveBack(blocks);
  }, { rootMargin: '800px' });
  arrange(blocks, Number(blocks.dataset.total));
  for (const b of blocks.children) watching.observe(b);
  if (location.hash) document.querySelector(CSS.escape(location.hash).replace('\\#', '#'))?.scrollIntoView();
  blocks.addEventListener('pavane:renew', (e) => {
    const total = Number(/** @type {HTMLElement} */ (/** @type {CustomEvent} */ (e).detail).dataset.total);
    const before = Number(blocks.dataset.total);
    if (total === before) return;
    blocks.dataset.total = String(total);
    // The last block that was there has more now, and another may have begun.
    read(blocks, before).then(() => read(blocks, total)).then(() => arrange(blocks, total));
  });
}
