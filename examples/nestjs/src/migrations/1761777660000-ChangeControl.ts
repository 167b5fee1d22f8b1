import { MigrationInterface, QueryRunner } from 'typeorm';

export class ChangeControl1761777660000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE "maintenance_windows" (
      "id" uuid PRIMARY KEY DEFAULT gen_random_uuid(), "orgId" text, "startsAt" timestamp(3) NOT NULL,
      "endsAt" timestamp(3) NOT NULL, "message" text, "blockWrites" boolean NOT NULL DEFAULT true)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE "maintenance_windows"`);
  }
}
