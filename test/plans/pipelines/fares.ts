import { model, pipeline, task, z } from 'heddle';
import { Day, Fare, Fares, Rides } from './data.ts';

export const scoreFares = task({
  name: 'rides.score_fares',
  version: '2',
  input: z.object({ rides: Rides.slice, model: Fare }),
  output: Fares.slice,
  resources: { pool: 'default', class: 'small' },
  retry: { attempts: 5, backoff: '30s', classes: { data: 1 } },
  timeout: '20m',
});

export const fares = pipeline(
  {
    name: 'rides.fares',
    owner: 'rides@example.org',
    partitions: Day,
    onFailure: 'pause',
    schedule: { cron: '30 4 * * *', timezone: 'Europe/Berlin', catchup: '2d' },
  },
  ({ partition }) => scoreFares({ rides: Rides.at(partition), model: model('rides.fare@champion'), into: partition }),
);
