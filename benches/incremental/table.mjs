/** Prints numbers as a table in Markdown: files, a name, and a column each. */
export function table(title, columns, rows) {
  console.log(`\n${title}\n`);
  console.log(`| files | | ${columns.join(' | ')} |`);
  console.log(`|--:|---|${'--:|'.repeat(columns.length)}`);
  for (const [files, name, ...numbers] of rows) {
    const cells = numbers.map((number) => (number === undefined ? '' : Math.round(number)));
    console.log(`| ${files} | ${name} | ${cells.join(' | ')} |`);
  }
}
