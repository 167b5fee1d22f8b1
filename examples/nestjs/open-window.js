// What the app's own screen for maintenance windows would do: one is open for the next hour.
const { Client } = require('pg');

async function main() {
  const database = new Client(process.env.DATABASE_URL);
  await database.connect();
  await database.query(`INSERT INTO maintenance_windows ("startsAt", "endsAt", "message")
    VALUES (now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC' + interval '1 hour', 'Back in an hour.')`);
  await database.end();
}

void main();
