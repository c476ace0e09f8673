import { once } from 'node:events';

let watched = false;

/**
 * Writes a line to standard output, and waits when whoever reads it is slower. Nobody reads any more when a reader such as `head` has
 * what it wanted: then the process ends at once, and well.
 */
export async function printLine(text: string): Promise<void> {
  if (!watched) {
    watched = true;
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
      throw error;
    });
  }
  if (!process.stdout.write(`${text}\n`)) await once(process.stdout, 'drain');
}
