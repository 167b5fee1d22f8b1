// An application as many are: it asks its database on each request, and answers 500 where that fails.
// Release 1 reads names; release 2 (RELEASE=2) reads the agreements, too, and needs the migration for that.
import express from 'express';
import knex from 'knex';
import settings from './knexfile.js';

const database = knex(settings);
const columns = process.env.RELEASE === '2' ? ['name', 'agreement_file_url'] : ['name'];
const app = express();

app.get('/health', (_request, response) => response.json({ ok: true }));
app.get('/api/customers', async (_request, response) => response.json(await database('customers').select(columns)));

const server = app.listen(process.env.PORT ?? 0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
