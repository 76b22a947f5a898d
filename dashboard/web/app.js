// @ts-check
// The page in the browser: live changes, keys, ticking spans, the graph's own
// buttons.  All of it is an addition: without it the page reads as well.
import { follow, hold } from './live.js';
import { go, here, main, say, swap, swapPosted } from './page.js';

const offset = Number(document.documentElement.dataset.now) - Date.now();
const KEYS_OFF = 'pavane-keys-off';

// ---- spans that grow: "3 h 4 min"

/** @param {number} ms */
function spanText(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  const m = Math.floor(s / 60), h = Math.floor(m / 60), d = Math.floor(h / 24);
  if (d > 0) return `${d} d ${h % 24} h`;
  if (h > 0) return `${h} h ${m % 60} min`;
  return m > 0 ? `${m} min ${s % 60} s` : `${s} s`;
}

function tick() {
  const now = Date.now() + offset;
  let next = 60000;
  for (const e of document.querySelectorAll('[data-since]')) {
    const ms = now - Number(/** @type {HTMLElement} */ (e).dataset.since);
    const text = spanText(ms);
    if (e.textContent !== text) e.textContent = text;
    if (ms < 3600000) next = 1000;
  }
  setTimeout(tick, next);
}

// ---- keys

let pending = '';
let row = -1;

function rows() {
  return [...document.querySelectorAll('[data-list] > tr')];
}

/** @param {number} by */
function moveRow(by) {
  const all = rows();
  if (all.length === 0) return;
  row = Math.min(all.length - 1, Math.max(0, row + by));
  for (const r of all) r.classList.toggle('row-focus', r === all[row]);
  all[row].querySelector('a')?.focus();
}

/** @param {string} selector */
function click(selector) {
  const e = /** @type {HTMLElement|null} */ (document.querySelector(selector));
  e?.click();
}

/** @type {Record<string, () => void>} */
const keys = {
  '/': () => /** @type {HTMLElement|null} */ (document.getElementById('big') ?? document.getElementById('q'))?.focus(),
  '?': () => go('help'),
  j: () => moveRow(1),
  k: () => moveRow(-1),
  '[': () => click('#visit-earlier'),
  ']': () => click('#visit-later'),
  f: () => click('#failure'),
  ',': () => click('#at-back'),
  '.': () => click('#at-on'),
  c: () => copy(location.href, /** @type {Element} */ (document.querySelector('h1'))),
  t: () => changeZone(),
  l: () => hold(),
  '+': () => click('[data-zoom=in]'),
  '-': () => click('[data-zoom=out]'),
  '0': () => click('[data-zoom=reset]'),
  '9': () => click('[data-zoom=fit]'),
  'g o': () => go('./'),
  'g e': () => go('executions'),
  'g m': () => go('machines'),
  'g p': () => go('producers'),
  'g y': () => go('analyse'),
  'g v': () => go('events'),
  'g b': () => go('bus/rules'),
  'g a': () => go('attention'),
};
for (const n of '1234') keys[n] = () => click(`.tabs [data-number="${n}"]`);

addEventListener('keydown', (e) => {
  const at = /** @type {HTMLElement} */ (e.target);
  if (e.key === 'Escape' && at.matches('input')) {
    at.blur();
    return;
  }
  if (e.ctrlKey || e.metaKey || e.altKey || at.closest('input, select, textarea')) return;
  if (localStorage.getItem(KEYS_OFF)) return;
  const name = pending + e.key;
  pending = e.key === 'g' ? 'g ' : '';
  if (keys[name]) {
    e.preventDefault();
    keys[name]();
  }
});

// ---- what must be done anew when the page has changed

function dressAll() {
  if (document.getElementById('graphbox')) import('./graph.js').then((m) => m.dress());
  if (document.getElementById('timebox')) import('./timeline.js').then((m) => m.dressTimeline());
  if (document.getElementById('blocks')) import('./history.js').then((m) => m.dressHistory());
  dressZone();
  dressCopy();
  dressScrub();
  dressView();
  dressMutes();
  dressTry();
  const off = /** @type {HTMLInputElement|null} */ (document.getElementById('keys-off'));
  if (off) {
    off.disabled = false;
    off.checked = localStorage.getItem(KEYS_OFF) !== null;
    off.onchange = () => off.checked ? localStorage.setItem(KEYS_OFF, '1') : localStorage.removeItem(KEYS_OFF);
  }
}

/** A button that did its work says so for a moment. @param {Element} button */
function showCopied(button) {
  if (!button.matches('button')) return;
  if (button.textContent?.endsWith('✓')) return;
  const text = button.textContent ?? '';
  button.textContent = 'Copied ✓';
  setTimeout(() => { button.textContent = text; }, 2000);
}

/** Into the clipboard, or, where a page has none (plain HTTP), marked to be copied. @param {string} text @param {Element} beside */
async function copy(text, beside) {
  try {
    await navigator.clipboard.writeText(text);
    say('Copied');
    showCopied(beside);
  } catch {
    document.getElementById('copied')?.remove();
    const field = document.createElement('textarea');
    field.id = 'copied';
    field.dataset.jsOwn = '1';
    field.readOnly = true;
    field.setAttribute('aria-label', 'Copy this');
    field.value = text;
    beside.after(field);
    field.select();
    say('Marked: copy it with Ctrl+C');
  }
}

/** Buttons that copy what is beside them, and what another address gives: the answer, a payload. */
function dressCopy() {
  for (const e of document.querySelectorAll('button[data-copy-beside]')) {
    const button = /** @type {HTMLButtonElement} */ (e);
    button.disabled = false;
    button.onclick = () => copy(button.previousElementSibling?.textContent ?? '', button);
  }
  for (const e of document.querySelectorAll('button[data-copy]')) {
    const button = /** @type {HTMLButtonElement} */ (e);
    button.disabled = false;
    button.onclick = async () => {
      const answer = await fetch(new URL(button.dataset.copy ?? '', location.href));
      if (answer.ok) copy(await answer.text(), button);
    };
  }
}

// ---- what the box could mean

/** @type {number} */
let asked = 0;

/** @param {HTMLInputElement} box */
async function suggest(box) {
  const mine = ++asked;
  await new Promise((done) => setTimeout(done, 150));
  if (mine !== asked || box.value.trim().length < 2) return;
  const answer = await fetch(here('find') + '?part=suggest&q=' + encodeURIComponent(box.value.trim()));
  if (!answer.ok || mine !== asked) return;
  const list = document.getElementById('suggested');
  list?.replaceChildren(...(await answer.json()).map((/** @type {string} */ name) => {
    const option = document.createElement('option');
    option.value = name;
    return option;
  }));
}

for (const id of ['q', 'big']) {
  const box = /** @type {HTMLInputElement|null} */ (document.getElementById(id));
  box?.addEventListener('input', () => suggest(box).catch(() => {}));
}

// ---- views

/** "Save this view": for everybody who opens this dashboard. */
function dressView() {
  const all = document.getElementById('save-view');
  const name = /** @type {HTMLInputElement|null} */ (document.getElementById('view-name'));
  const button = /** @type {HTMLButtonElement|null} */ (all?.querySelector('button'));
  if (!all || !name || !button) return;
  all.hidden = location.search === '';
  button.onclick = async () => {
    if (name.value.trim() === '') { name.focus(); return; }
    const refused = await ask('PutView', { Name: name.value.trim(), Path: 'executions' + location.search });
    say(refused || `Saved as ${name.value}`);
    if (!refused) location.reload();
    else name.setCustomValidity(refused);
    name.reportValidity();
  };
}

// ---- an event that is tried

const ADDRESS_MAX = 3500; // bytes of one that fit into a link

function dressTry() {
  const form = /** @type {HTMLFormElement|null} */ (document.getElementById('try'));
  if (!form) return;
  form.onsubmit = (e) => {
    const event = /** @type {HTMLTextAreaElement} */ (form.elements.namedItem('event')).value;
    if (encodeURIComponent(event).length <= ADDRESS_MAX) return;
    e.preventDefault();
    const bus = /** @type {HTMLSelectElement|null} */ (form.elements.namedItem('bus'))?.value ?? 'default';
    swapPosted(form.action + '?bus=' + encodeURIComponent(bus), event).catch(() => say('The server does not answer'));
  };
}

// ---- what nobody is told of

/** @param {string} action @param {object} what */
async function ask(action, what) {
  const answer = await fetch(here('./'), {
    method: 'POST', headers: { 'Content-Type': 'application/x-amz-json-1.0', 'X-Amz-Target': `Pavane.${action}` },
    body: JSON.stringify(what),
  });
  return answer.ok ? '' : (await answer.json()).message ?? 'It could not be done';
}

/** Buttons beside a group: mark it, with a reason, and the contrary. */
function dressMutes() {
  const dialog = /** @type {HTMLDialogElement|null} */ (document.getElementById('mute'));
  const form = dialog?.querySelector('form');
  for (const b of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll('[data-mute], [data-unmute]'))) {
    b.hidden = false;
    b.onclick = async () => {
      const { mute, unmute } = b.dataset;
      if (unmute) {
        say(await ask('DeleteMute', { Group: unmute }) || 'It counts again');
        location.reload();
      } else if (dialog && form) {
        const as = /** @type {HTMLSelectElement} */ (form.elements.namedItem('as'));
        const minutes = /** @type {HTMLSelectElement} */ (form.elements.namedItem('minutes'));
        const what = document.getElementById('mute-what');
        if (what) what.textContent = b.dataset.what ?? '';
        as.onchange = () => { minutes.disabled = as.value !== 'muted'; };
        dialog.onclose = async () => {
          if (dialog.returnValue !== 'mute') return;
          const data = new FormData(form), end = as.value === 'muted' ? { Minutes: Number(minutes.value) } : {};
          say(await ask('PutMute', { Group: mute, As: as.value, Reason: data.get('reason'), ...end }) || 'Marked');
          location.reload();
        };
        dialog.returnValue = '';
        dialog.showModal();
      }
    };
  }
}

// ---- back in time

let scrubbing = false;

/** The range field: the page as it was, ten times a second at most. */
function dressScrub() {
  const range = /** @type {HTMLInputElement|null} */ (document.getElementById('scrub'));
  if (!range) return;
  range.disabled = false;
  range.onkeydown = (e) => { // from one step to the next: between them nothing changes
    if (e.key !== 'ArrowLeft' && e.key !== 'ArrowRight') return;
    e.preventDefault();
    click(e.key === 'ArrowLeft' ? '#at-back' : '#at-on');
  };
  range.oninput = async () => {
    if (scrubbing) return;
    scrubbing = true;
    for (let shown = ''; shown !== range.value;) {
      shown = range.value;
      await Promise.all([swap((range.dataset.link ?? '') + shown, false), new Promise((done) => setTimeout(done, 100))]);
    }
    history.replaceState(null, '', new URL((range.dataset.link ?? '') + range.value, location.href));
    scrubbing = false;
  };
}

/** "As this browser": its zone into the form, and off. */
function dressZone() {
  const own = /** @type {HTMLButtonElement|null} */ (document.getElementById('own-zone'));
  if (!own?.form) return;
  own.disabled = false;
  own.onclick = () => {
    const to = /** @type {HTMLInputElement} */ (own.form?.elements.namedItem('to') ?? own);
    to.value = Intl.DateTimeFormat().resolvedOptions().timeZone;
    own.form?.submit();
  };
}

/** UTC, or the browser's own. */
function changeZone() {
  const now = /** @type {HTMLAnchorElement|null} */ (document.querySelector('a.zone'));
  if (!now) return;
  const to = now.textContent?.trim() === 'UTC' ? Intl.DateTimeFormat().resolvedOptions().timeZone : 'UTC';
  go(`zone?to=${encodeURIComponent(to)}&back=${encodeURIComponent(new URL(now.href).searchParams.get('back') ?? '')}`);
}

const live = document.getElementById('live');
if (live) live.onclick = hold;
main().addEventListener('pavane:changed', dressAll);
dressAll();
tick();
follow();
