// @ts-check
// The one stream of a browser: tabs say what they follow, the hub asks the
// daemon for all of it and tells each tab what concerns it.

const SILENT_MS = 150000; // a tab that says nothing for so long has gone
const RETRY_MS = 2000;

/** @type {Map<MessagePort, {topics: Set<string>, heard: number}>} */
const tabs = new Map();
/** @type {EventSource|null} */
let source = null;
let asked = '';
let url = '';
let after = '';
let failures = 0;
let state = 'reconnecting';
/** @type {ReturnType<typeof setTimeout>|undefined} */
let again;

/** @param {string} next */
function become(next) {
  state = next;
  for (const port of tabs.keys()) port.postMessage({ state });
}

/** The number of the last change that concerned a topic. @type {Map<string, number>} */
const changedAt = new Map();
let unknownUntil = 0; // what changed up to there is not in changedAt
const CHANGED_MAX = 2000;

/** @param {string} place "EPOCH-NUMBER" */
const epochOf = (place) => place.slice(0, place.lastIndexOf('-'));
/** @param {string} place */
const numberOf = (place) => Number(place.slice(place.lastIndexOf('-') + 1));

/** @param {any} d */
function remember(d) {
  const n = numberOf(after);
  if (changedAt.size > CHANGED_MAX) {
    changedAt.clear();
    unknownUntil = n;
  }
  if (d.executions.length > 0) changedAt.set('executions', n);
  if (d.events) changedAt.set('events', n);
  if (d.machines) changedAt.set('machines', n);
  for (const x of d.executions) changedAt.set('execution:' + x.id, n);
}

/** Did something that a page shows change since it was made?  True when that is not known.
 * @param {string} at where it was made @param {string[]} topics */
function changedSince(at, topics) {
  if (at === '' || epochOf(at) !== epochOf(after)) return true;
  const n = numberOf(at);
  return n < unknownUntil || topics.some((t) => (changedAt.get(t) ?? 0) > n);
}

/** @param {MessageEvent} e */
function onChanges(e) {
  after = e.lastEventId;
  const d = JSON.parse(e.data);
  remember(d);
  for (const [port, tab] of tabs) {
    const t = tab.topics;
    const concerned = (t.has('executions') && d.executions.length > 0) || (t.has('events') && d.events) ||
      (t.has('machines') && d.machines) ||
      d.executions.some((/** @type {{id: string}} */ x) => t.has('execution:' + x.id));
    if (concerned) port.postMessage({ changed: true });
  }
}

function everybody() {
  for (const port of tabs.keys()) port.postMessage({ changed: true });
}

/** A daemon takes 64 topics, and a request line is 8 KiB. @param {string[]} topics */
function few(topics) {
  if (topics.length <= 60 && encodeURIComponent(topics.join('')).length < 5000) return topics;
  return [...new Set(topics.map((t) => t.startsWith('execution:') ? 'executions' : t))];
}

function union() {
  return [...new Set([...tabs.values()].flatMap((t) => [...t.topics]))].sort();
}

function close() {
  clearTimeout(again);
  source?.close();
  source = null;
  asked = '';
}

/** @param {MessageEvent} e */
function begun(e) {
  after = e.lastEventId;
  failures = 0;
  become('live');
}

function open() {
  const topics = few(union());
  close();
  if (topics.length === 0) return;
  asked = topics.join('\n');
  const q = topics.map((t) => 'topic=' + encodeURIComponent(t)).join('&');
  source = new EventSource(`${url}?${q}${after ? '&after=' + encodeURIComponent(after) : ''}`);
  source.addEventListener('hello', begun);
  source.addEventListener('resync', (e) => {
    begun(e);
    changedAt.clear();
    unknownUntil = numberOf(after);
    everybody();
  });
  source.addEventListener('changes', onChanges);
  source.onerror = () => {
    failures++;
    if (state !== 'polling') become(failures > 3 ? 'polling' : 'reconnecting');
    close();
    again = setTimeout(open, RETRY_MS);
  };
}

/** Ask anew when a topic is missing, and when nobody is left; true when it did. */
function adapt() {
  const have = new Set(asked.split('\n'));
  const want = few(union());
  if (want.length === 0) {
    close();
    after = '';
  } else if (want.some((t) => !have.has(t))) {
    open();
    return true;
  }
  return false;
}

/** A tab's page was made at `at`: the stream that it needs begins there, or it is told what it missed.
 * @param {MessagePort} port @param {string[]} topics @param {string} at */
function welcome(port, topics, at) {
  const before = after;
  const known = at !== '' && (before === '' || epochOf(at) === epochOf(before));
  if (known && (before === '' || numberOf(at) < numberOf(before))) after = at;
  const opened = adapt();
  if (!opened) after = before;
  const missed = !known || (!opened && changedSince(at, topics));
  port.postMessage(missed ? { state, changed: true } : { state });
}

/** @param {MessagePort} port */
export function join(port) {
  port.onmessage = (e) => {
    const m = e.data;
    if (m.bye) {
      tabs.delete(port);
      adapt();
      return;
    }
    const known = tabs.get(port);
    const fresh = !known || m.topics.some((/** @type {string} */ t) => !known.topics.has(t));
    tabs.set(port, { topics: new Set(m.topics), heard: Date.now() });
    url = m.url;
    if (fresh) welcome(port, m.topics, m.at);
    else adapt();
  };
  port.start();
}

setInterval(() => {
  const now = Date.now();
  for (const [port, tab] of tabs) if (now - tab.heard > SILENT_MS) tabs.delete(port);
  adapt();
}, 30000);

if ('onconnect' in globalThis)
  /** @type {any} */ (globalThis).onconnect = (/** @type {MessageEvent} */ e) => join(e.ports[0]);
