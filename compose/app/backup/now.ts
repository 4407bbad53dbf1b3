// One backup now, besides the schedule: before anything risky.
import { readPlaces, readSchedule } from '../settings.ts';
import { backUp } from './job.ts';

const { databasePath, backupDir } = readPlaces(process.env);
const { keepDays } = readSchedule(process.env);
if ((await backUp(databasePath, backupDir, keepDays)) === null) process.exitCode = 1;
