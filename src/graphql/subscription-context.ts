import type { Principal } from '../database/principal.ts';
import type { EventPlace } from '../streaming/server-sent-events.ts';
import { type GraphqlServices, OperationContext } from './operation-context.ts';

/** What a subscription begins with. */
export class SubscriptionContext extends OperationContext {
  /** Where the client left off, as it says when it connects again: goes before what its arguments say, which are still those of the first time. */
  readonly resumeAt: EventPlace | undefined;

  constructor(services: GraphqlServices, principal: Principal, resumeAt: EventPlace | undefined) {
    super(services, principal);
    this.resumeAt = resumeAt;
  }
}
