// Release 2 reads this column.
export const up = (knex) =>
  knex.schema.alterTable('customers', (table) => {
    table.text('agreement_file_url');
  });

export const down = (knex) =>
  knex.schema.alterTable('customers', (table) => {
    table.dropColumn('agreement_file_url');
  });
