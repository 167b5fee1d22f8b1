// Release 1 reads names; release 2, which is the default, reads the agreements, too, and needs the migration for that.
import express from 'express';
import knex from 'knex';
import settings from './knexfile.js';

const database = knex(settings);
const columns = process.env.RELEASE === '1' ? ['name'] : ['name', 'agreement_file_url'];
const app = express();

const escaped = (text) => text.replace(/[&<"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

app.get('/favicon.ico', (_request, response) => response.status(204).end());
app.get('/health', (_request, response) => response.json({ ok: true }));
app.get('/api/customers', async (_request, response) => response.json(await database('customers').select(columns)));
app.get('/customers', async (_request, response) => {
  const rows = await database('customers').select(columns);
  const items = rows.map((row) => `<li>${escaped(row.name)}</li>`).join('');
  response.send(`<!doctype html><html lang="en"><title>Customers</title><main><h1>Customers</h1><ul>${items}</ul></main></html>`);
});
app.get('/', (_request, response) => {
  response.send('<!doctype html><html lang="en"><title>Shop</title><main><h1>Shop</h1><a href="/customers">Customers</a></main></html>');
});

// 0 is a free port, which is why it says where it listens.
const server = app.listen(Number(process.env.APP_PORT ?? 3000), '127.0.0.1', () => console.log(`listening ${server.address().port}`));
