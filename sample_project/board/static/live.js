// Shows new messages as they come: through a WebSocket or, if none can be opened, by long polling.
// Either way the page keeps its position, which is that of the last thing it has heard, and comes
// back with it, so that a lost connection loses nothing. Without one it begins anew, with the
// newest messages: at first, and where the server says that there is a gap.

const live = document.getElementById("live");
const state = document.getElementById("state");
const form = document.getElementById("say");
const problem = document.getElementById("problem");
const RETRY_MS = 500;

let position = null;
let socket = null;
let socketsWork = null; // nobody knows yet
const here = new Map(); // whether each is here

async function follow() {
  for (;;) {
    try {
      if (position === null || socketsWork === false) await poll();
      else await listen();
    } catch {
      state.textContent = "connecting";
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

async function poll() {
  if (socketsWork === false) state.textContent = "polling";
  const since = position === null ? "" : `?since=${position}`;
  const response = await fetch(live.dataset.poll + since);
  if (!response.ok) throw new Error(response.statusText);
  const answer = await response.json();
  if (answer.recent) {
    live.replaceChildren();
    answer.recent.forEach(show);
  } else {
    answer.news.forEach(take);
  }
  here.clear();
  areHere(answer.here);
  position = answer.position;
}

// A promise that is broken when the connection is.
function listen() {
  const url = new URL(live.dataset.socket, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  url.searchParams.set("since", position);
  const candidate = new WebSocket(url);
  candidate.onopen = () => {
    here.clear();
    socketsWork = true;
    socket = candidate;
    state.textContent = "connected";
  };
  candidate.onmessage = (event) => {
    const message = JSON.parse(event.data);
    if (message.event === "gap") {
      position = null;
      candidate.close();
      return;
    }
    if (message.event === "message") take(message.data);
    else if (message.event === "join") mark(message.data.id, true);
    else if (message.event === "leave") mark(message.data.id, false);
    else if (message.event === "here") areHere(message.data);
    else if (message.event === "sent") form.reset();
    else if (message.event === "error") complain(message.data);
    position = message.position ?? position;
  };
  return new Promise((resolve, reject) => {
    candidate.onclose = () => {
      socket = null;
      // One that has never opened is probably blocked on the way.
      socketsWork ??= false;
      reject();
    };
  });
}

function take(news) {
  if (news.posted) show(news.posted);
  else document.getElementById(`message-${news.deleted}`)?.remove();
}

function show(message) {
  const id = `message-${message.id}`;
  if (document.getElementById(id)) return;
  const article = document.createElement("article");
  const body = document.createElement("p");
  const footer = document.createElement("footer");
  const author = document.createElement("span");
  const when = document.createElement("time");
  article.id = id;
  article.className = "card message";
  body.className = "text";
  // textContent, never innerHTML: what others write is text and stays text.
  author.textContent = message.author;
  when.textContent = new Date(message.created).toLocaleTimeString();
  body.textContent = message.body;
  footer.append(author, when);
  article.append(body, footer);
  live.append(article);
  article.scrollIntoView({ block: "nearest" });
}

// Of those who came or went since the connection was made more is known than the list says.
function areHere(ids) {
  for (const id of ids) if (!here.has(id)) here.set(id, true);
  showHere();
}

function mark(id, isHere) {
  here.set(id, isHere);
  showHere();
}

function showHere() {
  const ids = [...here.keys()].filter((id) => here.get(id)).sort();
  document.getElementById("here").textContent = ids.join(", ") || "nobody";
}

function complain(text) {
  problem.textContent = text;
  problem.hidden = !text;
}

// What was typed stays until the server has it.
async function send(text) {
  if (socket) {
    socket.send(JSON.stringify({ body: text }));
    return;
  }
  const response = await fetch(live.dataset.poll, {
    method: "POST",
    headers: { "X-XSRFToken": live.dataset.xsrf },
    body: new URLSearchParams({ body: text }),
  });
  if (!response.ok) throw new Error(response.statusText);
  form.reset();
}

if (form) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    complain("");
    try {
      await send(form.elements.body.value);
    } catch (error) {
      complain(`The message has not been sent: ${error.message}`);
    }
  });
}

follow();
