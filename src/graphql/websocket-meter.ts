import type { OperationTypeNode } from 'graphql';

/** Is told what happens over WebSockets, of which the answers to requests tell nothing. */
export interface WebSocketMeter {
  opened(): void;
  closed(): void;
  /** @param milliseconds until there was its result, or a subscription was begun. */
  operation(kind: `${OperationTypeNode}`, milliseconds: number): void;
}
