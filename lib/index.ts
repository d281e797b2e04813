export * from './access';
export * from './delivery';
export * from './model';
export * from './storage';
export * from './workload';
