// Says which of its views Express picks for a request, in the header `x-view`: what of a path is one to Express, and
// what is two. Needs no database.
import { createServer } from "node:http";
import express from "express";

const view = (name) => (_request, response) => response.set("x-view", name).send(name);

const app = express();
app.disable("x-powered-by");
app.set("etag", false);
app.get("/admin/backups", view("backups"));
app.post("/admin/backups", view("make a backup"));
app.use("/reports", view("reports"));
const orders = express.Router();
orders.get("/:id", view("order"));
app.use("/api/orders", orders);
// Files are found by the decoded path.
app.use("/files", express.static(import.meta.dirname, { setHeaders: (response) => response.set("x-view", "file") }));

// As applications do that route by hand: the target is resolved as a link would be.
app.use((request, response, next) => {
  const { pathname } = new URL(request.originalUrl, "http://localhost");
  if (pathname.toLowerCase() === "/kiosk/sales") view("sales")(request, response);
  else next();
});
app.use(view("other"));
app.use((_error, _request, response, _next) => response.status(400).set("x-view", "none").send("none"));

const server = createServer(app).listen(0, "127.0.0.1", () => console.log(`listening ${server.address().port}`));
