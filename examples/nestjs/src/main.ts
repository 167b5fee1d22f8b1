// People log in, unless a maintenance window is open: which is looked up before every POST.
import 'reflect-metadata';
import { Body, Controller, Get, HttpCode, Injectable, MiddlewareConsumer, Module, NestMiddleware, Post, ServiceUnavailableException, UnauthorizedException } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { LessThanOrEqual, MoreThan, Repository } from 'typeorm';
import { settings } from './data-source';
import { MaintenanceWindow } from './maintenance-window';
import { User } from './user';

/** The middleware of that night: the table that it needs was never made. */
@Injectable()
class WriteBlock implements NestMiddleware {
  constructor(@InjectRepository(MaintenanceWindow) private readonly windows: Repository<MaintenanceWindow>) {}

  async use(request: { method: string }, _response: unknown, next: () => void): Promise<void> {
    const now = new Date();
    if (request.method === 'POST' && (await this.windows.existsBy({ startsAt: LessThanOrEqual(now), endsAt: MoreThan(now), blockWrites: true }))) {
      throw new ServiceUnavailableException('maintenance');
    }
    next();
  }
}

@Controller()
class AppController {
  constructor(
    @InjectRepository(User) private readonly users: Repository<User>,
    @InjectRepository(MaintenanceWindow) private readonly windows: Repository<MaintenanceWindow>,
  ) {}

  @Get('health')
  health() {
    return { ok: true };
  }

  @Get('menu')
  menu() {
    return ['soup'];
  }

  @Post('auth/login')
  @HttpCode(200)
  async login(@Body() { email, password }: User) {
    if (!(await this.users.existsBy({ email, password }))) throw new UnauthorizedException();
    return { token: email };
  }

  @Get('ops/maintenance/list')
  list() {
    return this.windows.find();
  }
}

@Module({
  imports: [TypeOrmModule.forRoot(settings), TypeOrmModule.forFeature([User, MaintenanceWindow])],
  controllers: [AppController],
})
class AppModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(WriteBlock).forRoutes('*path');
  }
}

async function main(): Promise<void> {
  const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
  await app.listen(Number(process.env.APP_PORT ?? 3000), '127.0.0.1');
}

void main();
