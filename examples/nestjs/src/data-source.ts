// For TypeORM's command line and for the app.
import { DataSource } from 'typeorm';
import { MaintenanceWindow } from './maintenance-window';
import { User } from './user';
import { Init1759309200000 } from './migrations/1759309200000-Init';
import { ChangeControl1761777660000 } from './migrations/1761777660000-ChangeControl';

export const settings = {
  type: 'postgres' as const,
  url: process.env.DATABASE_URL,
  entities: [User, MaintenanceWindow],
  migrations: [Init1759309200000, ChangeControl1761777660000],
};

export default new DataSource(settings);
