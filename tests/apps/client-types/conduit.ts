import {
  api,
  type ArticleDraft,
  ArticleOrder,
  type ArticleView,
  createArticle,
  type Hit,
  listArticles,
  Moderation,
  type Page,
  type Report,
  search,
  Severity,
  type SiteStats,
  siteStats,
  suggestTitles,
  TAGS_PER_CALL,
  unfollow,
} from '@/client';
import defaultSearch from './dist/client/api/search';
import defaultStats from './dist/client/api/stats';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function same<A, B>(...proof: Equal<A, B> extends true ? [] : [expected: A, found: B]): void;
type Result<F extends (...args: never[]) => Promise<unknown>> = Awaited<ReturnType<F>>;

const draft: ArticleDraft = { title: 't', description: 'd', body: 'b' };

// Results: HttpResp unwrapped, generics kept, null and void told apart.
same<Result<typeof createArticle>, ArticleView>();
same<Result<typeof api.deleteArticle>, void>();
same<Result<typeof api.deleteComment>, null>();
same<Result<typeof api.ping>, 'pong'>();
same<Result<typeof siteStats>, SiteStats>();
same<Result<typeof Moderation.take>, Report | null>();
same<Result<typeof Moderation.report>, string>();
same<Result<typeof api.AdminService.removeProfile>, number>();
same<Report['severity'], Severity>();
same<Report['reason'], 'spam' | 'abuse' | 'other'>();
same<typeof defaultStats, typeof siteStats>();
same<typeof defaultSearch, typeof search>();
same<typeof unfollow, typeof api.unfollowUser>();

const page = await listArticles({ tag: 'a' }, { limit: 5, offset: 10 });
same<(typeof page)['next'], number | null>();
same<(typeof page)['items'][number]['author']['following'], boolean>();
const articles: Page<{ slug: string; tagList: string[] }> = page;
const view: ArticleView = await createArticle({ ...draft, tagList: ['a'] }, { timeout: 1_000 });
const tags: string[] = view.tagList;

// A discriminated union stays one.
const hit: Hit = (await search('words', { kinds: ['person'] }))[0]!;
export const shown: string = hit.kind === 'article' ? hit.title : hit.username;

// Enums and constants are values.
const most: number = TAGS_PER_CALL + Severity.High;
await api.articlesByTags(ArticleOrder.MostLiked, ...tags);
await api.AdminService.setGroups('ada');
await api.AdminService.setGroups('ada', 'moderator', 'admin');
await suggestTitles('a', { limit: 1 }, { timeout: 1_000 });
await api.updateArticle(view.slug, { body: 'b' });
await api.updateUser({ image: null });
await api.createProfile('ada', undefined, null);
await api.feed(10, 0, { signal: AbortSignal.timeout(1_000) });
await Moderation.report('slug', 'spam', undefined, { timeout: 1_000 });
export { articles, most };

// @ts-expect-error the body is missing
await createArticle({ title: 't', description: 'd' });
// @ts-expect-error the server makes the slug
await createArticle({ ...draft, slug: 's' });
// @ts-expect-error a list's articles have no body
page.items[0]!.body;
// @ts-expect-error a reason is one of three words
await Moderation.report('slug', 'boring');
// @ts-expect-error the order comes first
await api.articlesByTags('a', 'b');
// @ts-expect-error groups are text
await api.AdminService.setGroups('ada', 5);
// @ts-expect-error the id cannot be changed
await api.updateUser({ id: 'x' });
// @ts-expect-error a person has no title
hit.kind === 'person' && hit.title;
// @ts-expect-error a private method is no route
await Moderation.severityOf('spam');
// @ts-expect-error a private field stays on the server
Moderation.taken;
// @ts-expect-error there is nothing to construct on the client
new Moderation();
// @ts-expect-error a page is not what a single article is
const wrong: ArticleView = page;
// @ts-expect-error the alias hides the function's own name
import { unfollowUser } from '@/client';
export { unfollowUser, wrong };
