// An application as schemagate finds it: it trusts its schema, and where a column is missing
// Express answers 500. It says each request on standard output, so that a test can see which
// requests reached it.
import { createServer } from "node:http";
import express from "express";
import pg from "pg";

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 4 });
// A connection that dies while idle must not take the process with it.
pool.on("error", () => {});

const app = express();
app.disable("x-powered-by");

app.use((request, response, next) => {
  response.on("finish", () => console.log(`${request.method} ${request.originalUrl} ${response.statusCode}`));
  next();
});
app.use(express.json());

// Every column by name, as an ORM's generated query has them.
const customer = `"id", "name", "agreementFileUrl", "agreementFileName", "agreementFileMimeType",
  "agreementUploadedAt", "agreementUploadedByEmail"`;

const rows = async (sql, ...values) => (await pool.query(sql, values)).rows;

app.get("/api/health", (_request, response) => response.json({ ok: true }));

app.get("/api/customers", async (_request, response) =>
  response.json(await rows(`SELECT ${customer} FROM "customers" ORDER BY "id"`)));
app.post("/api/customers", async (request, response) =>
  response.status(201).json((await rows(
    `INSERT INTO "customers" ("name", "agreementFileUrl") VALUES ($1, $2) RETURNING ${customer}`,
    request.body.name, request.body.agreementFileUrl))[0]));
app.get("/api/customers/:id", async (request, response) => {
  const [found] = await rows(`SELECT ${customer} FROM "customers" WHERE "id" = $1`, request.params.id);
  if (found) response.json(found);
  else response.status(404).json({ error: "no such customer" });
});
app.put("/api/customers/:id", async (request, response) =>
  response.json((await rows(
    `UPDATE "customers" SET "name" = $2 WHERE "id" = $1 RETURNING ${customer}`,
    request.params.id, request.body.name))[0]));
app.delete("/api/customers/:id", async (request, response) => {
  await rows(`DELETE FROM "customers" WHERE "id" = $1 RETURNING ${customer}`, request.params.id);
  response.status(204).end();
});
app.get("/api/contacts", async (_request, response) =>
  response.json(await rows(
    `SELECT "contacts"."id" AS "contactId", "email", "customers"."agreementFileUrl"
     FROM "contacts" JOIN "customers" ON "customers"."id" = "customerId" ORDER BY 1`)));

// As a process that dies of an unhandled rejection: the connection breaks, and there is no answer.
app.get("/api/contacts/torn", async (request, response) => {
  try {
    response.json(await rows(`SELECT ${customer} FROM "customers" WHERE "id" = ${request.query.id}`));
  } catch {
    request.socket.resetAndDestroy();
  }
});

// As a process that is stuck where it threw: there is no answer at all.
app.get("/api/contacts/stuck", async (_request, response) => {
  try {
    response.json(await rows(`SELECT ${customer} FROM "customers"`));
  } catch {
    // Nothing: the client waits.
  }
});

// As an application that tells its errors.
const tell = (error, _request, response, _next) => response.status(500).json({ error: error.message });
const orders = express.Router();
orders.get("/", async (_request, response) => response.json(await rows(`SELECT "id" FROM "orders"`)));
orders.get("/:id", async (request, response) =>
  response.json(await rows(`SELECT "id" FROM "orders" WHERE "id" = $1`, request.params.id)));
orders.post("/", async (_request, response) =>
  response.status(201).json(await rows(`INSERT INTO "orders" DEFAULT VALUES RETURNING "id"`)));
app.use("/api/orders", orders, tell);

// A window of maintenance blocks writes. The one middleware takes a missing table for no window, the
// other one throws, as it did that night.
const window = `SELECT 1 FROM "maintenance_windows" WHERE now() BETWEEN "startsAt" AND "endsAt" AND "blockWrites"`;
const blocked = (response) => response.status(503).json({ error: "maintenance" });
const tolerant = async (_request, response, next) => {
  const found = await rows(window).catch((error) => {
    if (error.code === "42P01") return [];
    throw error;
  });
  if (found.length) blocked(response);
  else next();
};
const strict = async (_request, response, next) => ((await rows(window)).length ? blocked(response) : next());
app.post("/auth/login", tolerant, (request, response) => {
  if (request.body.password === "right") response.json({ token: "t" });
  else response.status(401).json({ error: "wrong password" });
});
app.post("/pos/orders", strict, (_request, response) => response.status(201).json({ id: 1 }));
app.get("/pos/orders", (_request, response) => response.json([]));

// A guest is not staff; who comes without a name is.
const staff = (request, response, next) => {
  if (request.get("x-user") === "guest") response.status(401).json({ error: "staff only" });
  else next();
};
app.use("/admin", staff);
app.use("/ops", staff);
app.get("/ops/maintenance/:which", async (_request, response) =>
  response.json(await rows(`SELECT "id", "message" FROM "maintenance_windows" ORDER BY "id"`)));

app.get("/admin/backups/settings", (_request, response) => response.json({ schedule: "daily", keep: 7 }));
app.get("/admin/backups", async (_request, response) =>
  response.json(await rows(`SELECT "id", "type", "status" FROM "AdminBackupJob" ORDER BY "id"`)));
app.post("/admin/backups", async (request, response) =>
  response.status(202).json((await rows(
    `INSERT INTO "AdminBackupJob" ("type", "status") VALUES ($1, 'QUEUED') RETURNING "id", "type", "status"`,
    request.body.type ?? "FULL"))[0]));
app.delete("/admin/backups/:id", async (request, response) => {
  await rows(`DELETE FROM "AdminBackupJob" WHERE "id" = $1`, request.params.id);
  response.status(204).end();
});
app.post("/admin/backups/:id/restore", async (request, response) =>
  response.status(202).json((await rows(
    `UPDATE "AdminBackupJob" SET "status" = 'RUNNING' WHERE "id" = $1 RETURNING "id", "type", "status"`,
    request.params.id))[0]));

// A table that is read by its name; with ?fail an error that has nothing to do with the schema.
app.get("/storm/:table", async (request, response) => {
  if (request.query.fail) throw new Error("out of luck");
  response.json(await rows(`SELECT "id", "note" FROM ${pg.escapeIdentifier(request.params.table)}`));
});
// A schema per tenant, as django-tenants has it: found by host, and what it lacks is read in public.
const ofTenant = async (request, sql) => {
  const client = await pool.connect();
  try {
    const { rows: [tenant] } = await client.query(
      `SELECT "schema_name" FROM "public"."customers_domain" d JOIN "public"."customers_client" t ON t."id" = d."tenant_id"
       WHERE "domain" = $1`, [request.hostname.replace(/^www\./, "")]);
    if (!tenant) return undefined;
    await client.query(`SET search_path TO ${client.escapeIdentifier(tenant.schema_name)}, public`);
    return (await client.query(sql)).rows;
  } finally {
    await client.query("RESET search_path");
    client.release();
  }
};
const answerOfTenant = (sql) => async (request, response) => {
  const found = await ofTenant(request, sql);
  if (found) response.json(found);
  else response.status(404).json({ error: "no such tenant" });
};
app.all(["/en/app/messages", "/fr/app/messages"],
  answerOfTenant(`SELECT "status" FROM "messages_sys_userstatus" ORDER BY "id"`));
app.get("/en/app/users", answerOfTenant(`SELECT "name" FROM "auth_user" ORDER BY "id"`));
// As Prisma's client words it, where the application passes its errors on as JSON.
app.use("/admin", (error, _request, response, next) => {
  if (error.code !== "42P01") return next(error);
  const table = /"(.+)"/.exec(error.message)[1];
  response.status(500).json({
    name: "PrismaClientKnownRequestError",
    code: "P2021",
    meta: { modelName: table, table: `public.${table}` },
    message: `The table \`public.${table}\` does not exist in the current database.`,
  });
});

app.get("/", (_request, response) => response.type("html").send("<!doctype html><title>CRM</title><h1>CRM</h1>"));
app.get("/assets/app.js", (_request, response) => response.type("js").send("console.log('CRM');\n"));

const server = createServer(app).listen(0, "127.0.0.1", () => console.log(`listening ${server.address().port}`));
