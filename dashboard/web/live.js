// @ts-check
// Live: one stream for the browser (hub.js in a SharedWorker, or in this tab
// where there is none).  A change makes the page fetch itself again.
import { here, main, renew, say, trustedURL } from './page.js';

const LEAST_MS = 150; // between two renewals, of what was quiet before
const MOST_MS = 1000; // of what changes all the time, and where new rows are announced
const BADGE_MS = 5000; // between two looks at how much is wrong, where nothing else is live
const POLL_MS = 5000;
const words = {
  live: 'Live', reconnecting: 'Reconnecting', polling: 'Polling', silent: 'Server does not answer', held: 'Paused', off: 'Off',
};

const ANY = ['executions', 'events', 'machines'];

/** @type {MessagePort|null} */
let port = null;
let held = false;
let wanted = false;
let busy = false;
let last = 0;
let heard = 0; // when a change was told last
let pause = LEAST_MS;
let state = 'off';
let fresh = 0;

function topics() {
  return (main().dataset.topics ?? '').split(' ').filter((t) => t !== '').map(decodeURIComponent);
}

function show() {
  const e = document.getElementById('live');
  if (!e) return;
  const now = held ? 'held' : state;
  e.hidden = topics().length === 0;
  e.dataset.state = now;
  const word = e.querySelector('.word');
  if (word) word.textContent = words[/** @type {keyof typeof words} */ (now)];
}

/** Marked text stays marked: nothing changes under it. */
function reading() {
  const s = getSelection();
  return s !== null && !s.isCollapsed && main().contains(s.anchorNode);
}

async function renewSoon() {
  wanted = true;
  if (busy || held) return;
  busy = true;
  while (wanted && !held) {
    const wait = last + (fresh > 0 ? MOST_MS : pause) - performance.now();
    if (wait > 0) await new Promise((done) => setTimeout(done, wait));
    if (reading()) {
      await new Promise((done) => document.addEventListener('selectionchange', done, { once: true }));
      continue;
    }
    wanted = false;
    last = performance.now();
    pause = Math.min(2 * pause, MOST_MS);
    try {
      if (!await renew(false)) wanted = true;
      if (state === 'silent') hear({ state: 'polling' });
    } catch {
      if (state === 'polling') hear({ state: 'silent' });
      await new Promise((done) => setTimeout(done, 1000));
      wanted = state === 'live';
    }
  }
  busy = false;
}

/** @param {any} m */
function hear(m) {
  if (m.state) {
    state = m.state;
    show();
  }
  if (m.changed && performance.now() - heard > 2 * MOST_MS && !busy) pause = LEAST_MS;
  if (m.changed) heard = performance.now();
  if (m.changed && topics().length > 0) renewSoon();
  else if (m.changed) countSoon();
}

// ---- how much is wrong, in the head of every page

/** @param {string} wrong */
function showWrong(wrong) {
  const badge = document.getElementById('badge');
  if (badge) badge.textContent = wrong;
  if (badge) badge.hidden = wrong === '0';
  const icon = /** @type {HTMLLinkElement|null} */ (document.getElementById('icon'));
  const sign = icon?.href.replace(/icon[^/]*$/, wrong === '0' ? 'icon.svg' : 'icon-wrong.svg');
  if (icon && sign && icon.href !== sign) icon.href = sign;
}

let counting = false;
let changedAgain = false;

/** A page that stands still, as a past one, still says it. */
async function countSoon() {
  changedAgain = true;
  if (counting) return;
  counting = true;
  while (changedAgain) {
    changedAgain = false;
    const answer = await fetch(here('attention?part=count')).catch(() => null);
    if (answer?.ok) showWrong(await answer.text());
    await new Promise((done) => setTimeout(done, BADGE_MS));
  }
  counting = false;
}

export function hold() {
  held = !held;
  show();
  say(held ? 'Live changes are held' : 'Live changes go on');
  if (!held && wanted) renewSoon();
}

// ---- new rows are announced, not pushed in

function takeNews() {
  fresh = 0;
  document.getElementById('news')?.remove();
  renew(true).then(() => {
    const first = /** @type {HTMLElement|null} */ (document.querySelector('[data-list] > tr a'));
    scrollTo({ top: 0 });
    first?.focus({ preventScroll: true });
  }).catch(() => location.reload());
}

/** @param {CustomEvent} e */
function onNews(e) {
  const list = /** @type {Element} */ (e.target);
  const { fresh: count, all } = e.detail;
  if (count === 0) return;
  let pill = document.getElementById('news');
  if (!pill) {
    pill = document.createElement('button');
    pill.id = 'news';
    pill.dataset.jsOwn = '1';
    pill.className = 'news';
    pill.setAttribute('type', 'button');
    pill.onclick = takeNews;
    list.closest('.scroll')?.before(pill);
  }
  if (fresh !== count || pill.textContent === '') {
    fresh = count;
    pill.textContent = `${fresh}${fresh === all ? '+' : ''} new`;
    say(`${fresh} new rows`);
  }
}

// ---- the hub

export function follow() {
  const url = here('api/v1/stream');
  let told = '';
  const tell = () => {
    told = topics().join(' ');
    port?.postMessage({ url, topics: told === '' ? ANY : topics(), at: main().dataset.feed ?? '' });
  };
  main().addEventListener('pavane:news', /** @type {EventListener} */ (onNews));
  main().addEventListener('pavane:changed', () => {
    if (topics().join(' ') !== told) tell();
    show();
    showWrong(main().dataset.wrong ?? '0');
    const asof = document.getElementById('asof');
    const when = asof?.querySelector('time');
    when?.setAttribute('datetime', main().dataset.now ?? '');
    when?.setAttribute('title', main().dataset.now ?? '');
    if (when) when.textContent = main().dataset.nowWords ?? '';
  });
  const script = trustedURL(new URL('hub.js', import.meta.url).href);
  if (globalThis.SharedWorker) {
    port = new SharedWorker(script, { type: 'module', name: 'pavane' }).port;
  } else if (topics().length === 0) {
    return; // a stream of its own for the badge alone would be too much
  } else {
    const channel = new MessageChannel();
    port = channel.port1;
    import('./hub.js').then((hub) => hub.join(channel.port2));
  }
  port.onmessage = (e) => hear(e.data);
  port.start();
  tell();
  setInterval(tell, 20000); // a sign of life, with all it needs to be known again
  setInterval(() => { if (['polling', 'silent'].includes(state) && !document.hidden) hear({ changed: true }); }, POLL_MS);
  addEventListener('pagehide', () => port?.postMessage({ bye: true }));
  addEventListener('pageshow', (e) => { if (e.persisted) { tell(); hear({ changed: true }); } });
  show();
}
