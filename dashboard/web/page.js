// @ts-check
// The page's inside, fetched again and changed in place: whatever is the same
// stays the same element, so that focus, scroll and open parts are kept.

const root = document.documentElement.dataset.root ?? '';

/** Server's markup enters the document here and nowhere else. */
const policy = globalThis.trustedTypes?.createPolicy('pavane', {
  createHTML: (/** @type {string} */ html) => html,
  createScriptURL: (/** @type {string} */ url) => url,
});

/** @param {string} url */
export const trustedURL = (url) => /** @type {any} */ (policy?.createScriptURL(url) ?? url);
/** @param {string} path */
export const here = (path) => new URL(root + path, location.href).href;
/** @param {string} path */
export const go = (path) => { location.href = here(path); };
export const main = () => /** @type {HTMLElement} */ (document.getElementById('main'));

/** @param {string} html */
export function parse(html) {
  const text = policy?.createHTML(html) ?? html;
  return new DOMParser().parseFromString(/** @type {any} */ (text), 'text/html');
}

/** @param {string} text */
export function say(text) {
  const said = document.getElementById('said');
  if (said) said.textContent = text;
}

// ---- changing in place

/** @param {Element} from @param {Element} to */
function sameAttributes(from, to) {
  const chosen = from.classList.contains('row-focus'); // the reader's, not the server's
  for (const a of [...to.attributes])
    if (from.getAttribute(a.name) !== a.value && a.name !== 'hidden' &&
        !(a.name === 'open' && from.localName === 'details'))
      from.setAttribute(a.name, a.value);
  for (const a of [...from.attributes])
    if (!to.hasAttribute(a.name) && !(a.name === 'open' || a.name === 'hidden' || a.name.startsWith('data-js')))
      from.removeAttribute(a.name);
  if (chosen) from.classList.add('row-focus');
}

/** Rows are numbered in time: "x123", "d45". @param {Element} row */
const number = (row) => Number(row.id.slice(1));

/**
 * A list keeps its rows where they are.  What is newer than its first row is
 * only counted; a row that is not given any more though it should be is marked.
 * @param {Element} from @param {Element} to @param {boolean} whole
 */
function morphList(from, to, whole) {
  const next = new Map([...to.children].map((r) => [r.id, r]));
  const newest = Math.max(...[...from.children].map(number)), oldest = Math.min(...[...to.children].map(number));
  for (const row of from.children) {
    const now = next.get(row.id);
    if (now) morph(row, now, whole);
    else if (to.children.length === 0 || number(row) > oldest) row.classList.add('gone');
  }
  const fresh = [...to.children].filter((r) => number(r) > newest).length;
  from.dispatchEvent(new CustomEvent('pavane:news', { bubbles: true, detail: { fresh, all: to.children.length } }));
}

/** What the page's own scripts put in: the server knows nothing of it. */
/** @param {Node|null} n */
const own = (n) => n instanceof Element && n.hasAttribute('data-js-own');

/** @param {Element} from @param {Element} to @param {boolean} whole */
function morphChildren(from, to, whole) {
  const byId = new Map();
  for (const c of from.children) if (c.id) byId.set(c.id, c);
  let old = from.firstChild;
  for (const next of [...to.childNodes]) {
    while (old && own(old)) old = old.nextSibling;
    const id = next instanceof Element ? next.id : '';
    let match = id ? byId.get(id) : null;
    if (!match && !id && old && old.nodeName === next.nodeName && !(old instanceof Element && old.id)) match = old;
    if (!match) {
      from.insertBefore(document.importNode(next, true), old);
      continue;
    }
    if (match === old) old = old.nextSibling;
    else from.insertBefore(match, old);
    morph(match, next, whole);
  }
  while (old) {
    const gone = old;
    old = old.nextSibling;
    if (!own(gone)) gone.remove();
  }
}

/**
 * Make `from` like `to`.  `whole`: lists too take their new rows.
 * @param {Node} from @param {Node} to @param {boolean} whole
 */
export function morph(from, to, whole) {
  if (!(from instanceof Element) || !(to instanceof Element)) {
    if (from.nodeType !== to.nodeType) /** @type {ChildNode} */ (from).replaceWith(document.importNode(to, true));
    else if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue;
    return;
  }
  if (from.localName !== to.localName) {
    from.replaceWith(document.importNode(to, true));
    return;
  }
  if (from.hasAttribute('data-own') && from.id === to.id) {
    from.dispatchEvent(new CustomEvent('pavane:renew', { detail: to }));
    return;
  }
  if (from.hasAttribute('data-since') && from.getAttribute('data-since') === to.getAttribute('data-since')) return;
  sameAttributes(from, to);
  if (!whole && from.hasAttribute('data-list') && from.children.length > 0) morphList(from, to, whole);
  else morphChildren(from, to, whole);
}

// ---- fetching

/** @param {string} url @param {RequestInit} how */
async function inside(url, how = { headers: { Accept: 'text/html' } }) {
  const part = new URL(url, location.href);
  part.searchParams.set('part', 'main');
  part.hash = '';
  const answer = await fetch(part, how);
  if (!answer.ok && answer.status !== 404) throw new Error(String(answer.status));
  const next = parse(await answer.text()).getElementById('main');
  if (!next) throw new Error('no page came');
  return next;
}

function changed() {
  main().dispatchEvent(new CustomEvent('pavane:changed'));
}

let asked = 0; // the last of what was asked for wins

/** The same page as it is now; false when another came between.  @param {boolean} whole */
export async function renew(whole) {
  const mine = asked, url = location.href;
  const next = await inside(url);
  if (mine !== asked || location.href !== url) return false;
  morph(main(), next, whole);
  document.title = next.dataset.title ?? document.title;
  changed();
  return true;
}

/** The same page of what is too long for its address: it is posted, and nothing is done with it.
 * @param {string} url @param {string} body */
export async function swapPosted(url, body) {
  const mine = ++asked;
  const next = await inside(url, { method: 'POST', headers: { Accept: 'text/html', 'Content-Type': 'application/json' }, body });
  if (mine !== asked) return;
  morph(main(), next, true);
  changed();
}

/** Another view of the same thing: swapped in, without leaving the page. */
/** @param {string} url @param {boolean} push */
export async function swap(url, push) {
  const mine = ++asked;
  const next = await inside(url);
  if (mine !== asked) return;
  if (push) history.pushState(null, '', url);
  morph(main(), next, true);
  document.title = next.dataset.title ?? document.title;
  changed();
}

addEventListener('click', (e) => {
  if (e.defaultPrevented || e.button !== 0 || e.ctrlKey || e.metaKey || e.shiftKey || e.altKey) return;
  const a = /** @type {Element} */ (e.target).closest('[data-swap] a[href]');
  if (!a) return;
  e.preventDefault();
  const url = new URL(a.getAttribute('href') ?? '', location.href).href;
  swap(url, true).catch(() => { location.href = url; });
});
addEventListener('popstate', () => {
  swap(location.href, false).catch(() => location.reload());
});
