// Makes a dataset in a directory, in a process whose heap is large enough for it, and prints what it is as JSON.
import { makeDataset } from '../dataset.ts';

const [, , directory = '', documents = ''] = process.argv;
process.stdout.write(JSON.stringify(await makeDataset(directory, Number(documents))));
process.stdout.write('\n');
