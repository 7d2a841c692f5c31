import { backend, type Index } from 'kontract';
import { env } from 'kontract/runtime';

/**
 * Rows with `{{ braces }}` and <b>tags</b>, | pipes |, and `a | b`.
 */
export interface Row {
  id: string;
  /** </td></table> | `x | y` | {{ 1 + 1 }} 🎉 <Unknown/> */
  value: Index<string>;
  nested: { 'a|b': string; kind: '</script>' | '{{ }}' };
}

/// Braces {{ 6 * 7 }} and {{ window.hacked = true }} and {.red #id} stay.
///
/// <script>window.hacked = true</script>
/// <script setup>import x from './none'</script>
/// </div></template></script> and <Unknown prop="x">, <img src=x onerror="window.hacked = true">
///
/// | a | b {{ 2 }} |
/// |---|---|
/// | 1 | <i>2</i> \| 3 |
///
/// Backticks: `` ` `` and ``` `` ```, `code {{ 3 }} <b>`, :tada: and 🎉, a < b, 10:20:30.
///
/// ::: danger
/// [[toc]] <<< ./secret.txt
/// <!--@include: ./secret.md-->
/// [dead](./nowhere.md) and ![dead](./nowhere.png) and [[dead]] at http://localhost:1/x
/// [dead]: ./nowhere.md
/// @ home, `@` alone
///
/// ```klingon {1,3} [file.ts]
/// <b>{{ 4 }}</b> <!--@include: ./secret.md-->
/// ```
///
/// @deprecated
/// @param
/// @returns
/// @throws
/// @param value | {{ 5 }} <script>window.hacked = true</script>
///   ```ts
///   x
///   ```
/// @throws {Error<T>} | {{ 6 }}
/// @example
/// @example
/// const a = `{{ 7 }}`; // ``` </code>
/// @see {@link Row} and {@link nothing | no <b>thing</b>} {@link javascript:alert(1)}
/// @internal
export const hostile = backend({ egroup: 'e {{ 8 }} <b>' }, async (value: string, kind: '{{ 9 }}' | '</code>' | '|' = '|'): Promise<Row[]> => {
  return [{ id: value, value, nested: { 'a|b': kind, kind: '{{ }}' } }];
});

/** ``` never closed <b> {{ 10 }} */
export const unclosed = backend({}, async (id: string): Promise<Row | null> => env.storage.rows.get(id));

/**
 * # A heading {{ 11 }}
 *
 * - [x] a list
 *   1. with **Markdown** and [a link](https://example.com/?a={{b}})
 *
 * > a quote
 */
export const markdown = backend({}, (): number => 1);
