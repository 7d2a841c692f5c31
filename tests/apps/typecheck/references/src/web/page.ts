import { load } from '@/client';
import { greeting } from '#shared/user';

const user = await load(1);
//                      ^ TS2345
document.title = greeting(user);
//                        ^^^^ TS2345
