import type { AuthConfig } from 'kontract';

export default { perm: { anonymous: 'RWX' } } satisfies AuthConfig;
