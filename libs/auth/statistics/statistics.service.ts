import { Injectable } from '@nestjs/common';
import type { Period, Statistics } from './statistics.contract.js';

@Injectable()
export class StatisticsService {
  async of(_period: Period, _policy: unknown): Promise<Statistics> {
    throw new Error('soon');
  }
}
