// Node's own http module, no framework: node node_app.js PORT
'use strict';

const fs = require('node:fs');
const http = require('node:http');

const greeting = 'Hello, world';
const html = 'text/html; charset=utf-8';

function answer(response, type, text) {
  response.writeHead(200, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(text),
    Server: 'node',
  });
  response.end(text);
}

function record(path, query, response) {
  const number = Number(path.slice('/records/'.length));
  const verbose = new URLSearchParams(query).get('verbose');
  answer(response, 'application/json', JSON.stringify({ id: number, verbose }));
}

function upload(request, response) {
  let length = 0;
  request.on('data', (chunk) => { length += chunk.length; });
  request.on('end', () => answer(response, html, String(length)));
}

// One fixed file: no path of a client's is opened.
function file(response) {
  fs.stat('static/file.txt', (error, stat) => {
    if (error) {
      response.writeHead(500).end();
      return;
    }
    response.writeHead(200, {
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': stat.size,
      'Last-Modified': stat.mtime.toUTCString(),
      Server: 'node',
    });
    fs.createReadStream('static/file.txt').pipe(response);
  });
}

http.createServer((request, response) => {
  const [path, query] = request.url.split('?');
  if (path === '/') answer(response, html, greeting);
  else if (path.startsWith('/records/')) record(path, query, response);
  else if (path === '/upload') upload(request, response);
  else if (path === '/static/file.txt') file(response);
  else response.writeHead(404).end();
}).listen(Number(process.argv[2]), '127.0.0.1');
