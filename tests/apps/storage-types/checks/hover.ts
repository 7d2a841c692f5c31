export async function hover(): Promise<void> {
  const promised = env.storage.users.get('x');
  const awaited = await env.storage.users.get('x');
  const generic = await env.storage.get('users').get('x');
  const printed = await env.storage.machines.get('x');
  const inferred = await env.storage.todos.get('x');
  const context = ctx;
  void [promised, awaited, generic, printed, inferred, context];
}
