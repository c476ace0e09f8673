import type { Database, ReadView } from '../../src/database/database.ts';

/** What a test does while the server reads: it may commit in between, or throw. */
export interface Observer {
  readonly beforeStatus?: () => void | Promise<void>;
  readonly beforeCount?: (database: Database) => void | Promise<void>;
  readonly onView?: () => void;
  readonly onClose?: () => void;
}

/** The same database, watched. */
export function observedDatabase(database: Database, observer: Observer): Database {
  return overriding(database, {
    view: async (principal, at) => {
      const view = await database.view(principal, at);
      observer.onView?.();
      return observedReadView(view, database, observer);
    },
    status: async (principal) => {
      await observer.beforeStatus?.();
      return database.status(principal);
    },
  });
}

function observedReadView(view: ReadView, database: Database, observer: Observer): ReadView {
  return overriding(view, {
    countDocuments: async (query) => {
      await observer.beforeCount?.(database);
      return view.countDocuments(query);
    },
    close: () => {
      observer.onClose?.();
      view.close();
    },
  });
}

/** The same object but for these members. */
export function overriding<Target extends object>(target: Target, members: Partial<Target>): Target {
  return new Proxy(target, {
    get(object, name) {
      const member: unknown = Reflect.get(Object.hasOwn(members, name) ? members : object, name);
      // Methods reach their private fields on the object itself only.
      return typeof member === 'function' ? member.bind(object) : member;
    },
  });
}
