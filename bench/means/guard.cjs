// Whether the table is there, as people write it: the database is asked, and the answer is remembered for a while, or not at all.
const { Pool } = require("pg");

const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: 10 });
// A connection that dies while idle must not take the process with it.
pool.on("error", () => {});

const remembers = Number(process.env.REMEMBERS_MS);
let known = { until: 0, there: false };

async function ready() {
  const now = Date.now();
  if (now >= known.until) {
    const { rows } = await pool.query("SELECT to_regclass('public.orders') IS NOT NULL AS there");
    known = { until: now + remembers, there: rows[0].there };
  }
  return known.there;
}

module.exports = { pool, ready };
