export const up = (knex) =>
  knex.schema.createTable('customers', (table) => {
    table.increments();
    table.string('name').notNullable();
  });

export const down = (knex) => knex.schema.dropTable('customers');
