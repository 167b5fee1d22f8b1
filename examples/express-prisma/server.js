// Customers and their agreements, over Prisma: where the database lacks a column of the schema, a query fails (P2022).
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '@prisma/client';
import express from 'express';

const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: process.env.DATABASE_URL }) });
const app = express();
app.use(express.json());

app.get('/api/health', (_request, response) => response.json({ ok: true }));
app.get('/api/customers', async (_request, response) => response.json(await prisma.customers.findMany()));
app.post('/api/customers', async (request, response) => {
  response.status(201).json(await prisma.customers.create({ data: request.body }));
});
app.get('/', (_request, response) => response.send('<!doctype html><title>Customers</title><h1>Customers</h1>'));

app.listen(Number(process.env.APP_PORT ?? 3000), '127.0.0.1');
