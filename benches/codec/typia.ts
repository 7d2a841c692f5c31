// Compiled by `typia generate`: validators, and writers of JSON, of the same types.
import typia from 'typia';
import type { Article, Small, User } from './types';

export const assert = {
  small: typia.createAssert<Small>(),
  article: typia.createAssert<Article>(),
  user: typia.createAssert<User>(),
  users: typia.createAssert<User[]>(),
  numbers: typia.createAssert<number[]>(),
};

export const stringify = {
  small: typia.json.createStringify<Small>(),
  article: typia.json.createStringify<Article>(),
  user: typia.json.createStringify<User>(),
  users: typia.json.createStringify<User[]>(),
  numbers: typia.json.createStringify<number[]>(),
};
