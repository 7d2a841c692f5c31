// `kontract/node` on a real PostgreSQL, as an application of its own would serve itself.
import { serve, type Server, type ServeOptions } from 'kontract/node';
import pg from 'pg';
import { type GatewayOptions, prepare, type Prepared } from './gateway.ts';
import type { Workspace } from './workspace.ts';

export interface NodeHost extends Prepared {
  url: string;
  auth: Server['auth'];
  pool: pg.Pool;
  close(): Promise<void>;
}

/** Brings the schema up to date and serves a build on a free port, in this process. */
export async function startNode(
  workspace: Workspace,
  { connections = 8, serving = {}, ...options }: GatewayOptions & { connections?: number; serving?: Partial<ServeOptions> } = {},
): Promise<NodeHost> {
  const prepared = await prepare(workspace, options);
  const pool = poolOf(prepared.env.DATABASE_URL, connections);
  const secret = prepared.env.KONTRACT_SECRET;
  const server = await serve({ dist: workspace.dist, port: 0, ...serving, postgres: { client: pool, secret } });
  let closed: Promise<void> | undefined;
  return {
    ...prepared,
    url: server.url,
    auth: server.auth,
    pool,
    close: () => (closed ??= server.close().finally(() => pool.end())),
  };
}

export function poolOf(connectionString: string, max = 8): pg.Pool {
  const pool = new pg.Pool({ connectionString, max });
  // Of connections that nobody uses: the next statement tells.
  pool.on('error', () => {});
  return pool;
}
