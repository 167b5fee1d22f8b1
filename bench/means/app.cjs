// An application that trusts its schema; with GUARDED=1 a middleware of its own keeps requests out while a table is missing.
const express = require("express");
const { pool, ready } = require("./guard.cjs");

const app = express();
app.disable("x-powered-by");
if (process.env.GUARDED) {
  app.use(async (_request, response, next) => {
    if (await ready()) return next();
    return response.status(503).json({ code: "SCHEMA_NOT_READY" });
  });
}
const kibibyte = "x".repeat(1024);
app.get("/1k", (_request, response) => response.type("text").send(kibibyte));
app.get("/orders", async (_request, response) =>
  response.json((await pool.query("SELECT id FROM orders")).rows));
// Express' own handler would print every error.
app.use((_error, _request, response, _next) => response.status(500).json({ error: "internal" }));

app.listen(Number(process.env.PORT), "127.0.0.1");
