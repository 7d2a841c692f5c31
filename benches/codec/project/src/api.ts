import { backend } from 'kontract';
import type { Article, Small, User } from './types';

export const small = backend({}, async (value: Small): Promise<Small> => value);
export const article = backend({}, async (value: Article): Promise<Article> => value);
export const user = backend({}, async (value: User): Promise<User> => value);
export const users = backend({}, async (value: User[]): Promise<User[]> => value);
export const numbers = backend({}, async (value: number[]): Promise<number[]> => value);
