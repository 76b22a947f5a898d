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

/** Blocks for all events there are; the last one is read again. */
/** @param {HTMLElement} blocks @param {number} total */
function extend(blocks, total) {
  const size = Number(blocks.dataset.block);
  let last = /** @type {HTMLElement|null} */ (blocks.lastElementChild);
  let from = last ? Number(last.dataset.from) + size : 1;
  for (; from <= total; from += size) {
    last = document.createElement('section');
    last.className = 'block';
    last.dataset.from = String(from);
    blocks.append(last);
    watching?.observe(last);
  }
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
  // Blocks in front of the one that came with the page.
  const size = Number(blocks.dataset.block), first = /** @type {HTMLElement} */ (blocks.firstElementChild);
  for (let from = Number(first.dataset.from) - size; from > 0; from -= size) {
    const b = document.createElement('section');
    b.className = 'block';
    b.dataset.from = String(from);
    blocks.prepend(b);
  }
  extend(blocks, Number(blocks.dataset.total));
  for (const b of blocks.children) watching.observe(b);
  if (location.hash) document.querySelector(CSS.escape(location.hash).replace('\\#', '#'))?.scrollIntoView();
  blocks.addEventListener('pavane:renew', (e) => {
    const total = Number(/** @type {HTMLElement} */ (/** @type {CustomEvent} */ (e).detail).dataset.total);
    if (total === Number(blocks.dataset.total)) return;
    blocks.dataset.total = String(total);
    const last = /** @type {HTMLElement} */ (blocks.lastElementChild);
    if (last.childElementCount > 0) {
      fetch(blocks.dataset.link + last.dataset.from).then((a) => a.text()).then((text) => {
        const rows = parse(text).body.firstElementChild;
        if (rows) last.replaceChildren(document.importNode(rows, true));
      });
    }
    extend(blocks, total);
  });
}
