// Shows what is said in a room: by a WebSocket or, if none gets through, by long polls. Either way
// it keeps the position of the last message, and comes back with it: nothing is lost or doubled.

const room = document.getElementById("room");
const form = document.getElementById("say");
const state = document.getElementById("state");
const problem = document.getElementById("problem");
const RETRY_MS = 500;

let position = "";
let socket = null;
let socketsWork = null; // unknown until one has opened, or has failed

async function follow() {
  for (;;) {
    try {
      if (socketsWork === false) await poll();
      else await listen();
    } catch {
      state.textContent = "connecting";
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

// A promise that is broken when the connection is.
function listen() {
  const url = new URL(room.dataset.socket, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  url.searchParams.set("since", position);
  const candidate = new WebSocket(url);
  candidate.onopen = () => {
    socketsWork = true;
    socket = candidate;
    state.textContent = "connected";
  };
  candidate.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.event === "gap") room.replaceChildren(); // all that is kept follows
    else if (message.event === "message") show(message.data);
    else if (message.event === "error") complain(message.data);
    position = message.position ?? position;
  };
  return new Promise((resolve, reject) => {
    candidate.onclose = () => {
      socket = null;
      socketsWork ??= false;
      reject();
    };
  });
}

async function poll() {
  const url = new URL(room.dataset.messages, location.href);
  url.searchParams.set("since", position);
  const response = await fetch(url);
  if (!response.ok) throw new Error(response.statusText);
  const answer = await response.json();
  state.textContent = "connected, by polling";
  if (answer.gap) room.replaceChildren();
  answer.messages.forEach(show);
  position = answer.position;
}

function show(message) {
  const article = document.createElement("article");
  const author = document.createElement("strong");
  const text = document.createElement("p");
  article.className = "card";
  text.className = "text";
  // textContent, never innerHTML: what others write is text and stays text.
  author.textContent = message.author;
  text.textContent = message.text;
  article.append(author, text);
  room.append(article);
  article.scrollIntoView({ block: "nearest" });
}

function complain(text) {
  problem.textContent = text;
  problem.hidden = !text;
}

async function send(author, text) {
  if (socket) {
    socket.send(JSON.stringify({ author, text }));
    return;
  }
  const response = await fetch(room.dataset.messages, {
    method: "POST",
    headers: { "X-XSRFToken": room.dataset.xsrf },
    body: new URLSearchParams({ author, text }),
  });
  if (!response.ok) throw new Error((await response.json()).error ?? response.statusText);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  complain("");
  try {
    await send(form.elements.author.value, form.elements.text.value);
    form.elements.text.value = "";
  } catch (error) {
    complain(`The message has not been sent: ${error.message}`);
  }
});

follow();
