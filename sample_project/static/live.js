"use strict";

// Shows new messages as they come: through a WebSocket or, if none can be opened, by long polling.
// Both are asked for "everything after the last message seen", so a lost connection loses nothing.

const live = document.getElementById("live");
const state = document.getElementById("state");
const form = document.getElementById("say");
const error = document.getElementById("error");
const RETRY_MS = 2000;

let after = Number(live.dataset.after);
let socket = null;

function show(message) {
  if (message.id <= after) return;
  after = message.id;
  const article = document.createElement("article");
  const header = document.createElement("header");
  const author = document.createElement("strong");
  const when = document.createElement("span");
  const body = document.createElement("p");
  article.className = "message";
  when.className = "when";
  // textContent, never innerHTML: what others write is text and stays text.
  author.textContent = message.author;
  when.textContent = new Date(message.created * 1000).toLocaleTimeString();
  body.textContent = message.body;
  header.append(author, when);
  article.append(header, body);
  live.append(article);
  article.scrollIntoView({ block: "nearest" });
}

function complain(text) {
  if (!error) return;
  error.textContent = text;
  error.hidden = !text;
}

function connect() {
  const url = new URL(live.dataset.socket, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  url.searchParams.set("after", after);
  const candidate = new WebSocket(url);
  let opened = false;
  candidate.onopen = () => {
    opened = true;
    socket = candidate;
    state.textContent = "connected";
  };
  candidate.onmessage = (event) => {
    const data = JSON.parse(event.data);
    if (data.error) complain(data.error);
    else show(data);
  };
  candidate.onclose = () => {
    socket = null;
    state.textContent = "connecting";
    // One that has never opened is probably blocked on the way.
    if (opened) setTimeout(connect, RETRY_MS);
    else poll();
  };
}

async function poll() {
  for (;;) {
    try {
      const response = await fetch(`${live.dataset.poll}?after=${after}`);
      if (!response.ok) throw new Error(response.statusText);
      state.textContent = "connected, by polling";
      (await response.json()).messages.forEach(show);
    } catch {
      state.textContent = "connecting";
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

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
}

if (form) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    complain("");
    try {
      await send(form.elements.body.value);
      form.reset();
    } catch (problem) {
      complain(`The message has not been sent: ${problem.message}`);
    }
  });
}

connect();
