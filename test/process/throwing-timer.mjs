// Loaded into a server before its own code (`node --import`): once the file named by THROWING_TIMER_MARK exists, an exception that
// nobody catches is thrown, as by a bug in a timer or an event handler.
import { existsSync } from 'node:fs';

setInterval(() => {
  if (!existsSync(process.env.THROWING_TIMER_MARK ?? '')) return;
  if (process.env.THROWING_TIMER_KIND === 'rejection') {
    Promise.reject(new Error('injected bug'));
  } else {
    throw new Error('injected bug');
  }
}, 10).unref();
