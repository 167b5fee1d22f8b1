export const up = (knex) =>
  knex.schema.createTable('maintenance_windows', (table) => {
    table.increments();
    table.timestamp('starts_at');
  });

export const down = (knex) => knex.schema.dropTable('maintenance_windows');
