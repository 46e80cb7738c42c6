// A page, and one that collects garbage: node --expose-gc node_app.js PORT
'use strict';

const server = require('node:http').createServer((request, response) => {
  let text = 'Hello, world';
  if (request.url === '/collect') {
    global.gc();
    text = 'collected';
  }
  response.writeHead(200, {
    'Content-Type': 'text/html',
    'Content-Length': text.length,
    Server: 'node',
  });
  response.end(text);
});
// Its own 5 s would close what is to be measured.
server.keepAliveTimeout = 600_000;
server.listen(Number(process.argv[2]), '127.0.0.1');
