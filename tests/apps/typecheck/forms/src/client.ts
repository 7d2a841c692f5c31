// What a client calls is known before anything was built.
import { api } from '@/client';

export const made: Promise<void> = api.make('1', 'two');
//                                               ^^^^^ TS2345

import { api as routes } from 'kontract';

export const most: Promise<string> = routes.most();
//           ^^^^ TS2322
