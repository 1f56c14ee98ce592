import { Module } from '@nestjs/common';
import { config } from '@app/platform';
import { AppModule } from '../api/app.module.js';
import { BackgroundModule } from '../worker/worker.module.js';
import { InboxController } from './inbox.controller.js';

/** API and worker in one process, for a laptop: what the sandbox takes can be read where it was sent. */
@Module({ imports: [AppModule, BackgroundModule], controllers: config.SANDBOX ? [InboxController] : [] })
export class StandaloneModule {}
