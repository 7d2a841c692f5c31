// Collects what went wrong, so that one run tells of every route.
import type { Application, Route } from '../model/application.ts';
import { show } from '../model/same.ts';

export class Failures {
  readonly #app: Application;
  readonly #first = new Map<Route, string>();
  #total = 0;

  constructor(app: Application) {
    this.#app = app;
  }

  /** Runs a check that answers what is wrong, or throws. */
  try(route: Route, value: unknown, check: () => string | undefined): void {
    try {
      const problem = check();
      if (problem !== undefined) this.add(route, value, problem);
    } catch (error) {
      this.add(route, value, error instanceof Error ? (error.stack ?? error.message).slice(0, 600) : String(error));
    }
  }

  add(route: Route, value: unknown, problem: string): void {
    this.#total++;
    // The smallest value is the one to look at.
    const text = `${problem}\n    value: ${show(value)}`;
    const known = this.#first.get(route);
    if (known === undefined || text.length < known.length) this.#first.set(route, text);
  }

  /** Throws when anything failed: the routes with the shortest sources first. */
  report(): void {
    if (this.#total === 0) return;
    const routes = [...this.#first].sort(([left], [right]) => this.#source(left).length - this.#source(right).length);
    const shown = routes.slice(0, Number(process.env.KONTRACT_SHOW ?? 8)).map(([route, text]) => `${route.name}: ${text}\n    ${this.#source(route).replaceAll('\n', '\n    ')}`);
    const error = new Error(
      `${this.#total} failures in ${routes.length} routes of seed ${this.#app.seed} (${routes.map(([route]) => route.name).join(' ').slice(0, 400)})\n\n${shown.join('\n\n')}`,
    );
    // Where it was thrown says nothing.
    error.stack = error.message;
    throw error;
  }

  /** The route with the declarations it reaches. */
  #source(route: Route): string {
    const texts: string[] = [];
    const seen = new Set<string>();
    const visit = (text: string) => {
      for (const name of text.match(/\b[A-Z][a-z]+_\d+\b/g) ?? []) {
        if (seen.has(name)) continue;
        seen.add(name);
        const declaration = this.#app.declarations.find((candidate) => candidate.name === name)!;
        texts.push(declaration.text);
        visit(declaration.text);
      }
    };
    visit(route.text);
    return [route.text, ...texts].join('\n').slice(0, 3000);
  }
}
