import { daily, dataset, modelOf, z } from 'heddle';

export const Day = daily({ start: '2001-01-01' });
export const Rides = dataset('rides.raw', { uri: 'store://rides/raw', partitions: Day, schema: z.object({ from: z.string(), minutes: z.number() }) });
export const Fares = dataset('rides.fares', { uri: 'store://rides/fares', partitions: Day, schema: z.object({ from: z.string(), fare: z.number() }) });
export const Fare = modelOf('rides.fare');
