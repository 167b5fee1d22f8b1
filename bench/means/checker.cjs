// What nginx' auth_request asks over HTTP (any path), and HAProxy's agent-check on a port of its own.
const http = require("node:http");
const net = require("node:net");
const { ready } = require("./guard.cjs");

const answer = (response, status) => response.writeHead(status, { "Content-Length": 0 }).end();

http.createServer((_request, response) => {
  // auth_request knows 2xx, 401 and 403; anything else becomes a 500.
  ready().then((there) => answer(response, there ? 204 : 403), () => answer(response, 403));
}).listen(Number(process.env.PORT), "127.0.0.1");

net.createServer((socket) => {
  socket.on("error", () => {});
  ready().then((there) => socket.end(there ? "up\n" : "down\n"), () => socket.end("down\n"));
}).listen(Number(process.env.AGENT_PORT), "127.0.0.1");
