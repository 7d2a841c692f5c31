import type { AuthConfig } from 'kontract';

// The peers ask nobody who they are: here callers without a login may do everything, too.
export default { perm: { anonymous: 'RWX' } } satisfies AuthConfig;
