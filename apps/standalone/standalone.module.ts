import { Module } from '@nestjs/common';
import { AppModule } from '../api/app.module.js';
import { BackgroundModule } from '../worker/worker.module.js';

/** API and worker in one process, for a laptop. */
@Module({ imports: [AppModule, BackgroundModule] })
export class StandaloneModule {}
