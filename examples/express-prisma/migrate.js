// What `prisma migrate deploy` does, for machines where its engine (a download of its own) cannot be had: each folder's SQL, and a row
// in Prisma's ledger with the name and the checksum that Prisma itself would write. `node migrate.js --up-to NAME` stops there.
import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import pg from 'pg';

const folder = 'prisma/migrations';
const upTo = process.argv[2] === '--up-to' ? process.argv[3] : undefined;
const database = new pg.Client({ connectionString: process.env.DATABASE_URL });
await database.connect();
await database.query(`CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
  "id" VARCHAR(36) PRIMARY KEY NOT NULL, "checksum" VARCHAR(64) NOT NULL, "finished_at" TIMESTAMPTZ,
  "migration_name" VARCHAR(255) NOT NULL, "logs" TEXT, "rolled_back_at" TIMESTAMPTZ,
  "started_at" TIMESTAMPTZ NOT NULL DEFAULT now(), "applied_steps_count" INTEGER NOT NULL DEFAULT 0)`);
const { rows } = await database.query('SELECT migration_name FROM "_prisma_migrations" WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL');
const applied = new Set(rows.map((row) => row.migration_name));
const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort();
for (const name of names) {
  if (upTo !== undefined && name > upTo) break;
  if (applied.has(name)) continue;
  const sql = readFileSync(`${folder}/${name}/migration.sql`, 'utf8');
  const id = randomUUID();
  await database.query('INSERT INTO "_prisma_migrations" (id, checksum, migration_name) VALUES ($1, $2, $3)', [
    id, createHash('sha256').update(sql).digest('hex'), name,
  ]);
  await database.query(sql);
  await database.query('UPDATE "_prisma_migrations" SET finished_at = now(), applied_steps_count = 1 WHERE id = $1', [id]);
  console.log(`applied ${name}`);
}
await database.end();
