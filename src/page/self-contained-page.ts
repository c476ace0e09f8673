import { createHash } from 'node:crypto';
import type { StaticContent } from './static-answer.ts';

export interface PageOptions {
  /** Whether its script makes workers of texts that it holds. */
  readonly workers?: boolean;
  /** Default: `Accept-Encoding`. */
  readonly vary?: string;
}

/**
 * A page that holds all it needs: its content security policy lets its own scripts run, and the browser ask this server and nobody
 * else.
 */
export function selfContainedPage(html: string, { workers = false, vary }: PageOptions = {}): StaticContent {
  return {
    text: html,
    mediaType: 'text/html; charset=utf-8',
    headers: {
      'content-security-policy': contentSecurityPolicyOf(html, workers),
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      ...(vary === undefined ? {} : { vary }),
    },
  };
}

function contentSecurityPolicyOf(html: string, workers: boolean): string {
  const scripts = Array.from(html.matchAll(/<script>([\s\S]*?)<\/script>/g), ([, script = '']) => script);
  const hashes = scripts.map((script) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`);
  return [
    "default-src 'none'",
    `script-src ${hashes.join(' ')}${workers ? ' blob:' : ''}`,
    ...(workers ? ['worker-src blob:'] : []),
    "style-src 'unsafe-inline'", // The pages write their styles as they go.
    'img-src data:',
    'font-src data:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/**
 * Run in a page before its own scripts, whose `JSON.parse` would round integers beyond 2^53. Raw JSON keeps their digits where
 * the browser knows it (ECMAScript's JSON.parse source text access).
 */
export const keepIntegersExact = `
  if (JSON.rawJSON) {
    const parse = JSON.parse;
    const exact = (key, value, context) =>
      typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value) && /^-?\\d+$/.test(context.source)
        ? JSON.rawJSON(context.source)
        : value;
    JSON.parse = (text, reviver) => parse(text, reviver ?? exact);
  }
`;

/** The sign of YaraDB, as SVG. */
export const logo =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" width="32" height="32">' +
  '<rect width="32" height="32" rx="7" fill="#0f766e"/>' +
  '<path d="M8 8l8 9 8-9M16 17v8" fill="none" stroke="#fff" stroke-width="3.5" stroke-linecap="round" stroke-linejoin="round"/>' +
  '</svg>';

export const favicon = `data:image/svg+xml;base64,${Buffer.from(logo).toString('base64')}`;
