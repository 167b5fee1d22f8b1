import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

@Entity('maintenance_windows')
export class MaintenanceWindow {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column({ type: 'text', nullable: true })
  orgId!: string | null;

  @Column({ type: 'timestamp', precision: 3 })
  startsAt!: Date;

  @Column({ type: 'timestamp', precision: 3 })
  endsAt!: Date;

  @Column({ type: 'text', nullable: true })
  message!: string | null;

  @Column({ default: true })
  blockWrites!: boolean;
}
