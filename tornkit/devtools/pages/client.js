// Keeps a page up to date while its server is developed: refreshes it, swaps its stylesheets, and
// shows over it why a change has not taken effect. One connection for all tabs, in a SharedWorker
// that is this very file; without one the page has a connection of its own.
(() => {
"use strict";

const ROOT = "/__tornkit__/";
const DELAYS = [100, 300, 1000, 3000]; // ms before each further try to connect; then the last
const SILENCE = 25000; // ms without a sign of life; the server pings each 10 s
const SETTLE = 20; // ms, for several files of one save
const LATEST = 1000; // ms until a page that still loads connects
const STANDING = 1000; // ms for which a failure has to stand, before it is shown

// ---- the connection: in the SharedWorker, or in a page

class Connection {
  constructor(tell) {
    this.tell = tell;
    this.wanted = false;
    this.tries = 0;
    this.attempt = 0; // which of them counts
  }

  want(wanted) {
    if (wanted === this.wanted) return;
    this.wanted = wanted;
    this.close();
    this.tries = 0;
    if (wanted) this.open();
  }

  close() {
    this.attempt += 1;
    clearTimeout(this.timer);
    if (this.source) this.source.close();
    this.source = null;
  }

  async open() {
    const attempt = this.attempt;
    let session;
    try {
      const answer = await fetch(ROOT + "session",
        { headers: { "X-Tornkit": "session" }, cache: "no-store", credentials: "omit" });
      if (!answer.ok) throw new Error(answer.status);
      session = await answer.json();
    } catch {
      if (attempt === this.attempt) this.again();
      return;
    }
    if (attempt !== this.attempt) return;
    this.tell({ type: "session", token: session.token, editor: session.editor });
    this.source = new EventSource(ROOT + "events?token=" + encodeURIComponent(session.token));
    this.source.onmessage = (event) => {
      this.tries = 0;
      this.watch();
      const told = JSON.parse(event.data);
      if (told.type !== "ping") this.tell(told);
    };
    this.source.onerror = () => this.again();
    this.watch();
  }

  watch() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.again(), SILENCE);
  }

  again() {
    this.close();
    if (!this.wanted) return;
    const delay = DELAYS[Math.min(this.tries, DELAYS.length - 1)];
    this.tries += 1;
    this.timer = setTimeout(() => this.open(), delay);
  }
}

if (typeof SharedWorkerGlobalScope !== "undefined" && self instanceof SharedWorkerGlobalScope) {
  const pages = new Map(); // ports, and whether each page is seen
  const last = new Map(); // the last event of each type that lasts
  const connection = new Connection((told) => {
    if (told.type !== "files") last.set(told.type, told);
    for (const port of pages.keys()) port.postMessage(told);
  });
  self.onconnect = (event) => {
    const port = event.ports[0];
    port.onmessage = ({ data }) => {
      if (data === "gone") pages.delete(port);
      else {
        const known = pages.has(port);
        pages.set(port, data === "seen");
        // What is remembered may be old by now; a connection says all anew.
        if (!known && connection.source) for (const told of last.values()) port.postMessage(told);
      }
      connection.want([...pages.values()].includes(true));
    };
    port.start();
  };
  return;
}

if (window.top !== window || window.__tornkit) return; // a frame, or a page that was put into one
const page = { heard: false }; // heard: it knows which generation serves
Object.defineProperty(window, "__tornkit", { value: page });

// ---- what the page knows of itself

const KEPT = "tornkit.kept";
const REFRESHED = "tornkit.refreshed";
const FILES = "tornkit.files";
const DATA = /\.(json|csv|tsv|txt|log|xml|ya?ml|db|sqlite3?|parquet)$/i;
const navigation = performance.getEntriesByType("navigation")[0];
const timing = ((navigation && navigation.serverTiming) || []).find((t) => t.name === "tornkit");
let generation = timing ? timing.description : null;
let session = { token: "", editor: false };
let waiting = null; // a refresh that waits until the page is seen

function remember(key, value) {
  try {
    if (value === undefined) return sessionStorage.getItem(key);
    if (value === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, value);
  } catch { /* a page may have no storage */ }
  return null;
}

// A generation is "run.number"; what another run serves is newer than what this page is.
function isNewer(told) {
  const [run, number] = told.split("."), [ownRun, ownNumber] = generation.split(".");
  return run !== ownRun || Number(number) > Number(ownNumber);
}

// ---- refreshing, with what was typed kept

const fields = () => [...document.querySelectorAll("input, textarea, select")].filter(
  (field) => !["password", "file", "hidden", "submit", "button", "image", "reset"].includes(field.type));

function nameOf(field, all) {
  if (field.id) return "#" + field.id;
  const alike = all.filter((other) => other.name === field.name && other.type === field.type);
  return [field.type, field.name, alike.indexOf(field)].join("/");
}

function valueOf(field) {
  if (field.type === "checkbox" || field.type === "radio")
    return field.checked === field.defaultChecked ? null : field.checked;
  if (field.tagName === "SELECT") {
    const options = [...field.options];
    const changed = options.some((option) => option.selected !== option.defaultSelected);
    return changed ? options.map((option) => option.selected) : null;
  }
  return field.value === field.defaultValue ? null : field.value;
}

function keep() {
  const all = fields();
  const values = all.map((field) => [nameOf(field, all), valueOf(field)])
    .filter(([, value]) => value !== null);
  const active = document.activeElement;
  remember(KEPT, JSON.stringify({
    at: Date.now(), url: location.href, values, scroll: [scrollX, scrollY],
    focus: all.includes(active) ? nameOf(active, all) : null,
    selection: all.includes(active) ? [active.selectionStart, active.selectionEnd] : null,
  }));
}

function restore() {
  const text = remember(KEPT);
  remember(KEPT, null);
  if (!text) return;
  const kept = JSON.parse(text);
  if (kept.url !== location.href || Date.now() - kept.at > 10000) return;
  const all = fields();
  const values = new Map(kept.values);
  for (const field of all) {
    const name = nameOf(field, all);
    if (values.has(name)) {
      const value = values.get(name);
      if (typeof value === "boolean") field.checked = value;
      else if (Array.isArray(value))
        value.forEach((selected, n) => { if (field.options[n]) field.options[n].selected = selected; });
      else field.value = value;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    if (name === kept.focus) {
      field.focus({ preventScroll: true });
      try { field.setSelectionRange(...kept.selection); } catch { /* of a field that has none */ }
    }
  }
  scrollTo(...kept.scroll);
}

function refresh(newer) {
  if (document.hidden) {
    waiting = { newer };
    return;
  }
  waiting = null;
  if (newer !== null) {
    // A few times for each generation: whoever answered may have been about to end. But a page that
    // something else keeps old, a service worker say, is not loaded for ever.
    const [of, count] = (remember(REFRESHED) || " 0").split(" ");
    const tries = of === newer ? Number(count) : 0;
    if (tries > DELAYS.length) {
      generation = newer;
      return;
    }
    remember(REFRESHED, `${newer} ${tries + 1}`);
    if (tries) {
      setTimeout(reload, DELAYS[tries - 1]);
      return;
    }
  }
  reload();
}

function reload() {
  keep();
  location.reload();
}

// ---- files

const basename = (url) => {
  try {
    return decodeURIComponent(new URL(url, location.href).pathname.split("/").pop());
  } catch { return ""; }
};
const isOwn = (url) => new URL(url, location.href).origin === location.origin;

function imports(sheet, found = []) {
  let rules;
  try { rules = [...sheet.cssRules]; } catch { return found; } // another origin's
  for (const rule of rules) {
    if (rule.type === CSSRule.IMPORT_RULE && rule.styleSheet) {
      found.push(new URL(rule.href, sheet.href || location.href).href);
      imports(rule.styleSheet, found);
    }
  }
  return found;
}

async function swap(link) {
  const url = new URL(link.href);
  url.searchParams.set("tornkit", Date.now());
  const next = link.cloneNode();
  next.href = url.href;
  await new Promise((done) => {
    next.onload = () => { link.remove(); done(); };
    next.onerror = () => { next.remove(); done(); };
    link.after(next);
  });
}

const anew = (urls) => Promise.all([...new Set(urls)].map(
  (url) => fetch(url, { cache: "reload" }).catch(() => null)));

async function filesChanged(names) {
  const styles = names.filter((name) => name.endsWith(".css"));
  if (styles.length === names.length) {
    const links = [...document.querySelectorAll('link[rel~="stylesheet"][href]')]
      .filter((link) => isOwn(link.href) && link.sheet);
    const all = links.map((link) => [link, imports(link.sheet)]);
    const isChanged = (url) => styles.includes(basename(url));
    const changed = all.filter(([link, urls]) => isChanged(link.href) || urls.some(isChanged));
    const elsewhere = [...document.styleSheets].filter((sheet) => sheet.ownerNode &&
      sheet.ownerNode.tagName === "STYLE").flatMap((sheet) => imports(sheet)).some(isChanged);
    if (!elsewhere) {
      if (!changed.length) return; // another page's
      await anew(changed.flatMap(([, urls]) => urls.filter(isChanged)));
      await Promise.all(changed.map(([link]) => swap(link)));
      return;
    }
  }
  const loaded = performance.getEntriesByType("resource").map((entry) => entry.name)
    .filter((url) => isOwn(url) && names.includes(basename(url)));
  // A page that has its server write data is not to be loaded for ever.
  if (!loaded.length && names.every((name) => DATA.test(name))) return;
  const now = Date.now();
  const before = JSON.parse(remember(FILES) || "[]").filter((when) => now - when < 10000);
  if (before.length > DELAYS.length) {
    if (!document.hidden) console.info("tornkit: files change each time this page is loaded; " +
      "it is not refreshed any more for them");
    return;
  }
  remember(FILES, JSON.stringify([...before, now]));
  // What the browser holds as fresh would be used again.
  await anew(loaded);
  refresh(null);
}

let changedNames = new Set();
let changing = null;

function filesSoon(names) {
  names.forEach((name) => changedNames.add(name));
  clearTimeout(changing);
  changing = setTimeout(() => {
    const all = [...changedNames];
    changedNames = new Set();
    filesChanged(all);
  }, SETTLE);
}

// ---- the panel

const STYLE = `
:host { all: initial; position: fixed; z-index: 2147483647; left: 0; right: 0; bottom: 0;
  color-scheme: light dark; --back: #fff; --text: #1d2127; --dim: #616b78; --line: #dfe3e8;
  --soft: #f5f6f8; --bad: #b3261e; --bad-soft: #fdecea; }
@media (prefers-color-scheme: dark) { :host { --back: #15181c; --text: #e4e7eb; --dim: #9aa4b1;
  --line: #333a43; --soft: #1e2329; --bad: #ff8a80; --bad-soft: #3b1f1e; } }
* { box-sizing: border-box; }
section { background: var(--back); color: var(--text); border-top: 3px solid var(--bad);
  font: 14px/1.5 system-ui, sans-serif; box-shadow: 0 -2px 16px rgb(0 0 0 / 25%); max-height: 100vh;
  overflow: auto; overscroll-behavior: contain; }
header { display: flex; gap: .5rem; align-items: baseline; padding: .5rem 1rem; position: sticky;
  top: 0; background: var(--back); }
h1 { font: inherit; font-weight: 600; color: var(--bad); margin: 0; flex: 1; min-width: 0;
  overflow-wrap: anywhere; }
section:not(.open) h1 { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
button { font: inherit; font-size: 13px; color: inherit; background: var(--soft); cursor: pointer;
  border: 1px solid var(--line); border-radius: 6px; padding: .1rem .6rem; white-space: nowrap; }
main { padding: 0 1rem 1rem; }
section:not(.open) main { display: none; }
p { margin: .25rem 0; color: var(--dim); }
.place { display: flex; gap: .5rem; align-items: baseline; margin: .75rem 0 .25rem;
  overflow-wrap: anywhere; }
.place, pre { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.users { font-weight: 600; }
pre { margin: 0; padding: .5rem .75rem; background: var(--soft); border-radius: 6px; overflow-x: auto; }
pre div.reached { background: var(--bad-soft); width: max-content; min-width: 100%; }
pre span { color: var(--dim); display: inline-block; min-width: 3.5em; user-select: none; }
`;

let host = null;
let shown = null; // the failure in the panel
let opened = false;
let showing = null;

const make = (name, text = "", attributes = {}) =>
  Object.assign(document.createElement(name), { textContent: text, ...attributes });
const button = (text, onclick) => make("button", text, { type: "button", onclick });

async function openFrame(failure, frame) {
  await fetch(ROOT + "open?token=" + encodeURIComponent(session.token), {
    method: "POST", credentials: "omit",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ failure, frame }),
  }).catch(() => null);
}

function placeOf(failure, frame, number) {
  const place = make("div", "", { className: frame.users ? "place users" : "place" });
  place.append(make("div", `${frame.file}:${frame.line} ${frame.function}`));
  if (session.editor) place.append(button("Open in editor", () => openFrame(failure.id, number)));
  return place;
}

function sourceOf(frame) {
  const source = make("pre");
  for (const [number, text, reached] of frame.source) {
    const line = make("div", "", { className: reached ? "reached" : "" });
    line.append(make("span", String(number)), text || " ");
    source.append(line);
  }
  return source;
}

function draw(failure) {
  const section = make("section", "", { className: opened ? "open" : "" });
  section.setAttribute("role", "alert");
  section.setAttribute("aria-label", "tornkit: the last change has failed");
  const title = make("header");
  const more = button(opened ? "Less" : "More", () => { opened = !opened; draw(failure); });
  more.setAttribute("aria-expanded", String(opened));
  title.append(make("h1", failure.message), more,
    button("Hide", () => { hide(); }));
  const body = make("main");
  body.append(make("p", failure.oldServes
    ? "The code from before goes on serving; this goes away with the next save that works."
    : "Nothing is served yet; the page comes with the next save that works."));
  const numbered = failure.frames.map((frame, number) => [frame, number]);
  const last = numbered.filter(([frame]) => !frame.error).reverse();
  const users = [...last.filter(([frame]) => frame.users), ...last.filter(([frame]) => !frame.users)];
  for (const [frame, number] of [...users, ...numbered.filter(([frame]) => frame.error)]) {
    if (frame.error) body.append(make("p", frame.error));
    body.append(placeOf(failure, frame, number));
    if (frame.users && frame.source.length) body.append(sourceOf(frame));
  }
  if (failure.text) {
    const details = make("details");
    details.append(make("summary", "As text"), make("pre", failure.text));
    body.append(make("p"), details);
  }
  section.append(title, body);
  if (!host) {
    host = document.createElement("tornkit-panel");
    const root = host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    host.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  }
  const hadFocus = host.shadowRoot.activeElement;
  host.shadowRoot.replaceChildren(section);
  if (!host.isConnected) document.documentElement.append(host);
  if (hadFocus) more.focus();
}

function hide() {
  if (host) host.remove();
}

function failed(failure) {
  clearTimeout(showing);
  if (!failure) {
    shown = null;
    hide();
    return;
  }
  if (shown && shown.id === failure.id) return;
  const now = () => { shown = failure; draw(failure); };
  if (!failure.oldServes) opened = true;
  // Not at each save of an editor that saves by itself.
  const left = STANDING - failure.seconds * 1000;
  if (left > 0 && failure.oldServes) showing = setTimeout(now, left);
  else now();
}

// ---- what is told

function hear(told) {
  if (told.type === "session") session = told;
  else if (told.type === "files") filesSoon(told.names);
  else if (told.type === "state") {
    if (generation === null) generation = told.generation;
    page.heard = true;
    if (told.generation !== null && isNewer(told.generation)) refresh(told.generation);
    else {
      if (told.generation !== null) remember(REFRESHED, null);
      waiting = null;
      failed(told.failure);
    }
  }
}

function connect() {
  let port = null;
  const own = new Connection(hear);
  const say = () => {
    const seen = !document.hidden;
    if (port) port.postMessage(seen ? "seen" : "hidden");
    else own.want(seen);
    if (seen && waiting) refresh(waiting.newer);
  };
  const alone = () => { port = null; say(); };
  try {
    const worker = new SharedWorker(ROOT + "client.js", { name: "tornkit" });
    worker.onerror = alone;
    port = worker.port;
    port.onmessage = ({ data }) => hear(data);
  } catch { port = null; }
  document.addEventListener("visibilitychange", say);
  addEventListener("pagehide", () => { if (port) port.postMessage("gone"); else own.want(false); });
  addEventListener("pageshow", (event) => { if (event.persisted) say(); });
  say();
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", restore);
else restore();
// The page goes first: to start a worker takes what it would be drawn with.
let connected = false;
const begin = () => {
  if (!connected) connect();
  connected = true;
};
if (document.readyState === "complete") begin();
else {
  addEventListener("load", begin);
  setTimeout(begin, LATEST);
}
})();
