import { MigrationInterface, QueryRunner } from 'typeorm';

export class Init1759309200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE "users" ("email" varchar PRIMARY KEY, "password" varchar NOT NULL)`);
    await runner.query(`INSERT INTO "users" VALUES ('ada@example.com', 'secret')`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE "users"`);
  }
}
