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

/** @param {MessageEvent} e */
function onChanges(e) {
  after = e.lastEventId;
  const d = JSON.parse(e.data);
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

function open() {
  const topics = few(union());
  close();
  if (topics.length === 0) return;
  asked = topics.join('\n');
  const q = topics.map((t) => 'topic=' + encodeURIComponent(t)).join('&');
  source = new EventSource(`${url}?${q}${after ? '&after=' + encodeURIComponent(after) : ''}`);
  source.addEventListener('hello', (e) => {
    after = e.lastEventId;
    failures = 0;
    become('live');
  });
  source.addEventListener('resync', (e) => {
    after = e.lastEventId;
    failures = 0;
    become('live');
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

/** Ask anew when a topic is missing, and when nobody is left. */
function adapt() {
  const have = new Set(asked.split('\n'));
  const want = few(union());
  if (want.length === 0) close();
  else if (want.some((t) => !have.has(t))) open();
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
    adapt();
    // what changed since its page was made: nobody told it
    if (fresh) port.postMessage({ state, changed: true });
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
