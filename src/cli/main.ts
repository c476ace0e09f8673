#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { compileCacheDirectory } from './compile-cache.ts';

// A start takes half as long with compiled code at hand, and only what is loaded from now on is looked for there: so this file
// imports nothing else of ours.
enableCompileCache(compileCacheDirectory);
const { runCommandLine } = await import('./command-line.ts');
await runCommandLine(process.argv.slice(2));
