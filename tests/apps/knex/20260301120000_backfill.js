// A long one: it ends when a lock is free that another session holds. Without a transaction, as backfills are; only then
// does Knex show others that it is at work.
export const config = { transaction: false };

export const up = async (knex) => {
  await knex.schema.createTable('agreements', (table) => table.increments());
  await knex.raw('SELECT pg_advisory_xact_lock(4711)');
};

export const down = (knex) => knex.schema.dropTable('agreements');
