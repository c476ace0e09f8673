declare module 'fs-native-extensions' {
  /** Takes a lock, exclusive unless `shared`, of the whole open file description; false when another one holds one that conflicts. */
  export function tryLock(fd: number, options?: { readonly shared?: boolean }): boolean;
}
